// Whether a figure can be drawn, and how large its cells are.
#pragma once

#include <cstddef>
#include <optional>

#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

/// How large cells are drawn, and how many of the matrix' share one.
struct Sizes {
  std::size_t row_reduction = 1, column_reduction = 1;
  std::size_t rows = 1, columns = 1;  ///< drawn cells
  int cell_width = 1, cell_height = 1;
  int width() const { return static_cast<int>(columns) * cell_width; }
  int height() const { return static_cast<int>(rows) * cell_height; }
};

/// What bounds the cells of one matrix, in pixels.
struct Bounding {
  std::optional<int> width = {}, height = {};  ///< of the whole matrix at most
  int least_width = 1, least_height = 1;       ///< of a cell at least (for its number)
};

/// @param grid  panels in a row or in a column of the figure, the larger number
Sizes choose_sizes(std::size_t rows, std::size_t columns, std::size_t grid,
                   const Bounding& bounding = {});

/// @throws Error  kBug or kLimit, as Painter::paint() says (values are checked where they are read)
void check(const Figure& figure);

}  // namespace attn_viz::figure
