#include "figure/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "figure/number_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kNarrowest = 16;             // cells without room for a digit
constexpr std::size_t kMostValues = 5000;  // beyond, nobody reads them
constexpr double kSmallest = 10, kLargest = 19;
constexpr double kMargin = 3;  // on each side of the text

std::string text_of(const Figure& figure, double value, int decimals) {
  if (figure.digits) return fixed_text(value, *figure.digits);
  // Where ratios count, each number has two significant digits.
  if (figure.scale.logarithmic) decimals = decimals_for(value);
  return value_text(value, decimals);
}

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kUsage, what)
      .hint("draw fewer cells (--query, --key, --top), or leave the numbers to auto");
}

struct Value {
  std::string text;
  double middle_x = 0, middle_y = 0;
  Rgb color;
};

/// Whether the scale runs up from 0.
bool is_unit(const Figure& figure) {
  return !is_diverging(figure.scale.map) && (figure.scale.low == 0 || figure.scale.logarithmic);
}

/// The scale says how small a number can matter; numbers on a scale of 1 have two decimals.
int most_decimals(const Figure& figure, double largest) {
  return decimals_for(is_unit(figure) ? std::max(figure.scale.high, largest) : largest);
}

/// All numbers of the figure with their places.
std::vector<Value> collect(const Figure& figure, const Scene& scene, int decimals) {
  std::vector<Value> values;
  for (std::size_t p = 0; p < scene.panels.size(); ++p) {
    const PanelScene& panel = scene.panels[p];
    if (panel.levels.level.empty()) continue;
    const std::span<const Rgb> colors = colors_of(panel.map);
    for (std::size_t i = 0; i < panel.levels.rows; ++i)
      for (std::size_t j = 0; j < panel.levels.columns; ++j) {
        const std::uint16_t level = panel.levels.level[i * panel.levels.columns + j];
        if (level == kMaskedLevel) continue;
        values.push_back(
            {text_of(figure, figure.panels[p].values.at(i, j), decimals),
             panel.x + (static_cast<double>(j) + 0.5) * panel.cell_width,
             panel.y + (static_cast<double>(i) + 0.5) * panel.cell_height,
             luminance(color_of_level(colors, scene.palette(), level)) < 0.18 ? kWhite : kBlack});
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
    if (size == kSmallest) return 0;
    // The smallest size is tried itself, since widths are not quite proportional to sizes.
    size = std::max(kSmallest, std::min(size - 0.25, std::floor(4 * size * scale) / 4));
  }
  return 0;
}

}  // namespace

Bounding room_for_values(const Figure& figure, Typesetter& type) {
  const Matrix& first = figure.panels[0].values;
  const std::size_t cells = figure.panels.size() * first.rows() * first.columns();
  if (cells > kMostValues)
    refuse(fmt::format("the numbers of {} cells cannot be read; at most {} are drawn", cells,
                       kMostValues));
  double width = 0, height = 0, largest = 0;
  const auto each = [&](const auto& visit) {
    for (const Panel& panel : figure.panels)
      for (std::size_t i = 0; !panel.blank && i < first.rows(); ++i)
        for (std::size_t j = 0; j < first.columns(); ++j) {
          const double value = panel.values.at(i, j);
          if (std::isfinite(value)) visit(value);
        }
  };
  each([&](double value) { largest = std::max(largest, std::abs(value)); });
  const int decimals = most_decimals(figure, largest);
  each([&](double value) {
    const TextBox& ink =
        type.set(text_of(figure, value, decimals), {kSmallest, false, kBlack}).ink();
    width = std::max(width, ink.width);
    height = std::max(height, ink.height);
  });
  const auto least = [](double size) {
    return std::max(kNarrowest, static_cast<int>(std::ceil(size + 2 * kMargin)) + 1);
  };
  Bounding bounding;
  bounding.least_width = least(width);
  bounding.least_height = least(height);
  return bounding;
}

bool add_values(const Figure& figure, Typesetter& type, Scene& scene) {
  if (figure.show_values == ShowValues::kOff) return false;
  const bool wanted = figure.show_values == ShowValues::kOn;
  const auto no_room = [&] {
    if (wanted)
      refuse(fmt::format("the numbers do not fit into cells of {} × {} pixels",
                         scene.panels[0].cell_width, scene.panels[0].cell_height));
    return false;
  };
  std::size_t cells = 0;
  double largest = 0;
  for (const PanelScene& panel : scene.panels) {
    const int narrow = std::min(panel.cell_width, panel.cell_height);
    const bool reduced = panel.row_reduction * panel.column_reduction > 1;
    if (narrow < kNarrowest || reduced) return no_room();
    cells += panel.levels.level.size();
    largest = std::max(largest, panel.levels.largest);
  }
  if (cells > kMostValues) return no_room();

  const int most = most_decimals(figure, largest);
  const bool fixed = is_unit(figure) || figure.digits;
  for (int decimals = most; decimals >= (fixed ? most : most - 1); --decimals) {
    const std::vector<Value> values = collect(figure, scene, decimals);
    if (values.empty()) return false;
    const double size = fitting_size(values, scene.panels[0], type);
    if (size == 0) continue;
    for (const Value& value : values) {
      const Run& run = type.set(value.text, {size, false, value.color});
      const TextBox& ink = run.ink();
      const double y = value.middle_y + 0.365 * run.size() - run.baseline();
      scene.texts.push_back(
          {&run, static_cast<int>(std::lround(value.middle_x - ink.left - ink.width / 2)),
           static_cast<int>(std::lround(y)), false, TextKind::kValue});
    }
    return true;
  }
  return no_room();
}

}  // namespace attn_viz::figure
