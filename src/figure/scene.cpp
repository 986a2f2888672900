#include "figure/scene.hpp"

#include <algorithm>
#include <cmath>

namespace attn_viz::figure {

void Bounds::add(const Bounds& other) {
  left = std::min(left, other.left);
  top = std::min(top, other.top);
  right = std::max(right, other.right);
  bottom = std::max(bottom, other.bottom);
}

Bounds bounds_of(const TextItem& item) {
  const TextBox& ink = item.run->ink();
  if (!item.upward)
    return {item.x + ink.left, item.y + ink.top, item.x + ink.left + ink.width,
            item.y + ink.top + ink.height};
  return {item.x + ink.top, item.y - ink.left - ink.width, item.x + ink.top + ink.height,
          item.y - ink.left};
}

Rgb bar_color(const Bar& bar, int row) {
  const std::span<const Rgb> colors = colors_of(bar.map);
  const int last = bar.height - 1;
  const double t = static_cast<double>(last - row) / last;
  const auto steps = static_cast<double>(colors.size() - 1 - bar.first);
  return colors[bar.first + static_cast<std::size_t>(std::lround(t * steps))];
}

}  // namespace attn_viz::figure
