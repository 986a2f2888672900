// Shapes that parameters must have, and the vector of ones that stands in for a missing one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

using Shape = std::vector<std::size_t>;

/// @param place    JSON pointer of the tensor.
/// @param meaning  what the extents are: "embedding × head size".
/// @throws Error kInvalid, with a hint if the tensor looks transposed.
void expect_shape(const Tensor& tensor, const Shape& expected, const std::string& place,
                  std::string_view meaning);

/// A vector of ones.
Tensor ones(std::size_t size, DType dtype);

}  // namespace attn_viz
