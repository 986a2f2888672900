// Scoring functions and their parameters.
#pragma once

#include <optional>
#include <string_view>
#include <utility>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class ScoreType { kDotProduct, kScaledDotProduct, kAdditive, kCosine, kBilinear, kGat };

/// The names in documents and on the command line, in the order of ScoreType.
inline constexpr std::string_view kScoreNames[] = {"dot-product", "scaled-dot-product", "additive",
                                                   "cosine",      "bilinear",           "gat"};
/// Accepted in their place.
inline constexpr std::pair<std::string_view, ScoreType> kScoreShortNames[] = {
    {"dot", ScoreType::kDotProduct}, {"scaled-dot", ScoreType::kScaledDotProduct}};

/// Parameters are one array for all heads, or one more leading axis h; absent: identity matrices,
/// ones for v and a, no bias. d_q and d_k are the sizes of a query and a key.
struct ScoreSettings {
  ScoreType type = ScoreType::kScaledDotProduct;
  std::optional<Tensor> w_query = {};  ///< additive: [d_q, a]
  std::optional<Tensor> w_key = {};    ///< additive: [d_k, a]
  std::optional<Tensor> v = {};        ///< additive: [a]
  std::optional<Tensor> bias = {};     ///< additive: [a]
  std::optional<Tensor> w = {};        ///< bilinear: [d_q, d_k]
  std::optional<Tensor> a = {};        ///< gat: [d_q + d_k]
  double slope = 0.2;                  ///< gat: ≥ 0, of the leaky relu
};

}  // namespace attn_viz
