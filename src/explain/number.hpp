// Numbers as a reader sees them, and whether they are rounded.
#pragma once

#include <string>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/explain/explain.hpp"

namespace attn_viz::explain {

struct NumberText {
  std::string text;
  bool rounded = false;
  bool has_power = false;  ///< "1.2346 × 10⁻⁷", which binds like a product
};

/// How many decimals a number is written with, if none is left out: 2 for 0.25.
std::size_t decimals_of(double value);

/// Exact numbers in full ("0.5"), others with the style's decimals ("0.3333"); a few units in the
/// last place of the number's type are not counted as rounding, so that 0.1 + 0.2 is 0.3.
NumberText number_text(double value, DType dtype, const Style& style);

}  // namespace attn_viz::explain
