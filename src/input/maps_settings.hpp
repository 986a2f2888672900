// The readers of documents on feature maps, one for each mechanism.
#pragma once

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/settings/distillation.hpp"
#include "attn_viz/mechanisms/settings/maps.hpp"

namespace attn_viz {

/// Maps [channels, rows, columns], or one of them as [rows, columns].
/// @throws Error kInvalid if they are ragged or empty.
Tensor read_maps(const json::Value& value, DType dtype);

/// The settings below their key; @throws Error kInvalid, placed at the setting.
Convolution2d read_convolution_2d(const json::Value& value, DType dtype);
AdaptivePooling read_adaptive_pooling(const json::Value& value);
SpatialPyramid read_spatial_pyramid(const json::Value& value);
PyramidPooling read_pyramid_pooling(const json::Value& value, DType dtype);
AtrousPyramid read_atrous_pyramid(const json::Value& value, DType dtype);
StripPooling read_strip_pooling(const json::Value& value, DType dtype);
MixedPooling read_mixed_pooling(const json::Value& value, DType dtype);
StripAttention read_strip_attention(const json::Value& value, DType dtype);
CrissCross read_criss_cross(const json::Value& value, DType dtype);
AttentionFusion read_attention_fusion(const json::Value& value, DType dtype);

/// {"kernel", "bias", "batch_norm"} and the keys that stand beside them.
Convolution read_convolution(const json::Value& value, DType dtype);

}  // namespace attn_viz
