#include "figure/step_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "attn_viz/ops/operation.hpp"
#include "attn_viz/trace/visibility.hpp"

namespace attn_viz::figure {
namespace {

std::string subtitle_of(const Step& step) {
  const std::string& text = step.equation.empty() ? step.symbol : step.equation;
  return fmt::format("{}    {}", describe(step), text);
}

/// The labels of one axis of a step, under the name of what stands there.
LabelledAxis labelled(const Trace& trace, const Axis& axis, std::string_view name) {
  const AxisInfo* info = axis.name.empty() ? nullptr : trace.axis(axis.name);
  LabelledAxis labelled{.name = std::string(name), .labels = {}};
  if (info != nullptr) labelled.labels = info->labels;
  return labelled;
}

/// A label for each row of a nest of more than two axes: "red, green" for every query and key.
std::vector<std::string> leading_labels(const Trace& trace, const std::vector<Axis>& axes) {
  std::vector<std::string> rows{""};
  for (std::size_t axis = 0; axis + 1 < axes.size(); ++axis) {
    const std::vector<std::string> labels = labelled(trace, axes[axis], "").labels;
    std::vector<std::string> longer;
    for (const std::string& row : rows) {
      for (std::size_t i = 0; i < axes[axis].size; ++i) {
        longer.push_back((row.empty() ? "" : row + ", ") +
                         (labels.empty() ? std::to_string(i) : labels[i]));
      }
    }
    rows = std::move(longer);
  }
  return rows;
}

/// As scores_of; `cut` takes the part of a tensor that is drawn.
template <class Cut>
std::optional<Matrix> cut_scores(const Trace& trace, const Step& weights, Cut cut) {
  const Visibility visibility = visibility_of(trace, weights);
  if (visibility.step == nullptr) return std::nullopt;
  const Matrix told = cut(visibility.step->values);
  return visibility.is_mask ? told.as_mask() : told;
}

/// The labels of the rows that a step lists in a finding: "red, green and 3 more"; "" if none.
std::string listed_rows(const Trace& trace, const Step& step, std::string_view finding) {
  const auto listed = step.findings.get_or(finding, std::vector<double>{});
  std::string rows;
  const AxisInfo* axis = trace.axis(step.values.axes()[0].name);
  constexpr std::size_t kNamed = 5;
  for (std::size_t i = 0; i < std::min(kNamed, listed.size()); ++i) {
    const auto row = static_cast<std::size_t>(listed[i]);
    rows += (i == 0 ? "" : ", ") + (axis == nullptr ? std::to_string(row) : axis->labels[row]);
  }
  if (listed.size() > kNamed) rows += fmt::format(" and {} more", listed.size() - kNamed);
  return rows;
}

std::vector<std::string> notes_of(const Trace& trace, const Step& step) {
  std::vector<std::string> notes;
  if (step.op == ops::differential.name) return notes_of(trace, trace.steps[step.inputs[0]]);
  const std::string empty = listed_rows(trace, step, "empty_rows");
  const std::string zero = listed_rows(trace, step, "zero_rows");
  if (!empty.empty()) {
    notes.push_back(fmt::format("No key is visible to: {}; all its weights are 0.", empty));
  }
  if (!zero.empty()) {
    notes.push_back(fmt::format("No score is positive for: {}; all its weights are 0.", zero));
  }
  return notes;
}

}  // namespace

std::optional<Matrix> scores_of(const Trace& trace, const Step& weights) {
  return cut_scores(trace, weights, [](const Tensor& all) { return Matrix(all); });
}

bool is_weights(const Step& step) {
  return parse_step_id(step.id).step == "weights";
}

bool is_drawable(const Step& step) {
  return step.values.rank() >= 1 && step.values.count() > 0;
}

bool is_of_pairs(const Step& step) {
  const std::vector<Axis>& axes = step.values.axes();
  return axes.size() == 2 && !axes[0].name.empty() && !axes[1].name.empty() &&
         axes[1].name != "label";
}

std::string describe(const Step& step) {
  const StepName name = parse_step_id(step.id);
  std::string place;
  if (name.layer) place = fmt::format("Layer {}", *name.layer);
  if (name.encoder) place = name.layer ? fmt::format("Encoder, layer {}", *name.layer) : "Encoder";
  if (name.cross) place += ", cross-attention";
  if (name.head) place += fmt::format(", head {}", *name.head);
  return fmt::format("{}{}{}", place, place.empty() ? "" : ": ", name.step);
}

Figure weights_figure(const Trace& trace, const Step& step, const ColorScale& scale) {
  // Of an encoder and a decoder: the words that are written, and those that are read.
  const bool aligned = step.values.axes()[0].name == "target";
  return {.title = trace.title,
          .subtitle = subtitle_of(step),
          .rows = labelled(trace, step.values.axes()[0], aligned ? "target" : "queries"),
          .columns = labelled(trace, step.values.axes()[1], aligned ? "source" : "keys"),
          .panels = {{.title = {},
                      .values = Matrix(step.values),
                      .scores = scores_of(trace, step),
                      .marked = std::nullopt}},
          .panels_per_row = 1,
          .scale = scale,
          .notes = notes_of(trace, step)};
}

Figure step_figure(const Trace& trace, const Step& step, const ColorScale& scale) {
  const std::vector<Axis>& axes = step.values.axes();
  // A row of its own, such as joined answers, is named by its symbol, as a vector is.
  const bool one_row = axes.size() == 2 && axes[0].size == 1 && axes[0].name.empty();
  const bool vector = axes.size() == 1 || one_row;
  const auto name = [](const Axis& axis, std::string_view of_scores) {
    return axis.name.empty() ? std::string_view("dimension") : of_scores;
  };
  const bool of_labels = axes.back().name == "label";
  const bool of_pairs = is_of_pairs(step);
  Figure figure{.title = trace.title,
                .subtitle = subtitle_of(step),
                .rows = {},
                .columns = labelled(trace, axes.back(),
                                    name(axes.back(), of_pairs    ? "keys"
                                                      : of_labels ? "label"
                                                                  : "token")),
                .panels = {{.title = {},
                            .values = Matrix(step.values),
                            .scores = std::nullopt,
                            .marked = std::nullopt}},
                .panels_per_row = 1,
                .scale = scale,
                .notes = {}};
  if (vector) {
    figure.rows = {.name = "", .labels = {step.symbol}};
  } else {
    figure.rows = labelled(trace, axes[0], name(axes[0], of_pairs ? "queries" : axes[0].name));
    if (axes.size() > 2)
      figure.rows = {.name = axes[1].name.empty() ? "token, dimension" : "query, key",
                     .labels = leading_labels(trace, axes)};
  }
  return figure;
}

Figure figure_of(const Trace& trace, const Step& step, const ColorScale& scale) {
  return is_weights(step) ? weights_figure(trace, step, scale) : step_figure(trace, step, scale);
}

std::string overview_text(std::string_view meaning, const std::vector<OverviewPanel>& panels) {
  std::set<std::size_t> layers;
  for (const OverviewPanel& panel : panels) layers.insert(panel.layer);
  std::string text = fmt::format("{}{} {} head{}", meaning, meaning.back() == ':' ? "" : " of",
                                 panels.size(), panels.size() == 1 ? "" : "s");
  if (layers.size() > 1) text += fmt::format(" in {} layers", layers.size());
  return text;
}

Figure overview(Figure base, std::vector<OverviewPanel> panels, bool has_heads) {
  std::set<std::size_t> layers, heads;
  for (const OverviewPanel& each : panels) {
    layers.insert(each.layer);
    heads.insert(each.head);
  }
  base.panels.clear();
  const bool grid = has_heads && layers.size() > 1;
  for (OverviewPanel& each : panels) {
    each.panel.title = !has_heads ? fmt::format("layer {}", each.layer)
                       : grid     ? fmt::format("layer {}, head {}", each.layer, each.head)
                                  : fmt::format("head {}", each.head);
  }
  if (!grid) {
    const std::size_t count = panels.size();
    const auto square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(count))));
    base.panels_per_row = count <= 3 ? count : count == 4 ? 2 : std::max<std::size_t>(square, 3);
    for (OverviewPanel& each : panels) base.panels.push_back(std::move(each.panel));
    return base;
  }
  base.panels_per_row = heads.size();
  base.panel_rows.name = "layer";
  base.panel_columns.name = "head";
  for (const std::size_t head : heads) base.panel_columns.labels.push_back(std::to_string(head));
  for (const std::size_t layer : layers) {
    base.panel_rows.labels.push_back(std::to_string(layer));
    for (const std::size_t head : heads) {
      const auto found = std::find_if(panels.begin(), panels.end(), [&](const OverviewPanel& each) {
        return each.layer == layer && each.head == head;
      });
      if (found == panels.end()) {
        base.panels.push_back({.title = {}, .values = panels[0].panel.values, .blank = true});
      } else {
        base.panels.push_back(found->panel);
      }
    }
  }
  return base;
}

Figure patch_map(const Trace& trace, const Step& step, std::size_t query, const ColorScale& scale) {
  const AxisInfo& keys = *trace.axis(step.values.axes()[1].name);
  const auto [rows, columns] = *keys.grid;
  const AxisInfo& queries = *trace.axis(step.values.axes()[0].name);
  Figure figure{.title = trace.title,
                .subtitle = fmt::format("{} of query {} {}", describe(step),
                                        queries.grid && query >= queries.extra ? "patch" : "token",
                                        queries.labels[query]),
                .rows = {.name = "patch row", .labels = {}},
                .columns = {.name = "patch column", .labels = {}},
                .panels = {},
                .panels_per_row = 1,
                .scale = scale,
                .notes = {}};
  const auto folded = [&, rows = rows, columns = columns](const Tensor& all) {
    return Matrix::of_row(all, query, rows, columns, keys.extra);
  };
  Panel panel{.title = {},
              .values = folded(step.values),
              .scores = cut_scores(trace, step, folded),
              .marked = std::nullopt};
  const bool same_sequence = step.values.axes()[0].name == step.values.axes()[1].name;
  if (same_sequence && query >= keys.extra) {
    panel.marked = {(query - keys.extra) / columns, (query - keys.extra) % columns};
    figure.notes.push_back("The outlined patch is the query.");
  }
  if (keys.extra > 0) {
    double elsewhere = 0;
    for (std::size_t j = 0; j < keys.extra; ++j) elsewhere += step.values.at(query, j);
    figure.notes.push_back(fmt::format(
        "Left out of the map: {}{}, with {:.2g} of the weights. Nothing is rescaled.",
        keys.labels[0], keys.extra > 1 ? " to " + keys.labels[keys.extra - 1] : "", elsewhere));
  }
  figure.panels.push_back(std::move(panel));
  return figure;
}

}  // namespace attn_viz::figure
