// How much memory a trace may take: told before any work, from sizes alone.
#pragma once

#include <cstddef>
#include <string>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

/// The bytes that so many numbers take.
double bytes_of(double numbers, DType dtype);

/// @param what  needs them: "40 rows through a hidden size of 8".
/// @throws Error kLimit if more bytes are needed than allowed.
void expect_bytes(double needed, std::size_t limit, const std::string& what,
                  const std::string& place,
                  const char* hint =
                      "take fewer tokens or layers, smaller sizes, or --dtype "
                      "float32");

/// The hint where heads are what can be fewer.
inline constexpr char kFewerHeads[] = "take fewer tokens or heads, or --dtype float32";

}  // namespace attn_viz
