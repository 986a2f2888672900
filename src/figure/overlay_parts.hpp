// What all overlays share: their scales, their notes, and where panels stand.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/figure/overlays.hpp"

namespace attn_viz::figure {

/// Where values lie, and 0.
struct OverlayRange {
  double low = 0, high = 0;
  void widen(const std::vector<double>& values) {
    for (const double value : values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  double largest() const { return std::max(high, -low); }
};

/// From 0 (or, where there are negative values, from as far below 0) to the largest.
ColorScale scale_of_data(const OverlayRange& range, ColorMap map, bool negative);

/// What the colours over the picture are.
/// @param size  of the maps, where it is said here: ", 5 × 10 patches"
/// @param cell, cells  what has a value: "patch", "patches"
std::string note_of_colors(const OverlayOptions& options, const Image& picture,
                           std::string_view size, std::string_view cell, std::string_view cells);

/// Panels in a row, for a sheet about as wide as a screen.
std::size_t per_row_of(std::size_t panels, const Image& picture);

}  // namespace attn_viz::figure
