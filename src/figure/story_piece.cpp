#include "figure/story_piece.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "figure/axis.hpp"
#include "figure/math_text.hpp"
#include "figure/number_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kLongestLabel = 76;
constexpr int kNarrowestText = 148;  // equations wrap at least here
constexpr int kShortestSide = 28;    // of a matrix without numbers

StorySide side_of(std::size_t extent, int cell, const StorySizing& sizing) {
  if (sizing.font > 0) return {1, extent, cell};
  // Longer sides are longer, but a side of 3 is seen beside one of 300. Equal extents have equal
  // lengths, so that one sees which sides a product joins.
  constexpr double kFlat = 0.7;
  const double share = static_cast<double>(extent) / static_cast<double>(sizing.largest_extent);
  const double ideal = sizing.longest * std::pow(share, kFlat);
  const int length =
      std::clamp(static_cast<int>(ideal), kShortestSide, std::max(kShortestSide, sizing.longest));
  const auto most = static_cast<std::size_t>(length);
  StorySide side;
  side.reduction = (extent + most - 1) / most;
  side.cells = (extent + side.reduction - 1) / side.reduction;
  side.cell = std::max(1, length / static_cast<int>(side.cells));
  return side;
}

class PieceMaker {
 public:
  PieceMaker(const StoryMatrix& matrix, const StorySizing& sizing, const Palette& palette,
             Typesetter& type)
      : matrix_(matrix), palette_(palette), type_(type) {
    piece_.rows = side_of(matrix.panel.values.rows(), sizing.cell_height, sizing);
    piece_.columns = side_of(matrix.panel.values.columns(), sizing.cell_width, sizing);
    piece_.bounds = {-1, piece_.top() - 1.0, piece_.width() + 1.0,
                     piece_.top() + piece_.height() + 1.0};
  }

  StoryPiece make() {
    place_axis(matrix_.rows, Side::kLeft, piece_.rows);
    place_axis(matrix_.columns, Side::kAbove, piece_.columns);
    place_symbol();
    const int width = std::max(piece_.width(), kNarrowestText);
    double top = piece_.top() + piece_.height() + 9;
    if (!matrix_.equation.empty()) {
      const MathText text = set_math(matrix_.equation, {15, false, palette_.text, 0, false}, width,
                                     TextKind::kEquation, type_);
      add(text, top);
      top += text.height + 2;
    }
    std::string facts = matrix_.facts;
    if (piece_.rows.reduction * piece_.columns.reduction > 1) {
      facts += fmt::format("\na cell: mean of {}\u00a0×\u00a0{}", piece_.rows.reduction,
                           piece_.columns.reduction);
    }
    add(set_math(facts, {12, false, palette_.quiet_text, 0, false}, width, TextKind::kFacts, type_),
        top);
    return std::move(piece_);
  }

 private:
  void add(const TextItem& item) {
    piece_.bounds.add(bounds_of(item));
    piece_.texts.push_back(item);
  }

  void add(const MathText& text, double top) {
    const int x = piece_.width() / 2, y = static_cast<int>(std::lround(top));
    for (TextItem item : text.items) {
      item.x += x;
      item.y += y;
      add(item);
    }
  }

  void place_axis(const LabelledAxis& axis, Side side, const StorySide& extent) {
    if (axis.labels.empty()) return;
    AxisPlace place;
    place.side = side;
    place.count = axis.labels.size();
    place.reduction = extent.reduction;
    place.cell = extent.cell;
    place.length = extent.length();
    place.longest = kLongestLabel;
    const AxisLabels labels = place_labels(axis, place, palette_, type_);
    for (TextItem item : labels.texts) {
      item.y += piece_.top();
      add(item);
    }
    for (Rect tick : labels.ticks) {
      tick.y += piece_.top();
      piece_.ticks.push_back(tick);
    }
  }

  void place_symbol() {
    if (matrix_.symbol.empty()) return;
    const MathText text = set_math(matrix_.symbol, {19, true, palette_.text, 0, false},
                                   std::numeric_limits<int>::max(), TextKind::kSymbol, type_);
    add(text, piece_.bounds.top - 8 - text.height + 4);
  }

  const StoryMatrix& matrix_;
  const Palette& palette_;
  Typesetter& type_;
  StoryPiece piece_;
};

}  // namespace

StoryPiece piece_of(const StoryMatrix& matrix, const StorySizing& sizing, const Palette& palette,
                    Typesetter& type) {
  return PieceMaker(matrix, sizing, palette, type).make();
}

std::vector<std::string> numbers_of(const StoryMatrix& matrix) {
  const Matrix& values = matrix.panel.values;
  const ColorScale& scale = *matrix.panel.scale;
  const int decimals = decimals_for(scale.high);
  std::vector<std::string> texts;
  texts.reserve(values.rows() * values.columns());
  for (std::size_t i = 0; i < values.rows(); ++i)
    for (std::size_t j = 0; j < values.columns(); ++j)
      texts.push_back(is_masked(matrix.panel, i, j) ? "" : value_text(values.at(i, j), decimals));
  return texts;
}

}  // namespace attn_viz::figure
