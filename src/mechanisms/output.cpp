#include "mechanisms/output.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {

Tensor named(Tensor tensor, std::size_t axis, const std::string& name) {
  std::vector<Axis> axes = tensor.axes();
  axes[axis].name = name;
  return std::move(tensor).with_axes(std::move(axes));
}

void resolve_output(OutputSettings& output, std::size_t embedding, const AxisInfo& axis,
                    DType dtype, std::size_t limit) {
  const std::size_t d = embedding;
  const bool given = output.w.has_value();
  const double identity = static_cast<double>(d) * static_cast<double>(d);
  if (!output.w) {
    expect_bytes(identity * 8, limit, "the identity as output matrix", "/output");
    output.w = identity_matrix(d, dtype);
  }
  const bool turned = output.w->rows() != d && output.w->columns() == d;
  const std::size_t labels = turned ? output.w->rows() : output.w->columns();
  expect_shape(*output.w, {d, labels}, "/output/W", "embedding × labels");
  if (output.b) expect_shape(*output.b, {labels}, "/output/b", "labels");
  if (output.labels.empty()) {
    for (std::size_t i = 0; i < labels; ++i) output.labels.push_back(std::to_string(i));
  }
  if (output.labels.size() != labels) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected {} labels (one for each {}), got {}", labels,
                            given ? "column of /output/W" : "number in a row; there is no W",
                            output.labels.size()))
        .at("/output/labels");
  }
  const bool class_token = axis.extra > 0 && axis.labels[0] == kClassTokenLabel;
  if (output.pool == Pool::kClass && axis.grid && !class_token) {
    throw Error(ErrorCode::kInvalid, "expected patches with a class token, got none")
        .at("/output/pool")
        .hint("give \"class_token\" in /patches, or use the pool \"mean\"");
  }
}

void record_output(Recorder record, OutputSettings output, StepId x) {
  if (output.pool == Pool::kMean)
    x = record.step(Role::kHidden, "pooled", "p", ops::mean_rows, {x});
  if (output.pool == Pool::kClass) {
    // A class token is the first of its sequence.
    x = record.step(Role::kHidden, "pooled", "p", ops::select_row, {x}, {{"row", 0.0}});
  }
  std::vector<StepId> inputs{x};
  inputs.push_back(record.parameter("W", "W", named(std::move(*output.w), 1, "label")));
  if (output.b) {
    inputs.push_back(record.parameter("b", "b", named(std::move(*output.b), 0, "label")));
  }
  const StepId logits = record.step(Role::kLogits, "logits", "L", ops::linear, std::move(inputs));
  record.step(Role::kProbabilities, "probabilities", "P", ops::softmax, {logits});
}

Attributes settings_of(const OutputSettings& output, bool given) {
  return {{"W", given ? "given" : "identity"},
          {"b", output.b ? "given" : "none"},
          {"labels", output.labels},
          {"pool", kPoolNames[static_cast<std::size_t>(output.pool)]}};
}

AxisInfo label_axis(const OutputSettings& output) {
  return {.name = "label", .labels = output.labels, .grid = std::nullopt, .image = {}};
}

}  // namespace attn_viz
