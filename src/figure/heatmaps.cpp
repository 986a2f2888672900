#include "attn_viz/figure/heatmaps.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "attn_viz/core/error.hpp"
#include "figure/choose.hpp"
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

// ---- figures ----

std::optional<Matrix> scores_matrix(const Trace& trace, const Step& weights) {
  const Step* scores = scores_behind(trace, weights);
  return scores == nullptr ? std::nullopt : std::optional(Matrix(scores->values));
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

bool is_weights(const Step& step) {
  return parse_step_id(step.id).step == "weights";
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
                      .scores = scores_matrix(trace, step),
                      .marked = std::nullopt}},
          .panels_per_row = 1,
          .scale = scale,
          .notes = notes_of(trace, step)};
}

namespace {

/// All heads of all layers, with one scale: a row of panels for each layer, or, of one layer, as
/// many rows as make the figure about as wide as high.
Figure overview(const Trace& trace, const Group& group, const ColorScale& scale) {
  const std::vector<const Step*>& weights = group.weights;
  Figure figure = weights_figure(trace, *weights[0], scale);
  figure.panels.clear();
  std::map<std::size_t, std::size_t> heads_of_layer;
  for (const Step* step : weights) {
    ++heads_of_layer[parse_step_id(step->id).layer.value_or(0)];
    figure.panels.push_back({.title = {},
                             .values = Matrix(step->values),
                             .scores = scores_matrix(trace, *step),
                             .marked = std::nullopt});
  }
  std::size_t heads = 0;
  for (const auto& [layer, count] : heads_of_layer) heads = std::max(heads, count);
  const std::size_t layers = heads_of_layer.size();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const StepName name = parse_step_id(weights[i]->id);
    const std::string head = fmt::format("head {}", name.head.value_or(i));
    figure.panels[i].title =
        layers > 1 ? fmt::format("layer {}, {}", name.layer.value_or(0), head) : head;
  }
  const auto square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(heads))));
  figure.panels_per_row = layers > 1 || heads <= 3 ? heads : std::max<std::size_t>(square, 3);
  if (weights.size() == 1 && !parse_step_id(weights[0]->id).head) {
    // The weights of a mechanism that has no heads.
    figure.panels[0].title = "";
    return figure;
  }
  figure.subtitle =
      fmt::format("{}{} {} head{}", group.meaning, group.meaning.back() == ':' ? "" : " of",
                  weights.size(), weights.size() == 1 ? "" : "s");
  if (layers > 1) figure.subtitle += fmt::format(" in {} layers", layers);
  return figure;
}

}  // namespace

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
  Panel panel{.title = {},
              .values = Matrix::of_row(step.values, query, rows, columns, keys.extra),
              .scores = std::nullopt,
              .marked = std::nullopt};
  if (const Step* scores = scores_behind(trace, step)) {
    panel.scores = Matrix::of_row(scores->values, query, rows, columns, keys.extra);
  }
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

Figure step_figure(const Trace& trace, const Step& step, const ColorScale& scale) {
  const std::vector<Axis>& axes = step.values.axes();
  const bool vector = axes.size() == 1;
  const auto name = [](const Axis& axis, std::string_view of_scores) {
    return axis.name.empty() ? std::string_view("dimension") : of_scores;
  };
  const bool of_labels = axes.back().name == "label";
  const bool of_pairs =
      axes.size() == 2 && !axes[0].name.empty() && !axes[1].name.empty() && !of_labels;
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
      figure.rows = {.name = "query, key", .labels = leading_labels(trace, axes)};
  }
  return figure;
}

namespace {

/// The sum of a row in float64.
double row_sum(const Tensor& tensor, std::size_t row) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    double sum = 0;
    const auto values = tensor.values<decltype(zero)>();
    const std::size_t m = tensor.columns();
    for (const auto value : values.subspan(row * m, m)) sum += static_cast<double>(value);
    return sum;
  });
}

/// Rows of differential attention: the sum of the first map's row minus λ times the second's; with
/// maps whose rows sum to 1, that is 1 − λ.
void verify_difference(const Trace& trace, const Step& weights) {
  const auto bad_inputs =
      Error(ErrorCode::kInvalid, "expected two maps of its shape, and λ").at(weights.id);
  if (weights.inputs.size() != 3) throw bad_inputs;
  const Step& first = trace.steps[weights.inputs[0]];
  const Step& second = trace.steps[weights.inputs[1]];
  const Tensor& number = trace.steps[weights.inputs[2]].values;
  const std::vector<Axis>& axes = weights.values.axes();
  if (first.values.axes() != axes || second.values.axes() != axes || number.count() != 1) {
    throw bad_inputs;
  }
  verify_weights(trace, first);
  verify_weights(trace, second);
  const double lambda = number.at(0);
  const bool wide = weights.values.dtype() == DType::kFloat64;
  const double tolerance = (wide ? 1e-9 : 1e-4) * std::max(1.0, std::abs(lambda));
  for (std::size_t i = 0; i < weights.values.rows(); ++i) {
    const double wanted = row_sum(first.values, i) - lambda * row_sum(second.values, i);
    const double sum = row_sum(weights.values, i);
    if (std::abs(sum - wanted) <= tolerance) continue;
    throw Error(ErrorCode::kInvalid,
                fmt::format("row {}: expected weights with sum {:.6g}, got sum {:.6g}; not drawn",
                            i, wanted, sum))
        .at(weights.id);
  }
}

}  // namespace

void verify_weights(const Trace& trace, const Step& weights) {
  if (weights.op == ops::differential.name) verify_difference(trace, weights);
  const Tensor& a = weights.values;
  const Step* scores = scores_behind(trace, weights);
  const Operation* operation = find_operation(weights.op);
  const bool sums_to_one = operation != nullptr && operation->rows_sum_to_one;
  const auto zero_rows = weights.findings.get_or("zero_rows", std::vector<double>{});
  const double tolerance = a.dtype() == DType::kFloat64 ? 1e-9 : 1e-4;
  const auto refuse = [&](std::size_t row, const std::string& what) {
    throw Error(ErrorCode::kInvalid, fmt::format("row {}: {}; not drawn", row, what))
        .at(weights.id);
  };
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = a.columns();
    for (std::size_t i = 0; i < a.rows(); ++i) {
      const T* row = a.values<T>().data() + i * m;
      const T* row_scores = scores == nullptr ? nullptr : scores->values.values<T>().data() + i * m;
      double sum = 0;
      bool visible = false, leaks = false, outside = false;
      for (std::size_t j = 0; j < m; ++j) {
        sum += static_cast<double>(row[j]);
        const bool masked =
            row_scores != nullptr && row_scores[j] == -std::numeric_limits<T>::infinity();
        visible |= !masked;
        leaks |= masked && row[j] != 0;
        outside |= !(row[j] >= 0 && row[j] <= 1);
      }
      if (leaks) refuse(i, "expected weight 0 where a key is masked");
      if (!sums_to_one) continue;
      if (outside) refuse(i, "expected weights from 0 to 1");
      const bool listed =
          std::find(zero_rows.begin(), zero_rows.end(), static_cast<double>(i)) != zero_rows.end();
      visible &= !listed;
      if (std::abs(sum - (visible ? 1 : 0)) > tolerance) {
        refuse(i,
               fmt::format("expected weights with sum {}, got sum {:.6g}", visible ? 1 : 0, sum));
      }
    }
  });
}

std::vector<NamedFigure> heatmaps(const Trace& trace, const HeatmapOptions& options) {
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
      figures.push_back({std::string(group.file), overview(trace, group, scale)});
    }
    for (const Step* step : weights) {
      figures.push_back({file_name(step->id), weights_figure(trace, *step, scale)});
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
    figures.push_back({file_name(probabilities->id), step_figure(trace, *probabilities, scale)});
  }
  // A mechanism without weights shows what it computes instead.
  if (auto result = result_figure(trace, options.auto_scale)) figures.push_back(std::move(*result));
  if (!options.all_steps && !weights.empty()) return figures;
  std::map<std::string_view, ColorScale> scales;
  for (const Step& step : trace.steps) {
    const bool drawable = step.values.rank() >= 1 && step.values.count() > 0;
    const bool asked = options.all_steps || step.op != ops::parameter.name;
    if (!drawable || !asked || is_weights(step)) continue;
    const std::string_view name = parse_step_id(step.id).step;
    if (scales.count(name) == 0) scales.emplace(name, scale_of(trace, name, options.auto_scale));
    figures.push_back({file_name(step.id), step_figure(trace, step, scales.at(name))});
  }
  return figures;
}

}  // namespace attn_viz::figure
