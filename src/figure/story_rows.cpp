#include "figure/story_rows.hpp"

#include <algorithm>
#include <limits>

namespace attn_viz::figure {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double row_height(const std::vector<LineBox>& lines, std::size_t first, std::size_t last,
                  const RowGaps& gaps) {
  double above = 0, below = 0;
  bool heading = false;
  for (std::size_t i = first; i < last; ++i) {
    above = std::max(above, lines[i].above);
    below = std::max(below, lines[i].below);
    heading = heading || lines[i].begins_stage;
  }
  return above + below + (heading ? gaps.heading : 0);
}

/// A row is as good as it is full, and as it begins where something new begins.
double cost_of(const std::vector<LineBox>& lines, std::size_t first, double row, double width) {
  const double slack = (width - row) / width;
  const LineBox& start = lines[first];
  const double torn = first == 0 || start.begins_stage ? 0 : start.continues ? 0.9 : 0.6;
  return slack * slack + torn;
}

}  // namespace

double row_width(const std::vector<LineBox>& lines, std::size_t first, std::size_t last,
                 const RowGaps& gaps) {
  double width = lines[first].width;
  for (std::size_t i = first + 1; i < last; ++i) {
    width +=
        lines[i].continues ? lines[i].width_behind : gaps.between_lines + lines[i].width_behind;
  }
  return width;
}

std::optional<Rows> break_rows(const std::vector<LineBox>& lines, double width, double height,
                               const RowGaps& gaps) {
  const std::size_t n = lines.size();
  // best[k][end]: the lines before `end` in k rows; dynamic programming over the last row.
  std::vector<std::vector<double>> best(n + 1, std::vector<double>(n + 1, kNever));
  std::vector<std::vector<std::size_t>> begin(n + 1, std::vector<std::size_t>(n + 1, 0));
  best[0][0] = 0;
  for (std::size_t k = 1; k <= n; ++k) {
    for (std::size_t end = k; end <= n; ++end) {
      for (std::size_t first = end; first-- > k - 1;) {
        const double row = row_width(lines, first, end, gaps);
        if (row > width) break;
        const double cost = best[k - 1][first] + cost_of(lines, first, row, width);
        if (cost >= best[k][end]) continue;
        best[k][end] = cost;
        begin[k][end] = first;
      }
    }
  }
  std::optional<Rows> chosen;
  double least = kNever;
  for (std::size_t k = 1; k <= n; ++k) {
    if (best[k][n] >= least) continue;
    Rows rows;
    rows.first.resize(k);
    rows.height = static_cast<double>(k - 1) * gaps.between_rows;
    for (std::size_t row = k, end = n; row > 0; --row) {
      const std::size_t first = begin[row][end];
      rows.first[row - 1] = first;
      rows.height += row_height(lines, first, end, gaps);
      rows.width = std::max(rows.width, row_width(lines, first, end, gaps));
      rows.breaks += lines[first].begins_stage ? 0 : 1;
      end = first;
    }
    if (rows.height > height) continue;
    least = best[k][n];
    chosen = std::move(rows);
  }
  return chosen;
}

}  // namespace attn_viz::figure
