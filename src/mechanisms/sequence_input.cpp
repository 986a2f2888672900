#include "mechanisms/sequence_input.hpp"

#include <utility>

#include "mechanisms/output.hpp"

namespace attn_viz {

void add_axis(Trace& trace, AxisInfo axis, std::string name) {
  trace.axes.push_back(std::move(axis));
  trace.axes.back().name = std::move(name);
}

StepId record_rows(Trace& trace, Recorder record, std::string_view name, std::string symbol,
                   LabelledRows rows, const std::string& axis) {
  add_axis(trace, std::move(rows.axis), axis);
  return record.input(name, std::move(symbol), named(std::move(rows.rows), 0, axis));
}

StepId record_parameter(Recorder& record, std::string_view name, Tensor value) {
  return record.parameter(name, std::string(name), std::move(value));
}

}  // namespace attn_viz
