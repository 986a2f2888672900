// Documents of convolution over a sequence or a grid of patches.
#include <fmt/format.h>

#include "input/fields.hpp"
#include "input/sequence.hpp"
#include "input/sequence_tasks.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

/// −(size − 1)/2 … (size − 1)/2, times the dilation.
std::vector<double> centred(const Value& kernel, std::size_t size, std::size_t dilation) {
  if (size % 2 == 0) {
    throw kernel.error(fmt::format("expected an odd number of taps, got {}", size))
        .hint("a tap stands in the middle; give \"shifts\", or one more tap of 0");
  }
  std::vector<double> shifts;
  for (std::size_t tap = 0; tap < size; ++tap) {
    const double steps = static_cast<double>(tap) - static_cast<double>(size / 2);
    shifts.push_back(steps * static_cast<double>(dilation));
  }
  return shifts;
}

std::vector<double> read_shifts(const Value& value, std::size_t taps) {
  const Tensor numbers = value.tensor(1, "a list of whole numbers", DType::kFloat64);
  std::vector<double> shifts(numbers.values<double>().begin(), numbers.values<double>().end());
  for (const double shift : shifts) {
    if (shift != static_cast<double>(static_cast<long long>(shift)) || shift > 1e6 ||
        shift < -1e6) {
      throw value.unexpected("a list of whole numbers");
    }
  }
  if (shifts.size() != taps) {
    throw value.error(
        fmt::format("expected {} shifts (one for each tap), got {}", taps, shifts.size()));
  }
  return shifts;
}

/// How deep a list is nested.
std::size_t depth_of(const Value& value) {
  std::size_t depth = 0;
  const json::Node* node = &value.node();
  for (; node->kind == Kind::kArray && !node->items.empty(); node = &node->items[0]) ++depth;
  return node->kind == Kind::kNumbers ? depth + node->shape.size() : depth;
}

/// A kernel of one channel (numbers alone) or of several (a matrix for each tap).
/// @param axes  of the grid: 1 or 2
Tensor read_kernel(const Value& value, std::size_t axes, DType dtype) {
  const bool of_numbers = depth_of(value) <= axes;
  const std::string_view what = axes == 1 ? "a list of taps: numbers, or matrices (input × output)"
                                          : "rows of taps: numbers, or matrices (input × output)";
  Tensor kernel = value.tensor(of_numbers ? axes : axes + 2, what, dtype);
  if (kernel.count() == 0) throw value.unexpected("at least one tap");
  return kernel;
}

ConvolutionSettings read_convolution(const Value& value, bool two_dimensional, DType dtype) {
  if (two_dimensional) {
    value.allow_keys({"kernel", "dilation", "padding", "bias"});
  } else {
    value.allow_keys({"kernel", "dilation", "shifts", "padding", "bias"});
  }
  ConvolutionSettings convolution;
  const Value kernel = value.require("kernel");
  const Tensor taps = read_kernel(kernel, two_dimensional ? 2 : 1, dtype);
  const auto asked = value.find("dilation");
  const std::size_t dilation = asked ? asked->whole_number(1) : 1;
  if (dilation > 1'000'000) throw asked->unexpected("at most 1000000");
  const std::size_t rows = two_dimensional ? taps.size(0) : 1;
  const std::size_t columns = taps.size(two_dimensional ? 1 : 0);
  const auto shifts = two_dimensional ? std::nullopt : value.find("shifts");
  if (shifts && asked) throw asked->error("expected either shifts or dilation, got both");
  const std::vector<double> down = centred(kernel, rows, dilation);
  const std::vector<double> across =
      shifts ? read_shifts(*shifts, columns) : centred(kernel, columns, dilation);
  for (const double row : down) {
    for (const double column : across) {
      convolution.row_shifts.push_back(row);
      convolution.column_shifts.push_back(column);
    }
  }
  const bool channels = taps.rank() > 2;
  convolution.kernel =
      taps.with_axes({Axis{rows * columns}, Axis{channels ? taps.size(taps.rank() - 2) : 1},
                      Axis{channels ? taps.size(taps.rank() - 1) : 1}});
  if (const auto padding = value.find("padding")) {
    convolution.padding = static_cast<Padding>(index_of(*padding, "padding", kPaddingNames));
  }
  convolution.bias = find_array(value, "bias", 1, 1, "a list of numbers", dtype);
  return convolution;
}

}  // namespace

Task read_sequence_convolution(const Value& document, std::string default_title,
                               const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "embeddings", "layers", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  SequenceConvolution task{.title = std::move(head.title), .dtype = head.dtype};
  task.input.rows = read_rows(document.require("embeddings"), "n × d", task.dtype);
  task.input.axis = read_axis(document, task.input.rows);
  const Value layers = document.require("layers");
  if (!layers.is(Kind::kArray) || layers.length() == 0) {
    throw layers.unexpected("a list of convolutions");
  }
  for (std::size_t i = 0; i < layers.node().items.size(); ++i) {
    const Value layer(layers.node().items[i], fmt::format("{}/{}", layers.pointer(), i));
    task.layers.push_back(read_convolution(layer, false, task.dtype));
  }
  return task;
}

Task read_convolution_as_attention(const Value& document, std::string default_title,
                                   const Overrides& overrides) {
  document.allow_keys({"mechanism", "title", "tokens", "patches", "embeddings", "convolution",
                       "sharpness", "ghosts", "steps"});
  TaskHead head = read_head(document, std::move(default_title), overrides);
  ConvolutionAsAttention task{.title = std::move(head.title), .dtype = head.dtype};
  task.input.rows = read_rows(document.require("embeddings"), "n × d", task.dtype);
  task.input.axis = read_axis(document, task.input.rows);
  if (task.input.axis.extra > 0) {
    throw document.require("patches").error("a class token or a register has no place on a grid");
  }
  task.convolution = read_convolution(document.require("convolution"),
                                      task.input.axis.grid.has_value(), task.dtype);
  if (const auto sharpness = document.find("sharpness")) task.sharpness = positive(*sharpness);
  if (const auto ghosts = document.find("ghosts")) task.ghosts = ghosts->boolean();
  return task;
}

}  // namespace attn_viz
