// What a user may ask of attention, before defaults are filled in. Matrices are as given: fused
// over the heads or with one more leading axis for them. Meaning and defaults: docs/formats.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/mechanisms/settings/approximation.hpp"
#include "attn_viz/mechanisms/settings/heads.hpp"
#include "attn_viz/mechanisms/settings/mask.hpp"
#include "attn_viz/mechanisms/settings/normalize.hpp"
#include "attn_viz/mechanisms/settings/position.hpp"
#include "attn_viz/mechanisms/settings/score.hpp"
#include "attn_viz/mechanisms/settings/score_tricks.hpp"
#include "attn_viz/mechanisms/settings/stack.hpp"
#include "attn_viz/mechanisms/settings/weights.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

struct AttentionSettings {
  std::size_t heads = 1;
  std::optional<std::size_t> key_value_heads = {};  ///< g, a divisor of heads; absent: heads
  std::optional<std::size_t> head_size = {}, value_size = {};  ///< d_k, d_v
  ScoreSettings score = {};
  std::optional<double> scale = {};
  std::optional<double> softcap = {};
  std::optional<Tensor> bias = {};  ///< [n, m] or [h, n, m]
  MaskSettings mask = {};
  NormalizeSettings normalize = {};
  std::optional<TalkingHeads> talking_heads = {};
  std::optional<Differential> differential = {};
  PositionSettings position = {};
  /// Another encoding for the keys, added to them and not to the values; absent: `position`.
  std::optional<PositionSettings> key_position = {};
  std::optional<ApproximationSettings> approximation = {};  ///< instead of scores and softmax
  ScoreTricks tricks = {};
  WeightSettings weights = IdentityWeights{};
};

/// A layer of a stack: up to three sub-layers in this order, each with its residual and norm.
struct LayerSettings {
  std::optional<AttentionSettings> attention = {};        ///< of the sequence to itself
  std::optional<AttentionSettings> cross_attention = {};  ///< of the sequence to the context
  std::optional<FeedForwardSettings> feed_forward = {};
  std::optional<double> residual = {};  ///< γ: a sub-layer f gives x + γ · f(x); absent: f(x)
  LayerNormSettings layer_norm = {};
};

/// Where keys and values come from in cross-attention.
struct Context {
  AxisInfo axis;
  Tensor embeddings;                       ///< [m, d′]
  std::optional<Tensor> values;            ///< [m, d″]; absent: the embeddings
  std::vector<LayerSettings> layers = {};  ///< the encoder: its output is what is attended to
};

/// An input: the data and what to do with them.
struct Problem {
  std::string title;
  DType dtype = DType::kFloat64;
  AxisInfo axis;      ///< the labels of the main sequence
  Tensor embeddings;  ///< [n, d]
  std::optional<Context> context = {};
  AttentionSettings attention = {};        ///< the only layer, if there are no `layers`
  std::vector<LayerSettings> layers = {};  ///< a stack
  std::optional<OutputSettings> output = {};
};

}  // namespace attn_viz
