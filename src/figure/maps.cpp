#include "figure/maps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/verify.hpp"
#include "figure/choose.hpp"

namespace attn_viz::figure {

// ---- what a step holds ----

bool is_map(const Step& step) {
  const std::vector<Axis>& axes = step.values.axes();
  if (axes.size() == 3) return true;
  return axes.size() == 2 && axes[0].name.ends_with("row") && axes[1].name.ends_with("column");
}

std::size_t channels_of(const Step& step) {
  return step.values.rank() == 3 ? step.values.size(0) : 1;
}

std::string channel_name(const Trace& trace, const Step& step, std::size_t channel) {
  const Axis& axis = step.values.axes()[0];
  const AxisInfo* info = axis.name.empty() ? nullptr : trace.axis(axis.name);
  const std::string label = info == nullptr ? std::to_string(channel) : info->labels[channel];
  const bool number = label == std::to_string(channel);
  const bool of_classes = axis.name == "class";
  return number ? fmt::format("{} {}", of_classes ? "class" : "channel", label) : label;
}

std::vector<const Step*> main_maps(const Trace& trace, const Step& input) {
  constexpr std::string_view kEnds[] = {"upsampled", "expanded", "gate/values", "attended_maps"};
  const std::vector<Axis>& grid = input.values.axes();
  std::vector<const Step*> main{&input};
  const auto is_copy = [&](const Step& step) {
    return step.op == ops::identity.name && main.back() == &trace.steps[step.inputs[0]];
  };
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    const Step& step = trace.steps[i];
    const std::vector<Axis>& axes = step.values.axes();
    if (axes.size() != 3 || axes[1] != grid[1] || axes[2] != grid[2]) continue;
    const bool ends = std::any_of(std::begin(kEnds), std::end(kEnds),
                                  [&](std::string_view end) { return step.id.ends_with(end); });
    // The last step of a branch, or of a layer, of convolutions.
    const std::string branch = step.id.substr(0, step.id.find('/') + 1);
    const bool numbered = step.id.starts_with("branch") || step.id.starts_with("layer");
    const bool branches =
        numbered && i + 1 < trace.steps.size() && !trace.steps[i + 1].id.starts_with(branch);
    const bool output = step.id == "output" && step.op != ops::concat_maps.name && !is_copy(step);
    if (ends || branches || output) main.push_back(&step);
  }
  return main;
}

namespace {

constexpr std::size_t kMostChannels = 16;     // panels of one step
constexpr std::size_t kOverviewChannels = 3;  // rows of the overview

using Steps = std::vector<const Step*>;

std::string file_name(std::string id) {
  std::replace(id.begin(), id.end(), '/', '-');
  return "heatmaps/" + id;
}

bool is_pixel_weights(const Step& step) {
  return step.id.ends_with("/weights") && step.op == ops::softmax.name;
}

Matrix channel_of(const Step& step, std::size_t channel) {
  const std::size_t rank = step.values.rank();
  const std::size_t rows = step.values.size(rank - 2), columns = step.values.size(rank - 1);
  return dispatch(step.values.dtype(), [&](auto zero) {
    const auto values = step.values.values<decltype(zero)>();
    return Matrix(values.subspan(channel * rows * columns, rows * columns), rows, columns);
  });
}

std::string text_of(const Step& step) {
  return fmt::format("{}    {}", step.id, step.equation.empty() ? step.symbol : step.equation);
}

// ---- scales ----

/// Values of 0 and more: from 0 to the largest; others: ± the largest size.
ColorScale scale_over(const Steps& steps, std::string_view sharers) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Step* step : steps) {
    dispatch(step->values.dtype(), [&](auto zero) {
      for (const auto value : step->values.values<decltype(zero)>()) {
        if (!std::isfinite(value)) continue;
        low = std::min(low, static_cast<double>(value));
        high = std::max(high, static_cast<double>(value));
      }
    });
  }
  const std::string shared = sharers.empty() ? "" : fmt::format(", one scale for {}", sharers);
  if (low >= 0) {
    if (!(high > 0)) high = 1;
    return {ColorMap::kViridis, 0, high,
            fmt::format("value, 0 to the largest ({:.3g}){}", high, shared)};
  }
  double size = std::max(-low, high);
  if (!(size > 0) || !std::isfinite(size)) size = 1;
  return {ColorMap::kDiverging, -size, size,
          fmt::format("value, ± the largest size ({:.3g}){}", size, shared)};
}

ColorScale weights_scale(const Step& weights, bool auto_scale) {
  ColorScale scale = scale_over({&weights}, "");
  constexpr double kPale = 0.2;
  const std::string largest =
      scale.high < kPale ? fmt::format("; the largest is {:.2g}", scale.high) : "";
  if (!auto_scale) return {ColorMap::kViridis, 0, 1, "weight, 0 to 1" + largest};
  scale.note = fmt::format("weight, 0 to the largest ({:.3g})", scale.high);
  return scale;
}

ColorScale step_scale(const Step& step) {
  if (step.id == "gate/values") return {ColorMap::kViridis, 0, 1, "gate, 0 to 1"};
  if (step.op == ops::criss_cross_mask.name) return {ColorMap::kViridis, 0, 1, "0 or 1"};
  return scale_over({&step}, channels_of(step) > 1 && is_map(step) ? "all channels" : "");
}

// ---- figures ----

/// The labels of an axis under the name of what stands there.
LabelledAxis labelled(const Trace& trace, const Axis& axis, std::string_view otherwise) {
  const AxisInfo* info = axis.name.empty() ? nullptr : trace.axis(axis.name);
  const std::string_view name = axis.name.ends_with("row")      ? "row"
                                : axis.name.ends_with("column") ? "column"
                                : axis.name.empty()             ? otherwise
                                                                : std::string_view(axis.name);
  LabelledAxis labelled{.name = std::string(name), .labels = {}};
  if (info != nullptr) labelled.labels = info->labels;
  return labelled;
}

Figure empty_figure(const Trace& trace, std::string subtitle, const Axis& row, const Axis& column,
                    ColorScale scale) {
  return {.title = trace.title,
          .subtitle = std::move(subtitle),
          .rows = labelled(trace, row, row.size == 1 ? "" : "bin row"),
          .columns = labelled(trace, column, column.size == 1 ? "" : "bin column"),
          .panels = {},
          .panels_per_row = 1,
          .scale = std::move(scale),
          .notes = {}};
}

Panel panel_of(Matrix values, std::string title) {
  return {.title = std::move(title),
          .values = std::move(values),
          .scores = std::nullopt,
          .marked = std::nullopt,
          .scale = std::nullopt};
}

std::size_t side_of_square(std::size_t panels) {
  const auto side = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(panels))));
  return panels <= 3 ? panels : panels == 4 ? 2 : std::max<std::size_t>(side, 3);
}

/// A map, each channel as a panel.
Figure map_figure(const Trace& trace, const Step& step) {
  const std::vector<Axis>& axes = step.values.axes();
  Figure figure =
      empty_figure(trace, text_of(step), axes[axes.size() - 2], axes.back(), step_scale(step));
  const std::size_t channels = channels_of(step), drawn = std::min(channels, kMostChannels);
  for (std::size_t c = 0; c < drawn; ++c) {
    figure.panels.push_back(
        panel_of(channel_of(step, c), channels > 1 ? channel_name(trace, step, c) : ""));
  }
  figure.panels_per_row = side_of_square(drawn);
  if (drawn < channels) {
    figure.notes.push_back(fmt::format("The first {} of {} channels.", drawn, channels));
  }
  return figure;
}

/// Any other step: a matrix, or a vector as one row.
Figure matrix_figure(const Trace& trace, const Step& step, ColorScale scale) {
  const std::vector<Axis>& axes = step.values.axes();
  const auto axis = [&](const Axis& of) { return labelled(trace, of, ""); };
  Figure figure{.title = trace.title,
                .subtitle = text_of(step),
                .rows = {.name = "", .labels = {step.symbol}},
                .columns = axis(axes.back()),
                .panels = {panel_of(Matrix(step.values), "")},
                .panels_per_row = 1,
                .scale = std::move(scale),
                .notes = {}};
  if (axes.size() == 2) figure.rows = axis(axes[0]);
  if (axes.size() > 2) figure.rows = {};
  if (const Step* scores = scores_behind(trace, step);
      scores != nullptr && is_pixel_weights(step)) {
    figure.panels[0].scores = Matrix(scores->values);
  }
  return figure;
}

/// From 0 to the largest weight of one pixel.
ColorScale row_scale(const Tensor& weights, std::size_t pixel) {
  double low = 0, high = 0;
  for (std::size_t key = 0; key < weights.columns(); ++key) {
    low = std::min(low, weights.at(pixel, key));
    high = std::max(high, weights.at(pixel, key));
  }
  if (!(high > 0)) high = 1;
  return {ColorMap::kViridis, low, high,
          fmt::format("weight, {:g} to the largest of the pixel ({:.3g})", low, high)};
}

/// The weights of one pixel: on the grid of the image, or along its rows or columns.
Figure pixel_figure(const Trace& trace, const Step& step, std::size_t pixel, ColorScale scale) {
  const AxisInfo& pixels = *trace.axis(step.values.axes()[0].name);
  const Axis& keys = step.values.axes()[1];
  const AxisInfo* key_info = trace.axis(keys.name);
  const bool on_grid = key_info != nullptr && key_info->grid;
  const bool by_row = keys.name == "row";
  const std::size_t rows = on_grid ? key_info->grid->first : by_row ? keys.size : 1;
  const std::size_t columns = on_grid ? key_info->grid->second : by_row ? 1 : keys.size;
  const Axis row{rows, rows == 1 ? "" : "row"}, column{columns, columns == 1 ? "" : "column"};
  Figure figure = empty_figure(trace, fmt::format("{} of pixel {}", step.id, pixels.labels[pixel]),
                               row, column, std::move(scale));
  figure.panels.push_back(panel_of(Matrix::of_row(step.values, pixel, rows, columns), ""));
  if (!on_grid) {
    // Strips share a weight of 1, so that on the scale of all pixels one of them is nearly black.
    figure.scale = row_scale(step.values, pixel);
    LabelledAxis& query = by_row ? figure.columns : figure.rows;
    query = {.name = "pixel", .labels = {pixels.labels[pixel]}};
    figure.notes.push_back(
        fmt::format("One weight for each {} of the image.", by_row ? "row" : "column"));
    return figure;
  }
  if (const Step* scores = scores_behind(trace, step)) {
    figure.panels[0].scores = Matrix::of_row(scores->values, pixel, rows, columns);
  }
  figure.panels[0].marked = {pixel / columns, pixel % columns};
  figure.notes.push_back("The outlined pixel is the query.");
  return figure;
}

/// Maps of one size side by side, a row for each of the first channels.
Figure side_by_side(const Trace& trace, const Steps& steps, std::string subtitle) {
  const std::vector<Axis>& axes = steps[0]->values.axes();
  Figure figure = empty_figure(trace, std::move(subtitle), axes[axes.size() - 2], axes.back(),
                               scale_over(steps, "all panels"));
  std::size_t channels = kOverviewChannels, most = 0;
  for (const Step* step : steps) {
    channels = std::min(channels, channels_of(*step));
    most = std::max(most, channels_of(*step));
  }
  for (std::size_t c = 0; c < channels; ++c) {
    for (const Step* step : steps) {
      const std::string name = step->id.substr(step->id.rfind('/') + 1);
      std::string title = fmt::format("{}  {}", step->symbol, channels > 1 ? name : step->id);
      // The channel first, for the end of a long title is cut; below it the symbol is enough.
      if (channels > 1) {
        title =
            fmt::format("{}: {}", channel_name(trace, *steps[0], c), c == 0 ? title : step->symbol);
      }
      figure.panels.push_back(panel_of(channel_of(*step, c), std::move(title)));
    }
  }
  figure.panels_per_row = channels > 1 ? steps.size() : side_of_square(steps.size());
  if (channels < most) {
    figure.notes.push_back(channels == 1
                               ? fmt::format("Channel 0 of {}.", most)
                               : fmt::format("Channels 0 to {} of {}.", channels - 1, most));
  }
  return figure;
}

/// The lanes that were found beside those that are there; none without lanes.
std::optional<Figure> lanes_figure(const Trace& trace) {
  const Step *predicted = trace.find("lane/predicted"), *labels = trace.find("lane/labels");
  const Step* loss = trace.find("lane/iou_loss");
  if (predicted == nullptr || labels == nullptr || loss == nullptr) return std::nullopt;
  Figure figure = side_by_side(
      trace, {predicted, labels},
      fmt::format("{} = {:.4g}    {}", loss->symbol, loss->values.at(0), loss->equation));
  figure.scale.note = "class, one scale for both panels; 0: no lane";
  return figure;
}

// ---- which figures ----

void add_overviews(const Trace& trace, std::vector<NamedFigure>& figures) {
  if (const Step* input = trace.find("input/maps")) {
    const Steps main = main_maps(trace, *input);
    const Step* output = trace.find("output");
    if (main.size() > 1 || output == nullptr) {
      figures.push_back({"heatmap", side_by_side(trace, main, "Maps on the grid of the image")});
    } else if (is_map(*output)) {
      figures.push_back({"heatmap", map_figure(trace, *output)});
    } else {
      figures.push_back({"heatmap", matrix_figure(trace, *output, step_scale(*output))});
    }
    return;
  }
  std::optional<Figure> lanes = lanes_figure(trace);
  const bool has_lanes = lanes.has_value();
  if (lanes) figures.push_back({"heatmap", std::move(*lanes)});
  for (const Step& loss : trace.steps) {
    if (loss.op != ops::squared_error.name) continue;
    const Steps pair{&trace.steps[loss.inputs[0]], &trace.steps[loss.inputs[1]]};
    const std::string name = loss.id.substr(0, loss.id.find('/'));
    figures.push_back({name == "pair0" && !has_lanes ? "heatmap" : "heatmap-" + name,
                       side_by_side(trace, pair,
                                    fmt::format("{} = {:.4g}    {}", loss.symbol, loss.values.at(0),
                                                loss.equation))});
  }
}

/// The pixel that was asked for, or the middle one.
std::size_t chosen_pixel(const Trace& trace, const Step& weights, const HeatmapOptions& options) {
  const AxisInfo& pixels = *trace.axis(weights.values.axes()[0].name);
  if (!options.query) return pixels.grid ? usual_query(pixels) : pixels.labels.size() / 2;
  if (const auto found = find_query(pixels, *options.query)) return *found;
  throw Error(ErrorCode::kInvalid,
              fmt::format("there is no query \"{}\"; expected an index from 0 to {} or a label "
                          "(row,column)",
                          *options.query, pixels.labels.size() - 1));
}

}  // namespace

bool is_on_maps(const Trace& trace) {
  return trace.find("input/maps") != nullptr || trace.find("block0/maps") != nullptr;
}

std::vector<NamedFigure> map_figures(const Trace& trace, const HeatmapOptions& options) {
  const bool has_weights = std::any_of(trace.steps.begin(), trace.steps.end(), is_pixel_weights);
  if (options.query && !has_weights) {
    throw Error(ErrorCode::kUsage, "expected weights of pixels, but there are none")
        .at("--query")
        .hint("leave it out");
  }
  std::vector<NamedFigure> figures;
  add_overviews(trace, figures);
  for (const Step& step : trace.steps) {
    if (is_pixel_weights(step)) {
      verify_weights(trace, step);
      const ColorScale scale = weights_scale(step, options.auto_scale);
      const std::size_t pixel = chosen_pixel(trace, step, options);
      figures.push_back({file_name(step.id), matrix_figure(trace, step, scale)});
      figures.push_back({fmt::format("{}-query{}", file_name(step.id), pixel),
                         pixel_figure(trace, step, pixel, scale)});
    } else if (is_map(step) && step.op != ops::parameter.name) {
      figures.push_back({file_name(step.id), map_figure(trace, step)});
    } else if (options.all_steps && step.values.count() > 1) {
      figures.push_back({file_name(step.id), matrix_figure(trace, step, step_scale(step))});
    }
  }
  return figures;
}

}  // namespace attn_viz::figure
