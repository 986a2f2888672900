// How a figure's matrices are laid out in lines and columns of a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/terminal/draw.hpp"

namespace attn_viz::terminal {

enum class CellKind {
  kNumbers,     ///< a line a row; the number on its colour
  kBlocks,      ///< a line a row; the colour alone
  kHalfBlocks,  ///< a line for two rows
};

enum class ColumnLabels {
  kAcross,     ///< each over its column
  kStaggered,  ///< each over its column, neighbours on different lines
  kDown,       ///< turned: one character below the other
  kTicks,      ///< the indices of some columns
};

/// The labels of an axis as they are shown.
struct ShownAxis {
  std::string name;
  std::vector<std::string> labels;  ///< never empty: indices where there are no labels
  bool named = false;               ///< labels say more than the indices
  std::size_t longest = 0;          ///< width of the longest label, in columns
  std::size_t widest = 1;           ///< width of the widest grapheme
};

struct Plan {
  ShownAxis row_axis, column_axis;
  CellKind cells = CellKind::kNumbers;
  std::size_t cell_width = 1;  ///< in columns of the terminal
  int decimals = 2;            ///< of numbers
  std::size_t padding = 0;     ///< spaces after a number
  /// A drawn cell is the mean of this many rows and columns, fewer at the ends.
  std::size_t row_reduction = 1, column_reduction = 1;
  std::size_t rows = 0, columns = 0;  ///< drawn cells
  std::size_t row_label_width = 0;
  bool both_labels = false;  ///< of the two rows in a line of half-blocks
  ColumnLabels column_labels = ColumnLabels::kAcross;
  std::size_t column_label_lines = 1;
  std::size_t panel_width = 0;  ///< with room for its title
  std::size_t panels_per_line = 1;

  std::size_t rows_per_line() const { return cells == CellKind::kHalfBlocks ? 2 : 1; }
  std::size_t lines() const { return (rows + rows_per_line() - 1) / rows_per_line(); }
};

/// Columns between two panels.
inline constexpr std::size_t kPanelGap = 2;

/// @throws Error  kBug if there is nothing to draw or labels are of the wrong number
Plan plan_of(const figure::Figure& figure, const Options& options);

/// A number in a cell: "0.40", "-1.25"; from 100,000 on "1.2e+05".
std::string number_text(double value, int decimals);

}  // namespace attn_viz::terminal
