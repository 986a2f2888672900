#include "attn_viz/figure/comparison.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attn_viz::figure {
namespace {

/// The axes of the weights, as in any figure of them.
LabelledAxis labelled(const Trace& trace, const Axis& axis, std::string name) {
  const AxisInfo* info = trace.axis(axis.name);
  return {.name = std::move(name),
          .labels = info == nullptr ? std::vector<std::string>{} : info->labels};
}

bool any_masked(const analysis::Comparison& comparison) {
  const auto masked = [](double value) { return std::isinf(value); };
  return std::any_of(comparison.variants.begin(), comparison.variants.end(), [&](const auto& one) {
    const auto values = one.weights.template values<double>();
    return std::any_of(values.begin(), values.end(), masked);
  });
}

Figure frame(const analysis::Comparison& comparison, const Trace& trace, std::string subtitle,
             std::size_t panels) {
  const std::vector<Axis>& axes = comparison.variants[0].weights.axes();
  Figure figure;
  figure.title = trace.title;
  figure.subtitle = std::move(subtitle);
  figure.rows = labelled(trace, axes[0], "queries");
  figure.columns = labelled(trace, axes[1], "keys");
  // Up to four side by side; more as a square.
  const auto square = static_cast<std::size_t>(std::ceil(std::sqrt(static_cast<double>(panels))));
  figure.panels_per_row = panels <= 4 ? panels : square;
  return figure;
}

/// One scale for all weights: 0 to 1, unless some are negative or larger.
ColorScale scale_of_weights(const analysis::Comparison& comparison) {
  double low = 0, high = 0;
  for (const analysis::Variant& variant : comparison.variants) {
    for (const double value : variant.weights.values<double>()) {
      if (std::isinf(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  const double size = std::max({-low, high, 1.0});
  if (low < 0) {
    return {ColorMap::kDiverging, -size, size,
            fmt::format("weight, ±{:.3g} (it may be negative), one scale for all", size)};
  }
  return {ColorMap::kViridis, 0, size, fmt::format("weight, 0 to {:.3g}, one scale for all", size)};
}

}  // namespace

Figure variants_figure(const analysis::Comparison& comparison, const Trace& trace) {
  Figure figure =
      frame(comparison, trace, "Attention weights under each setting", comparison.variants.size());
  figure.scale = scale_of_weights(comparison);
  figure.notes = analysis::notes_on_heads(comparison.variants);
  for (const analysis::Variant& variant : comparison.variants) {
    figure.panels.push_back({.title = variant.name, .values = Matrix(variant.weights)});
  }
  return figure;
}

std::optional<Figure> differences_figure(const analysis::Comparison& comparison,
                                         const Trace& trace) {
  if (comparison.pairs.empty()) return std::nullopt;
  Figure figure = frame(comparison, trace, "Differences between the weights, second minus first",
                        comparison.pairs.size());
  double size = 0;
  for (const analysis::Pair& pair : comparison.pairs) {
    size = std::max(size, pair.largest);
    figure.panels.push_back({.title = fmt::format("{} − {}", comparison.variants[pair.second].name,
                                                  comparison.variants[pair.first].name),
                             .values = Matrix(pair.difference)});
  }
  figure.scale = {ColorMap::kDiverging, size > 0 ? -size : -1, size > 0 ? size : 1,
                  size > 0
                      ? fmt::format("difference, ± the largest ({:.3g}), one scale for all", size)
                      : "difference: all are 0"};
  figure.notes = analysis::notes_on_heads(comparison.variants);
  if (any_masked(comparison)) figure.notes.push_back("A masked weight counts as 0.");
  return figure;
}

}  // namespace attn_viz::figure
