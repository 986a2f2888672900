#include "attn_viz/analysis/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "attn_viz/analysis/measures.hpp"
#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/visibility.hpp"

namespace attn_viz::analysis {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

/// The steps of weights of one layer's self- or only attention.
std::vector<const Step*> weights_of(const Trace& trace, std::size_t layer,
                                    std::optional<std::size_t> head) {
  std::vector<const Step*> steps;
  for (const Step& step : trace.steps) {
    const StepName name = parse_step_id(step.id);
    if (name.step != "weights" || name.layer != layer || name.encoder || name.cross) continue;
    if (!head || name.head == head) steps.push_back(&step);
  }
  if (steps.empty()) {
    const std::string what = head ? fmt::format("head {} in layer {}", *head, layer)
                                  : fmt::format("layer {} with attention weights", layer);
    throw Error(ErrorCode::kInvalid, fmt::format("there is no {}", what));
  }
  return steps;
}

/// The mean over heads; a cell that every head has masked stays masked.
Tensor mean_weights(const Trace& trace, const std::vector<const Step*>& heads) {
  const Tensor& first = heads[0]->values;
  Tensor mean(DType::kFloat64, first.axes());
  const auto out = mean.values<double>();
  std::fill(out.begin(), out.end(), 0.0);
  std::vector<std::size_t> masked(out.size());
  for (const Step* step : heads) {
    const Visibility visibility = visibility_of(trace, *step);
    dispatch(step->values.dtype(), [&](auto zero) {
      using T = decltype(zero);
      const auto weights = step->values.values<T>();
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += static_cast<double>(weights[i]);
      if (visibility.step == nullptr) return;
      const auto told = visibility.step->values.values<T>();
      for (std::size_t i = 0; i < out.size(); ++i) masked[i] += visibility.hides(told[i]);
    });
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = masked[i] == heads.size() ? kMasked : out[i] / static_cast<double>(heads.size());
  }
  return mean;
}

/// A row with 0 for masked cells, and how many are not masked.
struct VisibleRow {
  std::vector<double> weights;
  std::size_t visible = 0;
  double sum = 0;
  bool negative = false;
};

VisibleRow visible_row(const Tensor& weights, std::size_t row) {
  const std::size_t m = weights.columns();
  VisibleRow visible{.weights = std::vector<double>(m)};
  const auto values = weights.values<double>().subspan(row * m, m);
  for (std::size_t j = 0; j < m; ++j) {
    if (values[j] == kMasked) continue;
    visible.weights[j] = values[j];
    visible.sum += values[j];
    visible.negative |= values[j] < 0;
    ++visible.visible;
  }
  return visible;
}

/// Whether a row is a distribution, which entropy is defined for.
bool is_distribution(const VisibleRow& row) {
  constexpr double kTolerance = 1e-4;  // of float32
  return !row.negative && std::abs(row.sum - 1) <= kTolerance;
}

/// A row that sees no key or whose weights are all 0.
bool is_empty(const VisibleRow& row) {
  return std::all_of(row.weights.begin(), row.weights.end(), [](double p) { return p == 0; });
}

void measure(Variant& variant) {
  double sum = 0, normalized = 0, largest = 0;
  std::size_t rows = 0;
  bool distribution = true;
  for (std::size_t i = 0; i < variant.weights.rows(); ++i) {
    const VisibleRow row = visible_row(variant.weights, i);
    if (is_empty(row)) {
      ++variant.empty_rows;
      continue;
    }
    ++rows;
    largest += row.weights[argmax(row.weights)];
    distribution = distribution && is_distribution(row);
    if (!distribution) continue;
    const double nats = entropy(row.weights);
    sum += nats;
    // One visible key leaves nothing to choose.
    normalized += row.visible > 1 ? nats / std::log(static_cast<double>(row.visible)) : 0;
  }
  const auto count = static_cast<double>(rows);
  if (rows == 0) return;
  variant.largest = largest / count;
  if (!distribution) return;
  variant.entropy = sum / count;
  variant.normalized_entropy = normalized / count;
}

Pair pair_of(const std::vector<Variant>& variants, std::size_t first, std::size_t second) {
  const Variant &a = variants[first], &b = variants[second];
  Pair pair{
      .first = first, .second = second, .difference = Tensor(DType::kFloat64, a.weights.axes())};
  const auto out = pair.difference.values<double>();
  const std::size_t m = a.weights.columns();
  const bool distributions = a.entropy && b.entropy;
  double divergence = 0;
  std::size_t rows = 0, agreeing = 0;
  for (std::size_t i = 0; i < a.weights.rows(); ++i) {
    const VisibleRow p = visible_row(a.weights, i), q = visible_row(b.weights, i);
    for (std::size_t j = 0; j < m; ++j) {
      out[i * m + j] = q.weights[j] - p.weights[j];
      pair.largest = std::max(pair.largest, std::abs(out[i * m + j]));
    }
    if (is_empty(p) || is_empty(q)) {
      ++pair.skipped_rows;
      continue;
    }
    ++rows;
    agreeing += argmax(p.weights) == argmax(q.weights);
    if (distributions) divergence += jensen_shannon(p.weights, q.weights);
  }
  if (rows == 0) return pair;
  pair.agreement = static_cast<double>(agreeing) / static_cast<double>(rows);
  if (distributions) pair.jensen_shannon = divergence / static_cast<double>(rows);
  return pair;
}

}  // namespace

Variant variant_of(const Trace& trace, std::string name, std::size_t layer,
                   std::optional<std::size_t> head) {
  const std::vector<const Step*> heads = weights_of(trace, layer, head);
  Variant variant{
      .name = std::move(name), .weights = mean_weights(trace, heads), .heads = heads.size()};
  measure(variant);
  return variant;
}

std::vector<std::string> notes_on_heads(const std::vector<Variant>& variants) {
  std::vector<std::string> notes;
  const std::size_t heads = variants[0].heads;
  const bool alike = std::all_of(variants.begin(), variants.end(),
                                 [&](const Variant& one) { return one.heads == heads; });
  if (alike && heads > 1) {
    notes.push_back(fmt::format("Weights are the mean over {} heads.", heads));
  }
  for (const Variant& variant : variants) {
    if (alike || variant.heads == 1) continue;
    notes.push_back(fmt::format("{}: the mean over {} heads.", variant.name, variant.heads));
  }
  return notes;
}

Comparison compare(std::vector<Variant> variants) {
  Comparison comparison{.variants = std::move(variants)};
  const std::vector<Variant>& all = comparison.variants;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].weights.shape() != all[0].weights.shape()) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("\"{}\" has weights {}, \"{}\" has {}: they cannot be compared",
                              all[0].name, shape_text(all[0].weights.shape()), all[i].name,
                              shape_text(all[i].weights.shape())));
    }
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      comparison.pairs.push_back(pair_of(all, i, j));
    }
  }
  return comparison;
}

}  // namespace attn_viz::analysis
