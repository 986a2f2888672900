#include "figure/levels.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

[[noreturn]] void refuse(const std::string& name, std::size_t row, std::size_t column,
                         double value) {
  throw Error(ErrorCode::kBug, fmt::format("{} cannot be drawn (row {}, column {} of {})",
                                           std::isnan(value) ? "NaN" : "+∞", row, column, name));
}

class Reader {
 public:
  Reader(const Panel& panel, const ColorScale& scale, const std::string& name)
      : panel_(panel), name_(name), columns_(panel.values.columns()), row_(columns_) {
    if (panel.scores) scores_.resize(columns_);
    // Rounding errors at the ends are not worth a warning.
    const double slack = 1e-6 * (scale.high / 2 - scale.low / 2);
    low_ = scale.logarithmic ? -kInfinity : scale.low - slack;
    high_ = scale.high + slack;
    floor_ = scale.logarithmic ? scale.low : -kInfinity;
  }

  /// Row i, −∞ where masked; checked and counted.
  const std::vector<double>& row(std::size_t i, Levels& levels) {
    panel_.values.read_row(i, row_.data());
    if (panel_.scores) {
      panel_.scores->read_row(i, scores_.data());
      for (std::size_t j = 0; j < columns_; ++j)
        if (scores_[j] == -kInfinity && row_[j] < kInfinity) row_[j] = -kInfinity;
    }
    std::size_t bad = 0, masked = 0, outside = 0, below = 0;
    double largest = levels.largest;
    for (const double value : row_) {
      bad += !(value < kInfinity);
      masked += value == -kInfinity;
      outside += (value < low_ || value > high_) && value != -kInfinity;
      below += value < floor_ && value != -kInfinity;
      const double size = value == -kInfinity ? 0 : std::abs(value);
      largest = size > largest ? size : largest;
    }
    if (bad > 0)
      for (std::size_t j = 0; j < columns_; ++j)
        if (!(row_[j] < kInfinity)) refuse(name_, i, j, row_[j]);
    levels.masked += masked;
    levels.outside += outside;
    levels.below += below;
    levels.largest = largest;
    return row_;
  }

 private:
  const Panel& panel_;
  const std::string& name_;
  std::size_t columns_;
  std::vector<double> row_, scores_;
  double low_ = 0, high_ = 0, floor_ = 0;
};

/// What a block of cells that are not masked amounts to, row by row.
class Blocks {
 public:
  Blocks(std::size_t columns, std::size_t cells, bool is_signed, Reduce reduce)
      : share_(1.0 / static_cast<double>(cells)),
        is_signed_(is_signed),
        reduce_(reduce),
        value_(columns),
        count_(columns) {}

  void clear() {
    std::fill(value_.begin(), value_.end(), reduce_ == Reduce::kMean ? 0.0 : -kInfinity);
    std::fill(count_.begin(), count_.end(), 0.0);
  }
  void add(std::size_t block, const double* first, const double* last) {
    if (reduce_ == Reduce::kMax) return add_largest(block, first, last);
    double sum = 0, n = 0;  // shares are summed, so nothing overflows
    for (; first != last; ++first) {
      const bool masked = *first == -kInfinity;
      sum += masked ? 0 : *first * share_;
      n += masked ? 0 : share_;
    }
    value_[block] += sum;
    count_[block] += n;
  }
  /// −∞ if all are masked.
  double value(std::size_t block) const {
    if (reduce_ == Reduce::kMax) return value_[block];
    return count_[block] > 0 ? value_[block] / count_[block] : -kInfinity;
  }

 private:
  void add_largest(std::size_t block, const double* first, const double* last) {
    double& largest = value_[block];
    for (; first != last; ++first) {
      if (*first == -kInfinity) continue;
      const bool larger = is_signed_ ? largest == -kInfinity || std::abs(*first) > std::abs(largest)
                                     : *first > largest;
      if (larger) largest = *first;
    }
  }

  double share_;
  bool is_signed_;
  Reduce reduce_;
  std::vector<double> value_, count_;
};

}  // namespace

Levels levels_of(const Panel& panel, const ColorScale& scale, std::size_t row_reduction,
                 std::size_t column_reduction, const std::string& name, Reduce reduce) {
  const std::size_t rows = panel.values.rows(), columns = panel.values.columns();
  Levels levels;
  levels.rows = (rows + row_reduction - 1) / row_reduction;
  levels.columns = (columns + column_reduction - 1) / column_reduction;
  levels.level.resize(levels.rows * levels.columns);
  const Leveller leveller(scale);
  Reader reader(panel, scale, name);

  // One drawn cell a cell.
  if (row_reduction == 1 && column_reduction == 1) {
    for (std::size_t i = 0; i < rows; ++i) {
      const std::vector<double>& row = reader.row(i, levels);
      std::uint16_t* out = levels.level.data() + i * columns;
      for (std::size_t j = 0; j < columns; ++j) {
        const std::uint16_t level = leveller.level(row[j]);
        out[j] = row[j] == -kInfinity ? kMaskedLevel : level;
      }
    }
    return levels;
  }

  Blocks blocks(levels.columns, column_reduction * row_reduction, scale.low < 0, reduce);
  for (std::size_t block = 0; block < levels.rows; ++block) {
    blocks.clear();
    const std::size_t end = std::min(rows, (block + 1) * row_reduction);
    for (std::size_t i = block * row_reduction; i < end; ++i) {
      const double* row = reader.row(i, levels).data();
      for (std::size_t b = 0; b < levels.columns; ++b)
        blocks.add(b, row + b * column_reduction,
                   row + std::min(columns, (b + 1) * column_reduction));
    }
    std::uint16_t* out = levels.level.data() + block * levels.columns;
    for (std::size_t b = 0; b < levels.columns; ++b) {
      const double value = blocks.value(b);
      out[b] = value == -kInfinity ? kMaskedLevel : leveller.level(value);
    }
  }
  return levels;
}

bool is_masked(const Panel& panel, std::size_t row, std::size_t column) {
  return panel.values.at(row, column) == -kInfinity ||
         (panel.scores && panel.scores->at(row, column) == -kInfinity);
}

}  // namespace attn_viz::figure
