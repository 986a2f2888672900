#include "figure/levels.hpp"

#include <fmt/format.h>

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

/// One row of the matrix as doubles, −∞ where masked.
template <class T, class S>
void read_row(const T* values, const S* scores, std::size_t columns, double* row) {
  for (std::size_t j = 0; j < columns; ++j) row[j] = static_cast<double>(values[j]);
  if (!scores) return;
  constexpr S kMaskedScore = -std::numeric_limits<S>::infinity();
  for (std::size_t j = 0; j < columns; ++j)
    if (scores[j] == kMaskedScore && row[j] < kInfinity) row[j] = -kInfinity;
}

class Reader {
 public:
  Reader(const Panel& panel, const ColorScale& scale, const std::string& name)
      : panel_(panel), name_(name), columns_(panel.values.columns()), row_(columns_) {
    // Rounding errors at the ends are not worth a warning.
    const double slack = 1e-6 * (scale.high / 2 - scale.low / 2);
    low_ = scale.low - slack;
    high_ = scale.high + slack;
  }

  /// Row i, checked and counted.
  const std::vector<double>& row(std::size_t i, Levels& levels) {
    std::visit(
        [&](auto values) {
          const auto* first = values.data() + i * columns_;
          if (!panel_.scores)
            return read_row(first, static_cast<const double*>(nullptr), columns_, row_.data());
          std::visit(
              [&](auto scores) {
                read_row(first, scores.data() + i * columns_, columns_, row_.data());
              },
              panel_.scores->values());
        },
        panel_.values.values());
    std::size_t bad = 0, masked = 0, outside = 0;
    double largest = levels.largest;
    for (const double value : row_) {
      bad += !(value < kInfinity);
      masked += value == -kInfinity;
      outside += (value < low_ || value > high_) && value != -kInfinity;
      const double size = value == -kInfinity ? 0 : std::abs(value);
      largest = size > largest ? size : largest;
    }
    if (bad > 0)
      for (std::size_t j = 0; j < columns_; ++j)
        if (!(row_[j] < kInfinity)) refuse(name_, i, j, row_[j]);
    levels.masked += masked;
    levels.outside += outside;
    levels.largest = largest;
    return row_;
  }

 private:
  const Panel& panel_;
  const std::string& name_;
  std::size_t columns_;
  std::vector<double> row_;
  double low_ = 0, high_ = 0;
};

}  // namespace

Levels levels_of(const Panel& panel, const ColorScale& scale, std::size_t row_reduction,
                 std::size_t column_reduction, const std::string& name) {
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

  // Means over the cells of a block that are not masked; shares are summed, so nothing overflows.
  const double share = 1.0 / static_cast<double>(column_reduction * row_reduction);
  std::vector<double> mean(levels.columns), count(levels.columns);
  for (std::size_t block = 0; block < levels.rows; ++block) {
    std::fill(mean.begin(), mean.end(), 0.0);
    std::fill(count.begin(), count.end(), 0.0);
    const std::size_t end = std::min(rows, (block + 1) * row_reduction);
    for (std::size_t i = block * row_reduction; i < end; ++i) {
      const std::vector<double>& row = reader.row(i, levels);
      for (std::size_t b = 0, j = 0; b < levels.columns; ++b) {
        double sum = 0, n = 0;
        const std::size_t stop = std::min(columns, j + column_reduction);
        for (; j < stop; ++j) {
          const bool masked = row[j] == -kInfinity;
          sum += masked ? 0 : row[j] * share;
          n += masked ? 0 : share;
        }
        mean[b] += sum;
        count[b] += n;
      }
    }
    std::uint16_t* out = levels.level.data() + block * levels.columns;
    for (std::size_t b = 0; b < levels.columns; ++b)
      out[b] = count[b] > 0 ? leveller.level(mean[b] / count[b]) : kMaskedLevel;
  }
  return levels;
}

bool is_masked(const Panel& panel, std::size_t row, std::size_t column) {
  return panel.values.at(row, column) == -kInfinity ||
         (panel.scores && panel.scores->at(row, column) == -kInfinity);
}

}  // namespace attn_viz::figure
