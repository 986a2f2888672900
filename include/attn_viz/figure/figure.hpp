// What a picture shows, apart from how it is painted: matrices, their labels, one colour scale.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz::figure {

/// A read-only view of a row-major matrix; whoever owns the values must outlive it.
class Matrix {
 public:
  Matrix() = default;
  template <class T>
  Matrix(std::span<const T> values, std::size_t rows, std::size_t columns)
      : values_(values), rows_(rows), columns_(columns) {}
  /// The whole tensor as rows() × columns().
  explicit Matrix(const Tensor& tensor);
  /// One row of a tensor from column `first` on, folded to rows × columns (a query's weights as a
  /// map of patches).
  /// @throws Error  kBug if the tensor has no such row, or the row is too short
  static Matrix of_row(const Tensor& tensor, std::size_t row, std::size_t rows, std::size_t columns,
                       std::size_t first = 0);

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  /// All values, row-major, in the type that they have: one visit for a loop over all.
  const std::variant<std::span<const double>, std::span<const float>>& values() const {
    return values_;
  }
  double at(std::size_t row, std::size_t column) const {
    const std::size_t position = row * columns_ + column;
    return std::visit([=](auto values) { return static_cast<double>(values[position]); }, values_);
  }

 private:
  std::variant<std::span<const double>, std::span<const float>> values_;
  std::size_t rows_ = 0, columns_ = 0;
};

enum class ColorMap {
  kViridis,    ///< sequential, perceptually uniform, safe for colour-blind readers
  kDiverging,  ///< blue – white – red with lightness symmetric about 0, for signed values
};

/// What a figure is looked at on.
enum class Theme {
  kLight,  ///< dark ink on white
  kDark,   ///< light ink on a dark ground, for projectors in dark rooms
  kPrint,  ///< black ink on white, and greys that survive a photocopier
};

/// How values become colours.
struct ColorScale {
  ColorMap map = ColorMap::kViridis;
  double low = 0, high = 1;
  /// What the scale is and why, as said beside the colour bar: "weight, 0 to 1".
  std::string note = {};
};

/// One axis of the matrices: its name ("keys (token)") and a label for each row or column.
/// Empty labels: the indices 0, 1, ….
struct LabelledAxis {
  std::string name = {};
  std::vector<std::string> labels = {};
};

/// One matrix of a figure.
struct Panel {
  std::string title = {};
  Matrix values = {};
  /// Same size; −∞ marks a masked cell. −∞ in `values` itself marks one, too.
  std::optional<Matrix> scores = std::nullopt;
  /// A cell to outline (row, column): the query patch on a map.
  std::optional<std::pair<std::size_t, std::size_t>> marked = std::nullopt;
  /// Its own scale, with a colour bar of its own, instead of the figure's.
  std::optional<ColorScale> scale = std::nullopt;
};

/// A title, panels of one size with the same rows and columns, one colour scale (or one for each
/// panel), and notes that say what the reader must know (masked cells, reductions).
struct Figure {
  std::string title = {};
  std::string subtitle = {};
  LabelledAxis rows = {}, columns = {};
  std::vector<Panel> panels = {};
  std::size_t panels_per_row = 1;
  ColorScale scale = {};
  std::vector<std::string> notes = {};
  Theme theme = Theme::kLight;
};

}  // namespace attn_viz::figure
