// Reading a memory: queries over pairs of a key and a value, in three stages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "attn_viz/mechanisms/settings/labelled_rows.hpp"

namespace attn_viz {

enum class SimilarityType { kDotProduct, kScaledDotProduct, kCosine, kNetwork };
inline constexpr std::string_view kSimilarityNames[] = {"dot-product", "scaled-dot-product",
                                                        "cosine", "network"};

/// The network is w_2 · tanh([q; k] W_1 + b_1) + b_2.
struct SimilaritySettings {
  SimilarityType type = SimilarityType::kDotProduct;
  Tensor w_1 = {};                 ///< [d_q + d_k, a]
  std::optional<Tensor> b_1 = {};  ///< [a]; absent: 0
  Tensor w_2 = {};                 ///< [a]
  double b_2 = 0;
};

/// Soft: the weighted mean of all values. Hard: one value, of the largest weight (the first of
/// equals) or drawn with the weights as probabilities. Source: Qiu, nndl, section 8.2.
enum class ReadType { kSoft, kMaximum, kSample };
inline constexpr std::string_view kReadNames[] = {"soft", "maximum", "sample"};

/// The mechanism "memory".
struct MemoryReading {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows queries = {};          ///< [n, d_q]
  LabelledRows memory = {};           ///< keys [m, d_k]
  std::optional<Tensor> values = {};  ///< [m, d_v]; absent: the keys
  SimilaritySettings similarity = {};
  double temperature = 1;
  ReadType read = ReadType::kSoft;
  std::uint64_t seed = 0;  ///< of the draws
};

}  // namespace attn_viz
