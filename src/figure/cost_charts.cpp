#include "attn_viz/figure/cost_charts.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace attn_viz::figure {
namespace {

using analysis::Count;
using analysis::Growth;
using analysis::LayerCost;
using analysis::LayerGrowth;

/// Layers with the same numbers.
struct Alike {
  std::string names, term;
  const LayerGrowth* layer;
};

std::vector<Alike> layers_alike(const Growth& growth, std::string LayerGrowth::*term,
                                Count LayerCost::*quantity) {
  std::vector<Alike> all;
  for (const LayerGrowth& layer : growth.layers) {
    const auto same = std::find_if(all.begin(), all.end(), [&](const Alike& one) {
      return one.term == layer.*term &&
             std::equal(layer.costs.begin(), layer.costs.end(), one.layer->costs.begin(),
                        [&](const LayerCost& a, const LayerCost& b) {
                          return a.*quantity == b.*quantity;
                        });
    });
    if (same != all.end())
      same->names += ", " + layer.name;
    else
      all.push_back({layer.name, layer.*term, &layer});
  }
  return all;
}

Chart growth_chart(const Growth& growth, Theme theme, std::string LayerGrowth::*term,
                   Count LayerCost::*quantity) {
  Chart chart;
  chart.theme = theme;
  chart.subtitle =
      fmt::format("One layer, leading terms: d = {}, H = {}, k = {}, r = {}",
                  Count(growth.sizes.width).text(), Count(growth.sizes.heads).text(),
                  Count(growth.sizes.kernel).text(), Count(growth.sizes.neighbourhood).text());
  chart.x = {.name = "length of the input n", .logarithmic = true};
  for (const Alike& alike : layers_alike(growth, term, quantity)) {
    ChartSeries series{.name = fmt::format("{}: {}", alike.names, alike.term), .points = {}};
    for (std::size_t i = 0; i < growth.sizes.lengths.size(); ++i) {
      const Count value = alike.layer->costs[i].*quantity;
      if (value == Count(0)) continue;  // a logarithmic axis has no place for it
      series.points.push_back({static_cast<double>(growth.sizes.lengths[i]), value.approximate()});
    }
    if (series.points.empty())
      chart.notes.push_back(fmt::format("{}: nothing is kept.", alike.names));
    else
      chart.series.push_back(std::move(series));
  }
  return chart;
}

}  // namespace

Chart multiply_adds_chart(const Growth& growth, Theme theme) {
  Chart chart = growth_chart(growth, theme, &LayerGrowth::multiply_adds, &LayerCost::multiply_adds);
  chart.title = "Multiply-adds of a layer and the length of its input";
  chart.y = {.name = "multiply-adds", .logarithmic = true};
  const analysis::Crossover& crossover = growth.crossovers.front();
  chart.marks.push_back({{crossover.length.approximate(), crossover.multiply_adds.approximate()},
                         fmt::format("{} = {}: {} = {}", crossover.term, crossover.length.text(),
                                     crossover.first, crossover.second)});
  return chart;
}

Chart memory_chart(const Growth& growth, Theme theme) {
  Chart chart = growth_chart(growth, theme, &LayerGrowth::memory, &LayerCost::memory);
  chart.title = "Numbers that a layer keeps beside inputs and outputs";
  chart.y = {.name = "numbers: weights of all heads, or a state", .logarithmic = true};
  return chart;
}

}  // namespace attn_viz::figure
