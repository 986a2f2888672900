// What may stand after the last layer: a linear map to labels, and their softmax.
#pragma once

#include <cstddef>
#include <string>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings/stack.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// The tensor with a name for one of its axes.
Tensor named(Tensor tensor, std::size_t axis, const std::string& name);

/// Checks the output head and fills in what is not given.
/// @param embedding  numbers in a row that it reads
/// @param axis       of these rows
/// @param limit      bytes that it may need
void resolve_output(OutputSettings& output, std::size_t embedding, const AxisInfo& axis,
                    DType dtype, std::size_t limit);

/// Records "pooled", "W", "b", "logits" and "probabilities".
void record_output(Recorder record, OutputSettings output, StepId x);

/// The settings as resolved. @param given  whether W was given
Attributes settings_of(const OutputSettings& output, bool given);

/// The axis "label" of a trace.
AxisInfo label_axis(const OutputSettings& output);

}  // namespace attn_viz
