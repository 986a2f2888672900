// One matrix of a story with its texts, laid out around its left edge's middle.
#pragma once

#include <vector>

#include "attn_viz/figure/story.hpp"
#include "figure/scene.hpp"

namespace attn_viz::figure {

/// How large the matrices of a sheet are. Either all show their numbers in cells of one size, or
/// all are colour alone, the longest side `longest` pixels long.
struct StorySizing {
  double font = 0;  ///< of the numbers; 0: colour alone
  int cell_width = 0, cell_height = 0;
  int longest = 0;
  std::size_t largest_extent = 1;  ///< of rows or columns on the sheet
};

/// One side of a matrix as drawn.
struct StorySide {
  std::size_t reduction = 1, cells = 1;
  int cell = 1;
  int length() const { return static_cast<int>(cells) * cell; }
};

struct StoryPiece {
  StorySide rows, columns;
  std::vector<TextItem> texts;  ///< x from the matrix' left edge, y from its middle
  std::vector<Rect> ticks;
  Bounds bounds;
  int width() const { return columns.length(); }
  int height() const { return rows.length(); }
  int top() const { return -height() / 2; }
};

StoryPiece piece_of(const StoryMatrix& matrix, const StorySizing& sizing, const Palette& palette,
                    Typesetter& type);

/// The texts of a matrix' cells, row by row.
std::vector<std::string> numbers_of(const StoryMatrix& matrix);

}  // namespace attn_viz::figure
