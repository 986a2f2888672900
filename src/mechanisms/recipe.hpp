// The recipes within a stack: each records its steps and returns the last.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/recorder.hpp"
#include "mechanisms/layer.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {

/// The steps that a layer of attention reads: X asks, Y gives the keys, V the values.
struct Sources {
  StepId x, y, v;
};

/// All heads, side by side, through the output matrix: "attention_output" [n, d_out].
StepId record_attention(Recorder record, const AttentionSettings& settings,
                        AttentionParameters parameters, Sources from);

/// The same small network for every row: "feed_forward/…", from x [n, d] to [n, d_out].
/// @param record  of the ids below "layer0/feed_forward"
StepId record_feed_forward(Recorder record, const FeedForwardSettings& settings,
                           FeedForwardParameters parameters, StepId x);

/// A layer of a stack, from x [n, d] to [n, d_out].
/// @param memory  what cross-attention reads (its x is not used); none: no layer has any
/// @param symbol  of the output: "H_0"
StepId record_layer(Recorder record, const LayerSettings& settings, LayerParameters parameters,
                    StepId x, const std::optional<Sources>& memory, const std::string& symbol);

}  // namespace attn_viz
