#include "figure/sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr std::size_t kMostPanels = 10'000;
constexpr std::size_t kMostOnASlide = 12;  // panels in a row or column
constexpr std::size_t kFree = 900;         // pixels of a side that nothing bounds

/// A short side narrower than `least` is stretched, to 28 pixels a cell at most.
int stretched(int cell, std::size_t count, int least) {
  const int room = least / static_cast<int>(count);
  return std::max(cell, std::min(28, room));
}

/// The number of cells that share a drawn one so that at most `room` are drawn. Long sides are
/// reduced as much as the other side is, so that cells stay square.
std::size_t reduction(std::size_t count, std::size_t room, std::size_t other) {
  constexpr std::size_t kLong = 32;
  const std::size_t own = (count + room - 1) / room;
  return other > own && count / other >= kLong ? other : own;
}

Sizes within(std::size_t rows, std::size_t columns, const Bounding& bounding) {
  // A side that is left free grows with the other, to a few screens.
  const auto free = [](std::size_t count) { return static_cast<int>(std::max(count, kFree)); };
  const int width = std::max(1, bounding.width.value_or(free(columns)));
  const int height = std::max(1, bounding.height.value_or(free(rows)));
  const auto size = [](int n) { return static_cast<std::size_t>(n); };
  Sizes sizes;
  const std::size_t row_need = reduction(rows, size(height), 1);
  const std::size_t column_need = reduction(columns, size(width), 1);
  sizes.row_reduction = reduction(rows, size(height), column_need);
  sizes.column_reduction = reduction(columns, size(width), row_need);
  sizes.rows = (rows + sizes.row_reduction - 1) / sizes.row_reduction;
  sizes.columns = (columns + sizes.column_reduction - 1) / sizes.column_reduction;
  const int across = width / static_cast<int>(sizes.columns);
  const int down = height / static_cast<int>(sizes.rows);
  const int cell = std::max(1, std::min(across, down));
  sizes.cell_width = std::min(across, stretched(cell, sizes.columns, 96));
  sizes.cell_height = std::min(down, stretched(cell, sizes.rows, 96));
  return sizes;
}

}  // namespace

Sizes choose_sizes(std::size_t rows, std::size_t columns, std::size_t grid,
                   const Bounding& bounding) {
  if (bounding.width || bounding.height) return within(rows, columns, bounding);
  // One matrix fills a slide; of several, all fit on it; of very many, on a poster.
  const bool single = grid == 1, many = grid > kMostOnASlide;
  const std::size_t target = single ? 800
                             : many ? std::clamp<std::size_t>(1920 / grid, 24, 120)
                                    : std::clamp<std::size_t>(1280 / grid, 120, 300);
  const std::size_t largest_cell = single ? 112 : 48;
  const std::size_t most_cells = single ? 3000
                                 : many ? target
                                        : std::clamp<std::size_t>(4800 / grid, 32, 300);
  Sizes sizes;
  sizes.row_reduction = (rows + most_cells - 1) / most_cells;
  sizes.column_reduction = (columns + most_cells - 1) / most_cells;
  sizes.rows = (rows + sizes.row_reduction - 1) / sizes.row_reduction;
  sizes.columns = (columns + sizes.column_reduction - 1) / sizes.column_reduction;
  const int cell = static_cast<int>(
      std::clamp<std::size_t>(target / std::max(sizes.rows, sizes.columns), 1, largest_cell));
  const int least = single ? 96 : many ? 24 : 40;
  sizes.cell_width = std::max(stretched(cell, sizes.columns, least), bounding.least_width);
  sizes.cell_height = std::max(stretched(cell, sizes.rows, least), bounding.least_height);
  return sizes;
}

// What the callers promised; a broken promise is a bug of theirs.
void check(const Figure& figure) {
  auto refuse = [](std::string message) { throw Error(ErrorCode::kBug, std::move(message)); };
  if (figure.panels.empty()) refuse("a figure without panels cannot be drawn");
  const std::size_t rows = figure.panels[0].values.rows();
  const std::size_t columns = figure.panels[0].values.columns();
  if (rows == 0 || columns == 0) refuse("a figure without cells cannot be drawn");
  for (const Panel& panel : figure.panels) {
    if (panel.values.rows() != rows || panel.values.columns() != columns)
      refuse("the panels of a figure must have the same size");
    if (panel.scores && (panel.scores->rows() != rows || panel.scores->columns() != columns))
      refuse("the scores of a panel must have the size of its values");
    if (panel.marked && (panel.marked->first >= rows || panel.marked->second >= columns))
      refuse("the marked cell of a panel lies outside of it");
  }
  auto check_axis = [&](const LabelledAxis& axis, std::size_t count, const char* what) {
    if (!axis.labels.empty() && axis.labels.size() != count)
      refuse(fmt::format("{} {} labels for {}", axis.labels.size(), what, count));
  };
  check_axis(figure.rows, rows, "row");
  check_axis(figure.columns, columns, "column");
  const auto check_scale = [&](const ColorScale& scale) {
    const bool finite = std::isfinite(scale.low) && std::isfinite(scale.high);
    const bool no_floor = scale.logarithmic && !(scale.low > 0);
    if (!finite || scale.low > scale.high || no_floor)
      refuse(fmt::format("a color scale from {} to {}", scale.low, scale.high));
  };
  check_scale(figure.scale);
  for (const Panel& panel : figure.panels)
    if (panel.scale) check_scale(*panel.scale);
  if (figure.panels.size() > kMostPanels)
    throw Error(ErrorCode::kLimit, fmt::format("a figure of {} panels; at most {} can be drawn",
                                               figure.panels.size(), kMostPanels));
}

}  // namespace attn_viz::figure
