// Where the matrices of a layer come from.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

struct IdentityWeights {};
struct RandomWeights {
  std::uint64_t seed = 0;
};
/// Matrices as given; a missing one is the identity where shapes allow.
struct GivenWeights {
  std::optional<Tensor> w_q = {}, w_k = {};            ///< [d, h·d_k] or [h, d, d_k]
  std::optional<Tensor> w_v = {};                      ///< [d, h·d_v] or [h, d, d_v]
  std::optional<Tensor> w_o = {};                      ///< [h·d_v, d_out] or [h, d_v, d_out]
  std::optional<Tensor> b_q = {}, b_k = {}, b_v = {};  ///< [h·d_k] or [h, d_k]; b_V with d_v
  std::optional<Tensor> b_o = {};                      ///< [d_out]
};
using WeightSettings = std::variant<IdentityWeights, RandomWeights, GivenWeights>;

}  // namespace attn_viz
