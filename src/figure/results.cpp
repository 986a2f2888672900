#include "figure/results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "figure/scales.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

Panel panel_of(std::string title, Matrix values) {
  return {
      .title = std::move(title), .values = values, .scores = std::nullopt, .marked = std::nullopt};
}

/// The last step, and the steps of earlier layers that have its name.
Figure last_steps(const Trace& trace, bool auto_scale) {
  const Step& last = trace.steps.back();
  const std::string_view name = parse_step_id(last.id).step;
  Figure figure = step_figure(trace, last, scale_of(trace, name, auto_scale));
  figure.panels.clear();
  for (const Step& step : trace.steps) {
    const StepName place = parse_step_id(step.id);
    if (place.step != name || step.values.columns() != last.values.columns()) continue;
    figure.panels.push_back(
        panel_of(place.layer ? fmt::format("layer {}", *place.layer) : "", Matrix(step.values)));
  }
  if (figure.panels.size() == 1) figure.panels[0].title = "";
  figure.panels_per_row = figure.panels.size();
  return figure;
}

/// One number for each patch, on the grid; else the matrix as it is.
Matrix on_grid(const Tensor& values, const AxisInfo* axis) {
  if (axis == nullptr || !axis->grid || values.columns() != 1) return Matrix(values);
  const auto [rows, columns] = *axis->grid;
  return dispatch(values.dtype(), [&, r = rows, c = columns](auto zero) {
    return Matrix(values.values<decltype(zero)>(), r, c);
  });
}

/// Two results side by side, and what is left of one without the other.
Figure difference_figure(const Trace& trace, const Step& difference) {
  double size = 0;
  const Step *first = &trace.steps[difference.inputs[0]],
             *second = &trace.steps[difference.inputs[1]];
  for (const Step* step : {first, second, &difference}) {
    for (std::size_t i = 0; i < step->values.count(); ++i) {
      size = std::max(size, std::abs(step->values.at(i)));
    }
  }
  if (size == 0) size = 1;
  const ColorScale scale{ColorMap::kDiverging, -size, size,
                         fmt::format("value, ± the largest size ({:.3g}), one scale", size)};
  Figure figure = step_figure(trace, difference, scale);
  const AxisInfo* axis = trace.axis(difference.values.axes()[0].name);
  figure.panels.clear();
  const auto name = [](const Step& step) { return std::string(parse_step_id(step.id).step); };
  for (const Step* step : {second, first, &difference}) {
    figure.panels.push_back(
        panel_of(fmt::format("{} {}", name(*step), step->symbol), on_grid(step->values, axis)));
  }
  if (axis != nullptr && axis->grid && difference.values.columns() == 1) {
    figure.rows = {.name = "patch row", .labels = {}};
    figure.columns = {.name = "patch column", .labels = {}};
  }
  figure.panels_per_row = figure.panels.size();
  return figure;
}

}  // namespace

std::optional<NamedFigure> result_figure(const Trace& trace, bool auto_scale) {
  if (trace.steps.empty()) return std::nullopt;
  const Step& last = trace.steps.back();
  if (last.values.rank() == 0 || last.values.count() == 0) return std::nullopt;
  if (last.op == ops::subtract.name && last.inputs.size() == 2) {
    return NamedFigure{"heatmap-difference", difference_figure(trace, last)};
  }
  if (std::any_of(trace.steps.begin(), trace.steps.end(), is_weights)) return std::nullopt;
  return NamedFigure{"heatmap", last_steps(trace, auto_scale)};
}

}  // namespace attn_viz::figure
