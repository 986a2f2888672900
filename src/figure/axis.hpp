// The labels of an axis: turned, thinned out and shortened so that no two meet.
#pragma once

#include <cstddef>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

enum class Side { kLeft, kAbove, kBelow };

struct AxisPlace {
  Side side = Side::kLeft;
  std::size_t count = 0;      ///< rows or columns of the matrix
  std::size_t reduction = 1;  ///< of them in a drawn cell
  int cell = 1;               ///< extent of a drawn cell along the axis, in pixels
  int length = 1;             ///< of all drawn cells, in pixels
  int longest = 180;          ///< of a label, in pixels
};

/// Labels and ticks for a matrix whose left upper corner is (0, 0).
/// Labels below have their origin measured from the matrix' lower edge, as if it were at 0.
struct AxisLabels {
  std::vector<TextItem> texts;
  std::vector<Rect> ticks;
};

AxisLabels place_labels(const LabelledAxis& axis, const AxisPlace& place, const Palette& palette,
                        Typesetter& type);

}  // namespace attn_viz::figure
