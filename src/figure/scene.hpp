// A figure laid out: everything that a picture is made of, at its place. Rasters and vectors are
// painted from the same scene.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/chart.hpp"
#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/overlay.hpp"
#include "attn_viz/figure/paint.hpp"
#include "figure/levels.hpp"
#include "figure/text.hpp"

namespace attn_viz::figure {

inline constexpr Rgb kBlack{0, 0, 0}, kWhite{0xff, 0xff, 0xff};

/// Cells of at least these sizes have lines between them, or a hatch when masked.
inline constexpr int kGridCell = 20, kHatchCell = 10;

inline constexpr int kLargestPicture = 32'767;  // Cairo's limit, in each direction

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

/// A colour map from top (high) to bottom (low).
struct Bar {
  int x = 0, y = 0, width = 0, height = 0;
  ColorMap map = ColorMap::kViridis;
  std::size_t first = 0;  ///< entry of the map at the bottom
};

/// A smooth line from one point to another. Curved: a cubic whose ends are horizontal.
struct LineItem {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  double width = 1;
  Rgb color;
  double opacity = 1;  ///< 0 to 1
  bool curved = false;
  bool dashed = false;

  double dash_on() const { return 3 * width + 1; }
  double dash_off() const { return 2 * width + 1; }
};

/// A picture, stretched over a rectangle.
struct ImageItem {
  int x = 0, y = 0, width = 0, height = 0;
  std::size_t columns = 0, rows = 0;  ///< pixels of the picture
  std::vector<std::uint8_t> pixels;   ///< RGB, [rows, columns, 3]
  bool smooth = true;                 ///< bilinear; else each pixel is a block
};

/// Left, top, right and bottom, in pixels.
struct Bounds {
  double left = 0, top = 0, right = 0, bottom = 0;
  void add(const Bounds& other);
};

struct PanelScene {
  Levels levels;
  ColorMap map = ColorMap::kViridis;
  int x = 0, y = 0;
  int cell_width = 1, cell_height = 1;
  std::size_t row_reduction = 1, column_reduction = 1;
  /// Masked cells too small for a hatch of their own share one: where grey alone does not tell them
  /// from cells with a value.
  bool dense_hatch = false;
};

/// Painted in the order of the members.
struct Scene {
  int width = 0, height = 0;
  Theme theme = Theme::kLight;
  std::vector<ImageItem> images;
  std::vector<PanelScene> panels;
  std::vector<Rect> swatches;  ///< masked cells of the legend
  std::vector<Bar> bars;
  std::vector<LineItem> lines;
  std::vector<Rect> rects;  ///< over the cells: grids, frames, ticks, outlines
  std::vector<TextItem> texts;
  std::vector<std::string> unsaid;  ///< what a bare figure leaves to its caption

  const Palette& palette() const { return palette_of(theme); }
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

/// Whether a line of the hatch that small cells share passes through the pixels of this x + y.
inline bool is_densely_hatched(int sum) {
  return sum % 4 == 0;
}

/// The color of a pixel row of a bar, counted from its top.
Rgb bar_color(const Bar& bar, int row);

/// Lays a figure out. Runs in the scene belong to the typesetter.
Scene compose(const Figure& figure, Typesetter& type);
Scene compose(const TokenLines& figure, Typesetter& type);
Scene compose(const Story& story, Typesetter& type);
Scene compose(const Overlay& overlay, Typesetter& type);
Scene compose(const Chart& chart, Typesetter& type);

}  // namespace attn_viz::figure
