#include "figure/values.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "figure/number_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kNarrowest = 16;             // cells without room for a digit
constexpr std::size_t kMostValues = 5000;  // beyond, nobody reads them
constexpr double kSmallest = 10, kLargest = 19;
constexpr double kMargin = 3;  // on each side of the text

struct Value {
  std::string text;
  double middle_x = 0, middle_y = 0;
  Rgb color;
};

/// All numbers of the figure with their places.
std::vector<Value> collect(const Figure& figure, const Scene& scene, int decimals) {
  std::vector<Value> values;
  for (std::size_t p = 0; p < scene.panels.size(); ++p) {
    const PanelScene& panel = scene.panels[p];
    const std::span<const Rgb> colors = colors_of(panel.map);
    for (std::size_t i = 0; i < panel.levels.rows; ++i)
      for (std::size_t j = 0; j < panel.levels.columns; ++j) {
        const std::uint16_t level = panel.levels.level[i * panel.levels.columns + j];
        if (level == kMaskedLevel) continue;
        values.push_back({value_text(figure.panels[p].values.at(i, j), decimals),
                          panel.x + (static_cast<double>(j) + 0.5) * panel.cell_width,
                          panel.y + (static_cast<double>(i) + 0.5) * panel.cell_height,
                          luminance(colors[level]) < 0.18 ? kWhite : kBlack});
      }
  }
  return values;
}

/// The largest size at which every text fits into a cell; 0 if none does.
double fitting_size(const std::vector<Value>& values, const PanelScene& panel, Typesetter& type) {
  const double room_x = panel.cell_width - 2 * kMargin, room_y = panel.cell_height - 2 * kMargin;
  double size = std::clamp(0.26 * std::min(panel.cell_width, panel.cell_height), 11.0, kLargest);
  while (size >= kSmallest) {
    double scale = 1;
    for (const Value& value : values) {
      const TextBox& ink = type.set(value.text, {size, false, value.color}).ink();
      scale = std::min({scale, room_x / ink.width, room_y / ink.height});
      if (scale * size < kSmallest - 0.5) return 0;
    }
    if (scale >= 1) return size;
    size = std::min(size - 0.25, std::floor(4 * size * scale) / 4);
  }
  return 0;
}

}  // namespace

void add_values(const Figure& figure, Typesetter& type, Scene& scene) {
  std::size_t cells = 0;
  double largest = 0;
  for (const PanelScene& panel : scene.panels) {
    if (std::min(panel.cell_width, panel.cell_height) < kNarrowest) return;
    if (panel.row_reduction * panel.column_reduction > 1) return;
    cells += panel.levels.level.size();
    largest = std::max(largest, panel.levels.largest);
  }
  if (cells > kMostValues) return;

  // The scale says how small a number can matter; numbers on a scale of 1 have two decimals.
  const bool unit = figure.scale.map == ColorMap::kViridis && figure.scale.low == 0;
  const int most = decimals_for(unit ? std::max(figure.scale.high, largest) : largest);
  for (int decimals = most; decimals >= (unit ? most : most - 1); --decimals) {
    const std::vector<Value> values = collect(figure, scene, decimals);
    const double size = values.empty() ? 0 : fitting_size(values, scene.panels[0], type);
    if (size == 0) continue;
    for (const Value& value : values) {
      const Run& run = type.set(value.text, {size, false, value.color});
      const TextBox& ink = run.ink();
      const double y = value.middle_y + 0.365 * run.size() - run.baseline();
      scene.texts.push_back(
          {&run, static_cast<int>(std::lround(value.middle_x - ink.left - ink.width / 2)),
           static_cast<int>(std::lround(y)), false, TextKind::kValue});
    }
    return;
  }
}

}  // namespace attn_viz::figure
