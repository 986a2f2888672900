// What hides keys from queries.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

/// What hides keys; all that is given must agree that a key is visible.
struct MaskSettings {
  bool causal = false;                                   ///< j ≤ i
  std::optional<std::pair<double, double>> window = {};  ///< i − left ≤ j ≤ i + right
  std::vector<bool> padding = {};                        ///< [m], true = a real key
  std::optional<Tensor> allow = {};                      ///< [n, m] of 0 and 1
  bool hides_nothing() const { return !causal && !window && padding.empty() && !allow; }
};

}  // namespace attn_viz
