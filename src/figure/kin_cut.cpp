// The queries and keys that were chosen.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "attn_viz/figure/places.hpp"
#include "figure/kin.hpp"
#include "figure/step_figures.hpp"

namespace attn_viz::figure {
namespace {

Error misfit(const std::string& option, const std::string& message) {
  return Error(ErrorCode::kUsage, message).at(option);
}

std::vector<std::string> labels_of(const Trace& trace, const Axis& axis) {
  const AxisInfo* info = trace.axis(axis.name);
  if (info != nullptr) return info->labels;
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < axis.size; ++i) labels.push_back(std::to_string(i));
  return labels;
}

/// The columns with the largest sums over the rows and maps that are drawn, in their order.
std::vector<std::size_t> strongest(const Kin& kin, std::size_t count) {
  const Matrix& first = kin.maps[0].figure.panels[0].values;
  std::vector<double> sums(first.columns()), row(first.columns());
  for (const Map& map : kin.maps) {
    const Matrix& values = map.figure.panels[0].values;
    const std::size_t rows = kin.queries.empty() ? values.rows() : kin.queries.size();
    for (std::size_t i = 0; i < rows; ++i) {
      values.read_row(kin.queries.empty() ? i : kin.queries[i], row.data());
      for (std::size_t j = 0; j < row.size(); ++j) sums[j] += row[j];
    }
  }
  std::vector<std::size_t> order(sums.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return sums[a] > sums[b]; });
  order.resize(std::min(count, order.size()));
  std::sort(order.begin(), order.end());
  return order;
}

void choose_places(const Trace& trace, const Selection& selection, Kin& kin) {
  const Step& step = *kin.maps[0].step;
  const std::vector<Axis>& axes = step.values.axes();
  const bool pairs = is_of_pairs(step);
  const auto refuse = [&](const char* option, const char* lack) {
    return misfit(option, fmt::format("the step \"{}\" {}", step.id, lack));
  };
  if (!selection.queries.empty()) {
    if (axes.size() != 2 || axes[0].name.empty())
      throw refuse("--query", "has no row for each query");
    kin.queries = places_of(selection.queries, labels_of(trace, axes[0]), "query");
  }
  if (!selection.keys.empty() && selection.top)
    throw misfit("--top", "the strongest keys, or those of --key; not both");
  if (!selection.keys.empty()) {
    if (!pairs) throw refuse("--key", "has no column for each key");
    kin.keys = places_of(selection.keys, labels_of(trace, axes[1]), "key");
  }
  if (selection.top) {
    if (!is_weights(step))
      throw refuse("--top", "holds no weights, which tell strong keys from weak");
    kin.keys = strongest(kin, *selection.top);
  }
}

/// How much of the weight of the drawn queries the drawn keys have.
double share(const Kin& kin, const Map& map) {
  const Matrix& values = map.figure.panels[0].values;
  const std::set<std::size_t> kept(kin.keys.begin(), kin.keys.end());
  std::vector<double> row(values.columns());
  double all = 0, drawn = 0;
  const std::size_t rows = kin.queries.empty() ? values.rows() : kin.queries.size();
  for (std::size_t i = 0; i < rows; ++i) {
    values.read_row(kin.queries.empty() ? i : kin.queries[i], row.data());
    for (std::size_t j = 0; j < row.size(); ++j) all += std::abs(row[j]);
    for (const std::size_t j : kept) drawn += std::abs(row[j]);
  }
  return all > 0 ? drawn / all : 0;
}

std::vector<std::string> picked(const std::vector<std::string>& labels,
                                const std::vector<std::size_t>& places) {
  if (places.empty()) return labels;
  std::vector<std::string> some;
  for (const std::size_t place : places)
    some.push_back(labels.empty() ? std::to_string(place) : labels[place]);
  return some;
}

std::string cut_note(const Kin& kin, const Selection& selection, std::size_t queries,
                     std::size_t keys, double weight_share) {
  std::string note;
  if (!kin.queries.empty() && kin.queries.size() < queries)
    note = fmt::format("{} of {} queries", kin.queries.size(), queries);
  if (!kin.keys.empty() && kin.keys.size() < keys) {
    note += fmt::format("{}{} of {} keys", note.empty() ? "" : ", ", kin.keys.size(), keys);
    if (selection.top)
      note += kin.maps.size() > 1
                  ? ": the strongest by total weight over all that is drawn, in their order"
                  : ": the strongest by total weight, in their order";
    if (weight_share >= 0)
      note += fmt::format("; these keys have {:.2g} of the weight", weight_share);
  }
  return note.empty() ? note : note + ".";
}

}  // namespace

std::string cut_to_chosen(const Trace& trace, const Selection& selection, Kin& kin) {
  choose_places(trace, selection, kin);
  if (kin.queries.empty() && kin.keys.empty()) return {};
  const bool weights = is_weights(*kin.maps[0].step);
  const std::size_t queries = kin.maps[0].figure.panels[0].values.rows();
  const std::size_t keys = kin.maps[0].figure.panels[0].values.columns();
  double total = 0;
  for (Map& map : kin.maps) {
    const double part = weights ? share(kin, map) : -1;
    total += part;
    Figure& figure = map.figure;
    Panel& panel = figure.panels[0];
    panel.values = panel.values.part(kin.queries, kin.keys);
    if (panel.scores) panel.scores = panel.scores->part(kin.queries, kin.keys);
    figure.rows.labels = picked(figure.rows.labels, kin.queries);
    figure.columns.labels = picked(figure.columns.labels, kin.keys);
    const std::string note = cut_note(kin, selection, queries, keys, part);
    if (!note.empty()) figure.notes.insert(figure.notes.begin(), note);
  }
  return cut_note(kin, selection, queries, keys,
                  weights ? total / static_cast<double>(kin.maps.size()) : -1);
}

}  // namespace attn_viz::figure
