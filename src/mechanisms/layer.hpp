// From the settings of a layer of a stack to its parameters: sizes worked out from sub-layer to
// sub-layer, defaults filled in, every shape checked.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {

/// A feed-forward network; matrices as in FeedForwardSettings.
struct FeedForwardParameters {
  Tensor w_1;
  std::optional<Tensor> b_1, w_gate, b_gate, w_2, b_2;
  std::size_t output_size = 0;
  double bytes = 0;
};

/// The gain and bias of one norm, [d] each.
struct NormParameters {
  std::optional<Tensor> gain, bias;
};

struct LayerParameters {
  std::optional<AttentionParameters> attention, cross_attention;
  std::optional<FeedForwardParameters> feed_forward;
  NormParameters attention_norm, cross_norm, feed_forward_norm;
  std::size_t output_size = 0;
  double bytes = 0;
};

/// What a layer reads: queries, keys and embedding are of the sequence itself.
struct LayerSizes {
  std::size_t tokens = 0, embedding = 0;  ///< n, d
  const AxisInfo* axis = nullptr;         ///< of the tokens
  std::optional<InputSizes> memory = {};  ///< of cross-attention; none: there is no context
};

/// @param place   JSON pointer of the layer: "/layers/0".
/// @param name    of the streams of random numbers: "layer0".
/// @param limit   bytes that the layer's parameters and steps may take.
/// @throws Error kInvalid where a shape does not fit, kLimit beyond the limit.
LayerParameters resolve_layer(const LayerSettings& settings, const LayerSizes& sizes, DType dtype,
                              const std::string& place, const std::string& name, std::size_t limit);

/// @param rows  how many rows the network is applied to.
FeedForwardParameters resolve_feed_forward(const FeedForwardSettings& settings, std::size_t rows,
                                           std::size_t embedding, DType dtype,
                                           const std::string& place, const std::string& name,
                                           std::size_t limit);

/// Every setting of a layer, defaults written out.
Attributes settings_of(const LayerSettings& settings, const LayerParameters& parameters);

}  // namespace attn_viz
