#include "figure/sizes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr std::size_t kMostPanels = 10'000;

/// A short side narrower than `least` is stretched, to 28 pixels a cell at most.
int stretched(int cell, std::size_t count, int least) {
  const int room = least / static_cast<int>(count);
  return std::max(cell, std::min(28, room));
}

}  // namespace

Sizes choose_sizes(std::size_t rows, std::size_t columns, std::size_t grid) {
  // One matrix fills a slide; of several, all fit on it.
  const bool single = grid == 1;
  const std::size_t target = single ? 800 : std::clamp<std::size_t>(1280 / grid, 120, 300);
  const std::size_t largest_cell = single ? 112 : 48;
  const std::size_t most_cells = single ? 3000 : std::clamp<std::size_t>(4800 / grid, 32, 300);
  Sizes sizes;
  sizes.row_reduction = (rows + most_cells - 1) / most_cells;
  sizes.column_reduction = (columns + most_cells - 1) / most_cells;
  sizes.rows = (rows + sizes.row_reduction - 1) / sizes.row_reduction;
  sizes.columns = (columns + sizes.column_reduction - 1) / sizes.column_reduction;
  const int cell = static_cast<int>(
      std::clamp<std::size_t>(target / std::max(sizes.rows, sizes.columns), 1, largest_cell));
  const int least = single ? 96 : 40;
  sizes.cell_width = stretched(cell, sizes.columns, least);
  sizes.cell_height = stretched(cell, sizes.rows, least);
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
  const ColorScale& scale = figure.scale;
  if (!std::isfinite(scale.low) || !std::isfinite(scale.high) || scale.low > scale.high)
    refuse(fmt::format("a color scale from {} to {}", scale.low, scale.high));
  if (figure.panels.size() > kMostPanels)
    throw Error(ErrorCode::kLimit, fmt::format("a figure of {} panels; at most {} can be drawn",
                                               figure.panels.size(), kMostPanels));
}

}  // namespace attn_viz::figure
