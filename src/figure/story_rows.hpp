// Breaks the lines of a story into rows of a sheet.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

namespace attn_viz::figure {

/// A line as a row sees it, in pixels. The first line of a row is drawn in full; a line that
/// continues the one before it is shorter behind it.
struct LineBox {
  double width = 0, width_behind = 0;
  double above = 0, below = 0;  ///< reach from the row's middle
  bool begins_stage = false, continues = false;
};

struct Rows {
  std::vector<std::size_t> first;  ///< line of each row
  double width = 0, height = 0;    ///< of the widest row; of all with the least gaps
  int breaks = 0;                  ///< rows that begin within a stage
};

struct RowGaps {
  double between_lines = 0, between_rows = 0, heading = 0;
};

/// The rows of the least raggedness that fit; none if no such rows exist.
std::optional<Rows> break_rows(const std::vector<LineBox>& lines, double width, double height,
                               const RowGaps& gaps);

/// The width of the lines [first, last) in one row, with the least gaps.
double row_width(const std::vector<LineBox>& lines, std::size_t first, std::size_t last,
                 const RowGaps& gaps);

}  // namespace attn_viz::figure
