// The recipes of convolution over rows on a grid, and of the attention that equals it.
// Source: Cordonnier, Loukas, Jaggi 2020, theorem 1 and eq. 9.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/sequence_input.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

using Extent = std::pair<std::size_t, std::size_t>;

/// A sequence is a grid of one row.
Extent grid_of(const AxisInfo& axis) {
  return axis.grid.value_or(Extent{1, axis.labels.size()});
}

void check(const ConvolutionSettings& convolution, std::size_t channels, const std::string& place) {
  const Tensor& kernel = convolution.kernel;
  const std::size_t taps = convolution.row_shifts.size();
  expect_shape(kernel, {taps, channels, kernel.size(2)}, place + "/kernel",
               "taps × input × output");
  if (convolution.bias) {
    expect_shape(*convolution.bias, {kernel.size(2)}, place + "/bias", "output");
  }
}

Attributes constants_of(const ConvolutionSettings& convolution, Extent grid) {
  return {{"rows", grid.first},
          {"columns", grid.second},
          {"row_shifts", convolution.row_shifts},
          {"column_shifts", convolution.column_shifts},
          {"padding", kPaddingNames[static_cast<std::size_t>(convolution.padding)]}};
}

/// The convolution of x, with its kernel (and bias) as steps.
struct ConvolutionSteps {
  StepId kernel;
  std::optional<StepId> bias;
  StepId output;
};
ConvolutionSteps record_convolution(Recorder& record, const ConvolutionSettings& convolution,
                                    Extent grid, StepId x, const char* name,
                                    const std::string& symbol) {
  ConvolutionSteps steps{record.parameter("kernel", "K", convolution.kernel), {}, 0};
  std::vector<StepId> inputs{x, steps.kernel};
  if (convolution.bias) {
    steps.bias = record.parameter("bias", "b", *convolution.bias);
    inputs.push_back(*steps.bias);
  }
  steps.output = record.step(Role::kOutput, name, symbol, ops::grid_convolution, std::move(inputs),
                             constants_of(convolution, grid));
  return steps;
}

// ---- the same as attention ----

/// The farthest shift of any tap, which a border of ghosts must reach.
std::size_t farthest(const std::vector<double>& shifts) {
  double most = 0;
  for (const double shift : shifts) most = std::max(most, std::abs(shift));
  return static_cast<std::size_t>(most);
}

/// The labels of a grid with a border: "ghost" around those of the grid.
AxisInfo with_ghosts(const AxisInfo& axis, Extent grid, Extent border) {
  AxisInfo keys{.name = {}, .labels = {}, .grid = std::nullopt, .image = {}};
  const std::size_t rows = grid.first + 2 * border.first, columns = grid.second + 2 * border.second;
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t column = 0; column < columns; ++column) {
      const bool inside = row >= border.first && row < border.first + grid.first &&
                          column >= border.second && column < border.second + grid.second;
      keys.labels.push_back(
          inside ? axis.labels[(row - border.first) * grid.second + column - border.second]
                 : "ghost");
    }
  }
  if (axis.grid) keys.grid = Extent{rows, columns};
  return keys;
}

/// v = −α (1, −2Δ₁, −2Δ₂): with it the score of the shift δ is −α ‖δ − Δ‖² + α ‖Δ‖².
Tensor centred_at(double row_shift, double column_shift, double sharpness, DType dtype) {
  return Tensor({Axis{3}},
                Buffer<double>{-sharpness, 2 * sharpness * row_shift, 2 * sharpness * column_shift})
      .as(dtype);
}

/// One head, which looks at one shift and multiplies by that tap of the kernel.
StepId record_head(Recorder record, const ConvolutionSettings& convolution, std::size_t tap,
                   double sharpness, StepId encoding, StepId keys) {
  const Tensor& kernel = convolution.kernel;
  const StepId v =
      record.parameter("v", "v",
                       centred_at(convolution.row_shifts[tap], convolution.column_shifts[tap],
                                  sharpness, kernel.dtype()));
  const StepId w = record_parameter(record, "W_V", kernel.part(tap));
  const StepId s = record.step(Role::kScores, "scores", "S", ops::encoding_scores, {encoding, v});
  const StepId a = record.step(Role::kWeights, "weights", "A", ops::softmax, {s});
  const StepId value = record.step(Role::kValue, "value", "V", ops::linear, {keys, w});
  return record.step(Role::kOutput, "output", fmt::format("O_{}", tap), ops::matmul, {a, value});
}

void check_size(const ConvolutionAsAttention& task, std::size_t keys, std::size_t limit) {
  const auto number = [](std::size_t size) { return static_cast<double>(size); };
  const double n = number(task.input.rows.rows()), m = number(keys),
               heads = number(task.convolution.row_shifts.size());
  expect_bytes(bytes_of(n * m * (3 + 2 * heads), task.dtype), limit,
               fmt::format("{} queries × {} keys with {} heads", task.input.rows.rows(), keys,
                           task.convolution.row_shifts.size()),
               "/embeddings");
}

Attributes settings_of(const ConvolutionSettings& convolution) {
  return {{"row_shifts", convolution.row_shifts},
          {"column_shifts", convolution.column_shifts},
          {"padding", kPaddingNames[static_cast<std::size_t>(convolution.padding)]},
          {"bias", convolution.bias ? "given" : "none"}};
}

}  // namespace

Trace run_convolution(SequenceConvolution task, std::size_t memory_limit) {
  const Extent grid = grid_of(task.input.axis);
  std::size_t channels = task.input.rows.columns();
  double numbers = 0;
  std::vector<Attributes> settings;
  for (std::size_t i = 0; i < task.layers.size(); ++i) {
    check(task.layers[i], channels, fmt::format("/layers/{}", i));
    channels = task.layers[i].kernel.size(2);
    numbers += static_cast<double>(channels) * static_cast<double>(task.input.rows.rows());
    settings.push_back(settings_of(task.layers[i]));
  }
  expect_bytes(bytes_of(numbers, task.dtype), memory_limit, "the layers", "/layers");

  Trace trace = new_trace(task.title, task.dtype, "convolution-1d");
  trace.settings.set("layers", std::move(settings));
  Recorder record(trace);
  StepId x =
      record_rows(trace, record.below("input"), "embeddings", "X", std::move(task.input), "token");
  for (std::size_t i = 0; i < task.layers.size(); ++i) {
    Recorder layer = record.layer(i);
    x = record_convolution(layer, task.layers[i], grid, x, "output", fmt::format("H_{}", i)).output;
  }
  return trace;
}

Trace run_convolution_as_attention(ConvolutionAsAttention task, std::size_t memory_limit) {
  const ConvolutionSettings& convolution = task.convolution;
  const AxisInfo axis = task.input.axis;
  const Extent grid = grid_of(axis);
  const Extent border =
      task.ghosts ? Extent{farthest(convolution.row_shifts), farthest(convolution.column_shifts)}
                  : Extent{0, 0};
  check(convolution, task.input.rows.columns(), "/convolution");
  check_size(task, (grid.first + 2 * border.first) * (grid.second + 2 * border.second),
             memory_limit);

  Trace trace = new_trace(task.title, task.dtype, "convolution-as-attention");
  trace.settings.set("convolution", settings_of(convolution));
  trace.settings.set("sharpness", task.sharpness);
  trace.settings.set("ghosts", task.ghosts);
  Recorder record(trace);
  const StepId x =
      record_rows(trace, record.below("input"), "embeddings", "X", std::move(task.input), "token");
  Recorder layer = record.layer(0);
  const ConvolutionSteps convolved =
      record_convolution(layer, convolution, grid, x, "convolution", "C");

  const Attributes places{{"rows", grid.first},
                          {"columns", grid.second},
                          {"row_border", border.first},
                          {"column_border", border.second}};
  StepId keys = x;
  if (task.ghosts) {
    add_axis(trace, with_ghosts(axis, grid, border), "context");
    Attributes padding = places;
    padding.set("axis", "context");
    keys = layer.step(Role::kKey, "padded", "X_0", ops::pad_grid, {x}, std::move(padding));
  }
  const StepId encoding = layer.step(Role::kPosition, "relative_positions", "R",
                                     ops::quadratic_encoding, {x, keys}, places);
  std::vector<StepId> heads;
  for (std::size_t tap = 0; tap < convolution.row_shifts.size(); ++tap) {
    heads.push_back(record_head(layer.head(tap), convolution, tap, task.sharpness, encoding, keys));
  }
  StepId sum = heads.size() == 1
                   ? heads[0]
                   : layer.step(Role::kOutput, "sum", "O", ops::add, std::move(heads));
  if (convolved.bias) {
    const StepId bias =
        layer.step(Role::kBias, "repeated_bias", "1 b", ops::repeat_rows, {*convolved.bias, x});
    sum = layer.step(Role::kOutput, "attention_output", "Y", ops::add, {sum, bias});
  } else {
    sum = layer.step(Role::kOutput, "attention_output", "Y", ops::identity, {sum});
  }
  layer.step(Role::kHidden, "difference", "D", ops::subtract, {sum, convolved.output});
  return trace;
}

}  // namespace attn_viz
