// The readers of "layers" and "output".
#pragma once

#include <vector>

#include "attn_viz/core/json.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/settings.hpp"

namespace attn_viz {

/// @param encoder  whether these are the layers of a context, which cannot attend elsewhere.
/// @throws Error kInvalid, placed at the setting; likewise below.
std::vector<LayerSettings> read_layers(const json::Value& value, bool encoder, DType dtype);

OutputSettings read_output(const json::Value& value, DType dtype);

/// Puts the settings of the command line before those of the document, in every layer. A mask of
/// the command line is for the sequence itself: neither for cross-attention in a stack nor for the
/// encoder.
/// @throws Error kUsage for a seed where nothing is random.
void apply(const Overrides& overrides, Problem& problem);

/// Likewise for one attention, without the seed. @param mask  whether to apply masks
void apply(const Overrides& overrides, AttentionSettings& settings, bool mask);

}  // namespace attn_viz
