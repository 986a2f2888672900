// Rows of numbers and what stands at each of them.
#pragma once

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// A sequence of n vectors with its labels (and its grid, if they are patches).
struct LabelledRows {
  AxisInfo axis = {};
  Tensor rows = {};  ///< [n, d]
};

}  // namespace attn_viz
