// The "attention" object of a document.
#pragma once

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/settings.hpp"

namespace attn_viz {

/// @throws Error kInvalid, placed at the setting.
AttentionSettings read_attention(const json::Value& value, DType dtype);

/// "… is not supported by attn-viz VERSION", for what the format has and this version has not.
Error not_yet_supported(const json::Value& value);

}  // namespace attn_viz
