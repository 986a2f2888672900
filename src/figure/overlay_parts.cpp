#include "figure/overlay_parts.hpp"

#include <fmt/format.h>

#include <cmath>

namespace attn_viz::figure {

ColorScale scale_of_data(const OverlayRange& range, ColorMap map, bool negative) {
  const double size = range.largest();
  ColorScale scale;
  scale.map = negative ? ColorMap::kDiverging : map;
  scale.high = size > 0 ? size : 1;
  scale.low = negative ? -scale.high : 0;
  return scale;
}

std::string note_of_colors(const OverlayOptions& options, const Image& picture,
                           std::string_view size, std::string_view cell, std::string_view cells) {
  return fmt::format(
      "Colors of the bar with opacity {:g} over the picture{} ({} × {} pixels{}); {}.",
      options.opacity, options.grey ? " in grey" : ", whose colors mix with them", picture.width,
      picture.height, size,
      options.by == Interpolation::kCell
          ? fmt::format("one color for each {}", cell)
          : fmt::format("bilinear between the centres of {} (align_corners = false)", cells));
}

std::size_t per_row_of(std::size_t panels, const Image& picture) {
  const double tallness = static_cast<double>(picture.height) / static_cast<double>(picture.width);
  const double wanted = std::sqrt(static_cast<double>(panels) * 2.4 * tallness);
  const auto most =
      std::clamp<std::size_t>(static_cast<std::size_t>(std::lround(wanted)), 1, panels);
  const std::size_t rows = (panels + most - 1) / most;
  return (panels + rows - 1) / rows;
}

}  // namespace attn_viz::figure
