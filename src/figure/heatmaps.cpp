#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "figure/choose.hpp"
#include "figure/maps.hpp"
#include "figure/results.hpp"
#include "figure/scales.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

/// "layer0/head0/weights" → "heatmaps/layer0-head0-weights".
std::string file_name(std::string id) {
  std::replace(id.begin(), id.end(), '/', '-');
  return "heatmaps/" + id;
}

/// All heads of all layers, with one scale.
Figure overview_of(const Trace& trace, const Group& group, const ColorScale& scale) {
  // The weights of a mechanism that has no heads.
  if (group.weights.size() == 1 && !parse_step_id(group.weights[0]->id).head) {
    return figure_of(trace, *group.weights[0], scale);
  }
  std::vector<OverviewPanel> panels;
  for (const Step* step : group.weights) {
    const StepName name = parse_step_id(step->id);
    panels.push_back({figure_of(trace, *step, scale).panels[0], name.layer.value_or(0),
                      name.head.value_or(panels.size())});
  }
  Figure base = figure_of(trace, *group.weights[0], scale);
  base.subtitle = overview_text(group.meaning, panels);
  return overview(std::move(base), std::move(panels), true);
}

/// Whether every step that is computed is a stage that people look for, also where there are
/// weights: reading a memory compares, weighs (and chooses), then sums.
bool shows_stages(const Trace& trace) {
  return trace.settings.get_or<std::string>("mechanism", "") == "memory";
}

}  // namespace

std::vector<NamedFigure> heatmaps(const Trace& trace, const HeatmapOptions& options) {
  if (is_on_maps(trace)) return map_figures(trace, options);
  std::vector<const Step*> weights;
  for (const Step& step : trace.steps) {
    if (!is_weights(step)) continue;
    verify_weights(trace, step);
    weights.push_back(&step);
  }
  std::vector<NamedFigure> figures;
  if (!weights.empty()) {
    const ColorScale scale = scale_of(trace, "weights", options.auto_scale);
    if (options.query) expect_query(trace, weights, *options.query);
    for (const Group& group : groups_of(weights)) {
      figures.push_back({std::string(group.file), overview_of(trace, group, scale)});
    }
    for (const Step* step : weights) {
      figures.push_back({file_name(step->id), figure_of(trace, *step, scale)});
      if (!has_map(trace, *step)) continue;
      const AxisInfo& queries = *trace.axis(step->values.axes()[0].name);
      const auto asked = options.query ? find_query(queries, *options.query) : std::nullopt;
      const std::size_t query = asked.value_or(usual_query(queries));
      figures.push_back(
          {fmt::format("{}-query{}", file_name(step->id), query),
           patch_map(trace, *step, query, map_scale(weights, query, scale, options.auto_scale))});
    }
  }
  // What the whole is for is drawn always.
  const Step* probabilities = trace.find(kProbabilities);
  if (probabilities != nullptr && !options.all_steps) {
    const ColorScale scale = scale_of(trace, kProbabilities, options.auto_scale);
    figures.push_back({file_name(probabilities->id), figure_of(trace, *probabilities, scale)});
  }
  // A mechanism without weights shows what it computes instead.
  if (auto result = result_figure(trace, options.auto_scale)) figures.push_back(std::move(*result));
  if (!options.all_steps && !weights.empty() && !shows_stages(trace)) return figures;
  std::map<std::string_view, ColorScale> scales;
  for (const Step& step : trace.steps) {
    const bool given =
        step.op == ops::parameter.name || (step.op == ops::input.name && shows_stages(trace));
    const bool asked = options.all_steps || !given;
    if (!is_drawable(step) || !asked || is_weights(step)) continue;
    const std::string_view name = parse_step_id(step.id).step;
    if (scales.count(name) == 0) scales.emplace(name, scale_of(trace, name, options.auto_scale));
    figures.push_back({file_name(step.id), figure_of(trace, step, scales.at(name))});
  }
  return figures;
}

}  // namespace attn_viz::figure
