// How heads share, talk, or subtract.
#pragma once

#include <cstddef>
#include <optional>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

/// Talking heads. Row: the head that speaks; column: the head that hears. At least one is given.
struct TalkingHeads {
  std::optional<Tensor> scores = {};   ///< P_l [h, h], before the mask and the normaliser
  std::optional<Tensor> weights = {};  ///< P_w [h, h], after the normaliser
};

/// Differential attention: each head has two queries and keys, and its weights are the first map
/// minus λ times the second.
struct Differential {
  /// λ as a number. Absent: exp(λ_q1 · λ_k1) − exp(λ_q2 · λ_k2) + λ_init, and the four are given.
  std::optional<double> lambda = {};
  std::optional<Tensor> lambda_q1 = {}, lambda_k1 = {}, lambda_q2 = {}, lambda_k2 = {};  ///< [d_k]
  /// λ_init; absent: by depth, or λ itself where that is a number and depth is absent too.
  std::optional<double> lambda_init = {};
  /// l ≥ 1, the layer counted from 1: λ_init = 0.8 − 0.6 exp(−0.3 (l − 1)).
  std::optional<std::size_t> depth = {};
  /// Whether each head's output is divided by its root mean square, times 1 − λ_init.
  bool norm = false;
};

}  // namespace attn_viz
