// What a picture shows, apart from how it is painted: matrices, their labels, one colour scale.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz::figure {

/// A read-only view of a matrix, or of the mean of several; whoever owns the values must outlive
/// it. Copies share what they select; no values are copied.
class Matrix {
 public:
  Matrix() = default;
  /// Row-major values.
  template <class T>
  Matrix(std::span<const T> values, std::size_t rows, std::size_t columns)
      : sources_{{values.data(), columns, 1}}, rows_(rows), columns_(columns) {}
  /// The whole tensor as rows() × columns().
  explicit Matrix(const Tensor& tensor);
  /// One row of a tensor from column `first` on, folded to rows × columns (a query's weights as a
  /// map of patches).
  /// @throws Error  kBug if the tensor has no such row, or the row is too short
  static Matrix of_row(const Tensor& tensor, std::size_t row, std::size_t rows, std::size_t columns,
                       std::size_t first = 0);
  /// Cell by cell the mean of matrices of one size; cells that are −∞ are left out, and a cell that
  /// is −∞ in all of them is −∞.
  /// @throws Error  kBug if there is none, if sizes differ, or if one is a part of a matrix
  static Matrix mean_of(const std::vector<Matrix>& matrices);

  /// Rows as columns.
  Matrix transposed() const;
  /// A mask of 0 and 1 as scores: a 0 is read as −∞.
  Matrix as_mask() const;
  /// Some rows and columns, in the order given; all where a list is empty.
  /// @throws Error  kBug if the matrix is a part already or has no such row or column
  Matrix part(std::vector<std::size_t> rows, std::vector<std::size_t> columns) const;

  std::size_t rows() const { return rows_; }
  std::size_t columns() const { return columns_; }
  double at(std::size_t row, std::size_t column) const;
  /// Row `row` to `out`, which has room for columns() values: the quick way to read all.
  void read_row(std::size_t row, double* out) const;

 private:
  struct Source {
    std::variant<const double*, const float*> first;
    std::size_t row_step = 0, column_step = 0;
    bool is_mask = false;
  };
  using Places = std::shared_ptr<const std::vector<std::size_t>>;  ///< null: all, in order

  std::vector<Source> sources_;
  std::size_t rows_ = 0, columns_ = 0;
  Places row_places_, column_places_;
};

enum class ColorMap {
  kViridis,  ///< sequential, perceptually uniform, safe for colour-blind readers; also the next
             ///< four
  kMagma,
  kInferno,
  kPlasma,
  kCividis,
  kGreys,          ///< from near white to near black, lightness falling evenly
  kBlues,          ///< from near white to dark blue
  kDiverging,      ///< blue – white – red with lightness symmetric about 0, for signed values
  kDivergingDark,  ///< blue – black – orange, the same for dark grounds
};

/// Whether the middle of a map means 0.
inline bool is_diverging(ColorMap map) {
  return map == ColorMap::kDiverging || map == ColorMap::kDivergingDark;
}

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
  /// Equal ratios are equal steps of the map; `low` > 0 is the floor, and what lies below it
  /// (also 0) has a colour of its own.
  bool logarithmic = false;
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
  /// An empty place in a grid whose rows are of different lengths; `values` has the size of the
  /// others and is not read.
  bool blank = false;
};

/// Numbers in the cells.
enum class ShowValues {
  kAuto,  ///< where they fit
  kOn,    ///< always: cells grow until they fit
  kOff,
};

/// What a drawn cell shows of the cells of the matrix that share it.
enum class Reduce {
  kMean,
  kMax,  ///< the largest; of signed values that of the largest size
};

/// Width and height of the whole picture in pixels (1/96 inch); 0: as the content needs.
struct Canvas {
  int width = 0, height = 0;
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
  /// What the rows and columns of panels are: "layer" with "0", "1", …; in place of panel titles.
  LabelledAxis panel_rows = {}, panel_columns = {};
  ShowValues show_values = ShowValues::kAuto;
  /// Decimals of the numbers in cells; absent: as many as they need.
  std::optional<int> digits = std::nullopt;
  Reduce reduce = Reduce::kMean;
  Canvas canvas = {};
  /// For papers, which have captions: without titles, names and labels of the axes, and notes.
  bool bare = false;
  /// What a masked cell is, beside its colour in the legend.
  std::string masked_means = "masked";
};

}  // namespace attn_viz::figure
