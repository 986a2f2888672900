// A figure laid out: everything that a picture is made of, at its place. Rasters and vectors are
// painted from the same scene.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/paint.hpp"
#include "figure/levels.hpp"
#include "figure/text.hpp"

namespace attn_viz::figure {

// Ink on white; text never lighter than 7 : 1 against the paper.
inline constexpr Rgb kText{0x22, 0x22, 0x22}, kQuietText{0x52, 0x52, 0x52};
inline constexpr Rgb kFrame{0x8a, 0x8a, 0x8a}, kBlack{0, 0, 0}, kWhite{0xff, 0xff, 0xff};

/// Cells of at least these sizes have lines between them, or a hatch when masked.
inline constexpr int kGridCell = 20, kHatchCell = 10;

/// A filled rectangle in whole pixels.
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
  Rgb color;
};

/// A text with its origin in whole pixels.
struct TextItem {
  const Run* run = nullptr;
  int x = 0, y = 0;
  bool upward = false;
  TextKind kind = TextKind::kNote;
};

/// The colour map from top (high) to bottom (low).
struct Bar {
  int x = 0, y = 0, width = 0, height = 0;
};

/// Left, top, right and bottom, in pixels.
struct Bounds {
  double left = 0, top = 0, right = 0, bottom = 0;
  void add(const Bounds& other);
};

struct PanelScene {
  Levels levels;
  int x = 0, y = 0;
  int cell_width = 1, cell_height = 1;
  std::size_t row_reduction = 1, column_reduction = 1;
};

struct Scene {
  int width = 0, height = 0;
  ColorMap map = ColorMap::kViridis;
  std::vector<PanelScene> panels;
  std::optional<Bar> bar;
  std::vector<Rect> swatches;  ///< masked cells of the legend
  std::vector<Rect> rects;     ///< over the cells: lines, frames, ticks, outlines
  std::vector<TextItem> texts;
};

/// The box of a text's ink.
Bounds bounds_of(const TextItem& item);

/// Whether a hatch line of a masked cell passes through its pixels (x, y) with this x + y.
/// Diagonals rise to the right, one of them from corner to corner; the upper left and lower right
/// corners stay plain.
inline bool is_hatched(int sum, int width, int height) {
  const int middle = (width + height) / 2 - 1;
  const int corner = width + height >= 48 ? 12 : 6;
  return (sum - middle) % 8 == 0 && sum >= corner && sum <= width + height - 2 - corner;
}

/// The color of a pixel row of the bar, counted from its top.
Rgb bar_color(const Scene& scene, int row);

/// Lays a figure out. Runs in the scene belong to the typesetter.
Scene compose(const Figure& figure, Typesetter& type);

}  // namespace attn_viz::figure
