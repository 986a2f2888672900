// From the values of an axis to places on a line, and the ticks beside it.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/figure/chart.hpp"
#include "figure/number_text.hpp"

namespace attn_viz::figure {

class ChartScale {
 public:
  /// From `low` to `high` and a little beyond both.
  /// @throws Error  kBug unless both are finite, low ≤ high, and > 0 where it is logarithmic
  ChartScale(const ChartAxis& axis, double low, double high);

  /// 0 at the low end of the axis, 1 at its high end; grows with the value.
  double place(double value) const;
  /// Round values inside of the axis; powers of ten from 10⁴ on are written as such.
  std::vector<Tick> ticks(std::size_t most) const;

 private:
  bool logarithmic_;
  double low_, high_;  ///< of the axis
};

}  // namespace attn_viz::figure
