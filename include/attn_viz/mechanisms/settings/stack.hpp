// What a layer of a stack has beside attention, and what stands after the last layer.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/mechanisms/settings/weights.hpp"

namespace attn_viz {

enum class Activation { kRelu, kGelu, kGeluTanh, kSilu, kTanh, kIdentity };

/// The names in documents, in the order of Activation.
inline constexpr std::string_view kActivationNames[] = {"relu", "gelu", "gelu-tanh",
                                                        "silu", "tanh", "identity"};

/// The same small network for each position: act(x W_1 + b_1) W_2 + b_2, or, with a gate,
/// (act(x W_gate + b_gate) ∘ (x W_1 + b_1)) W_2 + b_2. Without W_2 the product ends before it.
struct FeedForwardSettings {
  std::optional<Tensor> w_1 = {}, w_gate = {};  ///< [d, r], or [d′, r]
  std::optional<Tensor> b_1 = {}, b_gate = {};  ///< [r]
  std::optional<Tensor> w_2 = {};               ///< [r, d_out]
  std::optional<Tensor> b_2 = {};               ///< [d_out]
  std::optional<RandomWeights> random = {};     ///< instead of matrices: W_1, W_2, maybe W_gate
  std::optional<std::size_t> hidden = {};       ///< r of random weights; absent: 4 · d
  std::size_t window = 0;  ///< w: reads 2w + 1 rows side by side, d′ = (2w + 1) · d
  bool gated = false;      ///< whether random weights have a gate
  Activation activation = Activation::kRelu;
};

enum class NormPosition { kNone, kPre, kPost };
inline constexpr std::string_view kNormPositionNames[] = {"none", "pre", "post"};

enum class NormType { kLayer, kRms };
inline constexpr std::string_view kNormTypeNames[] = {"layer", "rms"};

/// A norm before or after each sub-layer. `gain` and `bias` are one list for all sub-layers, or a
/// row for each, in the order self-attention, cross-attention, feed-forward.
struct LayerNormSettings {
  NormPosition position = NormPosition::kNone;
  NormType type = NormType::kLayer;
  double epsilon = 1e-5;
  std::optional<Tensor> gain = {}, bias = {};  ///< [d] or [sub-layers, d]
};

/// The label of a class token, which stands before the patches and registers.
inline constexpr std::string_view kClassTokenLabel = "[CLS]";

enum class Pool { kNone, kMean, kClass };
inline constexpr std::string_view kPoolNames[] = {"none", "mean", "class"};

/// A linear map to as many numbers as there are labels, and their softmax.
struct OutputSettings {
  std::optional<Tensor> w = {};  ///< [d, labels]; absent: the identity
  std::optional<Tensor> b = {};  ///< [labels]
  std::vector<std::string> labels = {};
  Pool pool = Pool::kNone;
};

}  // namespace attn_viz
