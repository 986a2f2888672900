// What a user may ask of attention, before defaults are filled in. Matrices are as given: fused
// over the heads or with one more leading axis for them. Meaning and defaults: docs/formats.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

// ---- scoring functions ----

enum class ScoreType { kDotProduct, kScaledDotProduct, kAdditive, kCosine, kBilinear };

/// The names in documents and on the command line, in the order of ScoreType.
inline constexpr std::string_view kScoreNames[] = {"dot-product", "scaled-dot-product", "additive",
                                                   "cosine", "bilinear"};
/// Accepted in their place.
inline constexpr std::pair<std::string_view, ScoreType> kScoreShortNames[] = {
    {"dot", ScoreType::kDotProduct}, {"scaled-dot", ScoreType::kScaledDotProduct}};

/// Parameters are one array for all heads, or one more leading axis h; absent: identity matrices,
/// ones for v, no bias. d_q and d_k are the sizes of a query and a key.
struct ScoreSettings {
  ScoreType type = ScoreType::kScaledDotProduct;
  std::optional<Tensor> w_query = {};  ///< additive: [d_q, a]
  std::optional<Tensor> w_key = {};    ///< additive: [d_k, a]
  std::optional<Tensor> v = {};        ///< additive: [a]
  std::optional<Tensor> bias = {};     ///< additive: [a]
  std::optional<Tensor> w = {};        ///< bilinear: [d_q, d_k]
};

// ---- masks and normalisers ----

/// What hides keys; all that is given must agree that a key is visible.
struct MaskSettings {
  bool causal = false;                                   ///< j ≤ i
  std::optional<std::pair<double, double>> window = {};  ///< i − left ≤ j ≤ i + right
  std::vector<bool> padding = {};                        ///< [m], true = a real key
  std::optional<Tensor> allow = {};                      ///< [n, m] of 0 and 1
  bool hides_nothing() const { return !causal && !window && padding.empty() && !allow; }
};

enum class NormalizerType {
  kSoftmax,
  kRelu,
  kReluMean,
  kReluNormalized,
  kSigmoid,
  kSoftmaxOffByOne,
  kSparsemax,
  kEntmax,
  kHardmax,
  kSample
};

/// The names in documents and on the command line, in the order of NormalizerType.
inline constexpr std::string_view kNormalizerNames[] = {
    "softmax",   "relu",   "relu-mean", "relu-normalized", "sigmoid", "softmax-off-by-one",
    "sparsemax", "entmax", "hardmax",   "sample"};

struct NormalizeSettings {
  NormalizerType type = NormalizerType::kSoftmax;
  double temperature = 1;     ///< softmax, sample: > 0; scores are divided by it
  double bias = 0;            ///< sigmoid: added to the scores
  bool bias_by_keys = false;  ///< sigmoid: instead, −ln of the number of visible keys
  double alpha = 1.5;         ///< entmax: > 1
  std::uint64_t seed = 0;     ///< sample
};

// ---- weights ----

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

// ---- the whole ----

struct AttentionSettings {
  std::size_t heads = 1;
  std::optional<std::size_t> head_size = {}, value_size = {};  ///< d_k, d_v
  ScoreSettings score = {};
  std::optional<double> scale = {};
  std::optional<double> softcap = {};
  std::optional<Tensor> bias = {};  ///< [n, m] or [h, n, m]
  MaskSettings mask = {};
  NormalizeSettings normalize = {};
  WeightSettings weights = IdentityWeights{};
};

/// Where keys and values come from in cross-attention.
struct Context {
  AxisInfo axis;
  Tensor embeddings;             ///< [m, d′]
  std::optional<Tensor> values;  ///< [m, d″]; absent: the embeddings
};

/// An input: the data and what to do with them.
struct Problem {
  std::string title;
  DType dtype = DType::kFloat64;
  AxisInfo axis;      ///< the labels of the main sequence
  Tensor embeddings;  ///< [n, d]
  std::optional<Context> context = {};
  AttentionSettings attention = {};
};

}  // namespace attn_viz
