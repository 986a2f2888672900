// The names of figures.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/figure/heatmaps.hpp"

namespace attn_viz::figure {

inline std::vector<std::string> names_of(const std::vector<NamedFigure>& figures) {
  std::vector<std::string> names;
  for (const NamedFigure& each : figures) names.push_back(each.name);
  return names;
}

}  // namespace attn_viz::figure
