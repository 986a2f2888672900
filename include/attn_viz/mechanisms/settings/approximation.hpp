// Cheaper attention: methods that stand in for scores and softmax.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class ApproximationType { kLinear, kPerformer, kLinformer, kNystrom };

/// The names in documents, in the order of ApproximationType.
inline constexpr std::string_view kApproximationNames[] = {"linear", "performer", "linformer",
                                                           "nystrom"};

/// What a method needs; members of other methods are left alone.
struct ApproximationSettings {
  ApproximationType type = ApproximationType::kLinear;

  bool recurrent = false;  ///< linear: a running sum, key by key; needs a causal mask

  std::optional<Tensor> features = {};  ///< performer: W, [r, d_k] or [h, r, d_k]
  std::size_t feature_count = 64;       ///< performer without W: r
  std::uint64_t seed = 0;               ///< performer without W
  bool orthogonal = true;               ///< performer without W
  bool stabilize = false;  ///< performer: largest exponent subtracted, which cancels out

  std::optional<Tensor> e = {}, f = {};  ///< linformer: [k, m] or [h, k, m]; F absent: E

  std::size_t landmarks = 1;                   ///< nystrom: l, a divisor of n and m
  std::optional<std::size_t> iterations = {};  ///< nystrom: of the pseudo-inverse; absent: exact
};

}  // namespace attn_viz
