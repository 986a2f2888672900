// What the recipes on sequences begin with.
#pragma once

#include <string>
#include <string_view>

#include "attn_viz/mechanisms/settings/labelled_rows.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// Adds an axis of this name to the trace.
void add_axis(Trace& trace, AxisInfo axis, std::string name);

/// Adds the labels of rows as an axis of the trace, and the rows as a given step over it.
StepId record_rows(Trace& trace, Recorder record, std::string_view name, std::string symbol,
                   LabelledRows rows, const std::string& axis);

/// A parameter whose symbol is its name.
StepId record_parameter(Recorder& record, std::string_view name, Tensor value);

}  // namespace attn_viz
