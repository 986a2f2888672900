// The readers of the "attention" object of a document, one for each of its parts.
#pragma once

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/settings.hpp"

namespace attn_viz {

/// @throws Error kInvalid, placed at the setting; likewise the readers below.
AttentionSettings read_attention(const json::Value& value, DType dtype);

ScoreSettings read_score(const json::Value& value, DType dtype);
MaskSettings read_mask(const json::Value& value, DType dtype);
NormalizeSettings read_normalize(const json::Value& value);
TalkingHeads read_talking_heads(const json::Value& value, DType dtype);
Differential read_differential(const json::Value& value, DType dtype);
PositionSettings read_position(const json::Value& value, DType dtype);
/// An encoding of keys alone, which is one that is added.
PositionSettings read_key_position(const json::Value& value, DType dtype);
ApproximationSettings read_approximation(const json::Value& value, DType dtype);
/// @param attention  the whole object: its "qk_norm", "sink" and "evaluation".
ScoreTricks read_score_tricks(const json::Value& attention, DType dtype);
WeightSettings read_weights(const json::Value& value, DType dtype);

}  // namespace attn_viz
