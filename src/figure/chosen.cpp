#include "attn_viz/figure/chosen.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/verify.hpp"
#include "figure/choose.hpp"
#include "figure/scales.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

bool has_values(const Step& step) {
  return step.values.rank() > 0 && step.values.count() > 0;
}

/// Steps that can stand side by side: the same step, of the same kind of layer, over the same axes.
bool belong_together(const Step& a, const Step& b) {
  const StepName x = parse_step_id(a.id), y = parse_step_id(b.id);
  return std::tie(x.step, x.encoder, x.cross) == std::tie(y.step, y.encoder, y.cross) &&
         a.values.axes() == b.values.axes();
}

/// Groups in the order of their first steps.
std::vector<std::vector<const Step*>> grouped(const std::vector<const Step*>& steps) {
  std::vector<std::vector<const Step*>> groups;
  for (const Step* step : steps) {
    if (!has_values(*step)) continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const auto& known) {
      return belong_together(*known[0], *step);
    });
    if (group == groups.end())
      groups.push_back({step});
    else
      group->push_back(step);
  }
  return groups;
}

/// One query's row, under its label.
Figure query_row(const Trace& trace, const Step& step, std::size_t query, const ColorScale& scale) {
  Figure figure =
      is_weights(step) ? weights_figure(trace, step, scale) : step_figure(trace, step, scale);
  const std::size_t columns = step.values.columns();
  figure.rows.labels = {trace.axis(step.values.axes()[0].name)->labels[query]};
  Panel& panel = figure.panels[0];
  panel.values = Matrix::of_row(step.values, query, 1, columns);
  if (panel.scores) panel.scores = panel.scores->part({query}, {});
  return figure;
}

/// @throws Error kInvalid if the rows of the step are no queries, or it has not this one
std::size_t expect_query_of(const Trace& trace, const Step& step, const std::string& wanted) {
  const auto& axes = step.values.axes();
  const AxisInfo* queries = axes.size() == 2 ? trace.axis(axes[0].name) : nullptr;
  if (queries == nullptr) {
    throw Error(ErrorCode::kInvalid, "its rows are no queries, so none of them can be chosen")
        .at(step.id);
  }
  if (const auto query = find_query(*queries, wanted)) return *query;
  std::vector<std::string_view> labels(queries->labels.begin(), queries->labels.end());
  Error error(ErrorCode::kInvalid,
              fmt::format("there is no query \"{}\"; expected an index from 0 to {} or a label{}",
                          wanted, labels.size() - 1, queries->grid ? " (row,column)" : ""));
  const std::string_view near = nearest_name(wanted, labels);
  if (!near.empty() && !queries->grid) error.hint(fmt::format("did you mean \"{}\"?", near));
  throw error;
}

Figure figure_of(const Trace& trace, const Step& step, const ChosenOptions& options,
                 const ColorScale& scale) {
  if (options.query) {
    const std::size_t query = expect_query_of(trace, step, *options.query);
    const bool map = is_weights(step) && has_map(trace, step);
    return map ? patch_map(trace, step, query, scale) : query_row(trace, step, query, scale);
  }
  return is_weights(step) ? weights_figure(trace, step, scale) : step_figure(trace, step, scale);
}

/// "layer 0, head 1", or what of it tells the panels apart.
std::string panel_title(const Step& step, bool with_layer) {
  const StepName name = parse_step_id(step.id);
  std::string title;
  if (with_layer && name.layer) title = fmt::format("layer {}", *name.layer);
  if (name.head) title += fmt::format("{}head {}", title.empty() ? "" : ", ", *name.head);
  return title;
}

/// "Layers 0 to 2, heads 0 to 1: weights    A = softmax(S)".
std::string group_subtitle(const std::vector<const Step*>& group, std::size_t layers) {
  std::set<std::size_t> heads;
  bool same_equation = true;
  for (const Step* step : group) {
    if (const auto head = parse_step_id(step->id).head) heads.insert(*head);
    same_equation &= step->equation == group[0]->equation;
  }
  const StepName first = parse_step_id(group[0]->id);
  std::string text = first.encoder ? "Encoder, " : "";
  if (layers > 1)
    text += fmt::format("{} layers", layers);
  else if (first.layer)
    text += fmt::format("layer {}", *first.layer);
  if (first.cross) text += ", cross-attention";
  if (heads.size() > 1) text += fmt::format(", {} heads", heads.size());
  if (heads.size() == 1) text += fmt::format(", head {}", *heads.begin());
  if (text[0] == 'l') text[0] = 'L';
  text += fmt::format(": {}", first.step);
  if (same_equation && !group[0]->equation.empty()) text += "    " + group[0]->equation;
  return text;
}

Figure group_figure(const Trace& trace, const std::vector<const Step*>& group,
                    const ChosenOptions& options, const ColorScale& scale) {
  Figure figure = figure_of(trace, *group[0], options, scale);
  if (group.size() == 1) return figure;
  std::set<std::size_t> layers;
  for (const Step* step : group) layers.insert(parse_step_id(step->id).layer.value_or(0));
  figure.panels.clear();
  for (const Step* step : group) {
    Figure one = figure_of(trace, *step, options, scale);
    one.panels[0].title = panel_title(*step, layers.size() > 1);
    figure.panels.push_back(std::move(one.panels[0]));
    for (std::string& note : one.notes) {
      // Notes that hold for one head only name it.
      const bool known =
          std::find(figure.notes.begin(), figure.notes.end(), note) != figure.notes.end();
      if (!known) figure.notes.push_back(describe(*step) + ": " + note);
    }
  }
  figure.panels_per_row =
      layers.size() > 1 ? (group.size() + layers.size() - 1) / layers.size() : group.size();
  figure.subtitle = group_subtitle(group, layers.size());
  if (options.query) figure.subtitle += fmt::format(", of query {}", *options.query);
  return figure;
}

}  // namespace

std::vector<Figure> chosen_figures(const Trace& trace, const std::vector<const Step*>& steps,
                                   const ChosenOptions& options) {
  for (const Step* step : steps) {
    verify_weights(trace, *step);
  }
  std::vector<Figure> figures;
  for (const auto& group : grouped(steps)) {
    const ColorScale scale = scale_of(trace, parse_step_id(group[0]->id).step, options.auto_scale);
    figures.push_back(group_figure(trace, group, options, scale));
  }
  if (figures.empty() && !steps.empty()) {
    throw Error(ErrorCode::kInvalid, "it has no values to draw").at(steps[0]->id);
  }
  return figures;
}

}  // namespace attn_viz::figure
