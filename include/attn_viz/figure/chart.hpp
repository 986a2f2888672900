// A chart: series of points over two axes, linear or logarithmic, with marked points.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

struct ChartPoint {
  double x = 0, y = 0;
};

/// Points joined by straight lines, with a marker at each that has room for one.
struct ChartSeries {
  std::string name = {};  ///< in the legend
  std::vector<ChartPoint> points = {};
};

/// A point with a ring around it, a line down to the x axis, and its label above the chart.
struct ChartMark {
  ChartPoint at = {};
  std::string label = {};
};

struct ChartAxis {
  std::string name = {};
  /// Equal ratios are equal lengths; then all values must be > 0.
  bool logarithmic = false;
};

/// Axes reach a little beyond the smallest and the largest of all points and marks. Series differ
/// in colour, in dashes and in their markers, so that they are told apart without colours; in print
/// all are black.
struct Chart {
  std::string title = {};
  std::string subtitle = {};
  ChartAxis x = {}, y = {};
  std::vector<ChartSeries> series = {};  ///< at least one, with at least one point each
  std::vector<ChartMark> marks = {};
  std::vector<std::string> notes = {};
  Theme theme = Theme::kLight;
};

}  // namespace attn_viz::figure
