// Whole numbers among the attributes of an operation.
#pragma once

#include <cmath>
#include <string>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/core/error.hpp"

namespace attn_viz::ops {

/// The attribute of this name.
/// @throws Error kInvalid unless it is there and a whole number ≥ 0.
inline std::size_t whole(const Attributes& attributes, const char* name) {
  const double asked = attributes.get<double>(name);
  if (!(asked >= 0 && asked <= 1e15) || asked != std::floor(asked)) {
    throw Error(ErrorCode::kInvalid,
                "expected a whole number ≥ 0 as attribute \"" + std::string(name) + "\"");
  }
  return static_cast<std::size_t>(asked);
}

}  // namespace attn_viz::ops
