#include "terminal/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "figure/levels.hpp"
#include "figure/number_text.hpp"
#include "terminal/text.hpp"

namespace attn_viz::terminal {
namespace {

using figure::Figure;
using figure::LabelledAxis;

/// Lines of turned labels.
constexpr std::size_t kLongestDown = 12;
/// Lines of staggered labels.
constexpr std::size_t kMostStaggered = 3;
/// So that few columns are more than a thread, and a matrix of a few rows is no hairline.
constexpr std::size_t kFewColumns = 4, kFewRows = 4;
/// A matrix is not reduced to fewer lines than this, also where the terminal is lower: it scrolls.
constexpr std::size_t kLeastLines = 24;
/// Title, names, labels, legend: lines that a terminal needs beside the matrix.
constexpr std::size_t kOtherLines = 8;

std::size_t divided_up(std::size_t number, std::size_t by) {
  return (number + by - 1) / by;
}

std::string on_one_line(const std::string& text) {
  return text.empty() ? text : visible_label(text);
}

ShownAxis shown(const LabelledAxis& axis, std::size_t count) {
  if (!axis.labels.empty() && axis.labels.size() != count) {
    throw Error(ErrorCode::kBug,
                fmt::format("{} labels for {} rows or columns", axis.labels.size(), count));
  }
  ShownAxis result{.name = on_one_line(axis.name), .labels = {}};
  result.labels.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::string index = std::to_string(i);
    result.named |= !axis.labels.empty() && axis.labels[i] != index;
    result.labels.push_back(axis.labels.empty() ? index : visible_label(axis.labels[i]));
    std::size_t width = 0;
    for (const Grapheme& one : graphemes(result.labels.back())) {
      width += one.width;
      result.widest = std::max(result.widest, one.width);
    }
    result.longest = std::max(result.longest, width);
  }
  return result;
}

/// Calls `body(value)` for each cell of each panel that is not masked.
template <class Body>
void for_each_value(const Figure& figure, Body body) {
  for (const figure::Panel& panel : figure.panels) {
    for (std::size_t i = 0; i < panel.values.rows(); ++i) {
      for (std::size_t j = 0; j < panel.values.columns(); ++j) {
        if (!figure::is_masked(panel, i, j)) body(panel.values.at(i, j));
      }
    }
  }
}

/// Two significant digits of the largest; none if all are whole numbers.
int decimals_of(const Figure& figure) {
  double largest = 0;
  bool whole = true;
  for_each_value(figure, [&](double value) {
    largest = std::max(largest, std::abs(value));
    whole &= value == std::trunc(value);
  });
  return whole ? 0 : figure::decimals_for(largest);
}

class Planner {
 public:
  Planner(const Figure& figure, const Options& options) : figure_(figure), options_(options) {
    if (figure.panels.empty() || figure.panels[0].values.rows() == 0 ||
        figure.panels[0].values.columns() == 0) {
      throw Error(ErrorCode::kBug, "there is nothing to draw");
    }
    rows_ = figure.panels[0].values.rows();
    columns_ = figure.panels[0].values.columns();
    most_lines_ = std::max(kLeastLines, options.height - std::min(options.height, kOtherLines));
    plan_.row_axis = shown(figure.rows, rows_);
    plan_.column_axis = shown(figure.columns, columns_);
    label_limit_ = std::max<std::size_t>(8, options.width / 3);
    plan_.row_label_width =
        std::min(label_limit_, std::max(plan_.row_axis.longest, width_of(plan_.row_axis.name)));
    set_room();
  }

  Plan plan() {
    if (!plan_numbers() && !plan_blocks()) plan_small();
    plan_.row_reduction = divided_up(rows_, most_lines_ * plan_.rows_per_line());
    plan_.column_reduction = divided_up(columns_, room_ / plan_.cell_width);
    plan_.rows = divided_up(rows_, plan_.row_reduction);
    plan_.columns = divided_up(columns_, plan_.column_reduction);
    plan_column_labels();
    plan_panels();
    return plan_;
  }

 private:
  void set_room() { room_ = options_.width - plan_.row_label_width - 1; }

  bool plan_numbers() {
    if (rows_ > most_lines_ || 2 * columns_ > room_) return false;
    plan_.decimals = options_.digits.value_or(decimals_of(figure_));
    std::size_t digits = 2;  // of "//", a masked cell
    for_each_value(figure_, [&](double value) {
      digits = std::max(digits, number_text(value, plan_.decimals).size());
    });
    const std::size_t with_label = std::max(digits, plan_.column_axis.longest);
    plan_.cells = CellKind::kNumbers;
    // A space on either side of the number, or only before it.
    for (const std::size_t width : {with_label + 2, with_label + 1, digits + 2, digits + 1}) {
      plan_.cell_width = width;
      plan_.padding = width == with_label + 2 || width == digits + 2 ? 1 : 0;
      if (columns_ * width <= room_) return true;
    }
    return false;
  }

  bool plan_blocks() {
    plan_.cells = CellKind::kBlocks;
    plan_.cell_width = columns_ <= kFewColumns ? 4 : 2;
    return rows_ <= most_lines_ && columns_ * plan_.cell_width <= room_;
  }

  void plan_small() {
    const bool half = options_.color != Color::kNone && rows_ > kFewRows;
    plan_.cells = half ? CellKind::kHalfBlocks : CellKind::kBlocks;
    plan_.cell_width = columns_ <= kFewColumns ? 4 : 1;
    if (rows_ > most_lines_ * plan_.rows_per_line()) {
      // "1990 the": the first row of a mean, with its index.
      const std::size_t index = std::to_string(rows_ - 1).size();
      const std::size_t name = plan_.row_axis.named ? plan_.row_axis.longest + 1 : 0;
      plan_.row_label_width = std::min(label_limit_, std::max(plan_.row_label_width, index + name));
    } else if (half) {
      const std::size_t both = 2 * plan_.row_axis.longest + 3;  // "Tom▀ and▄"
      plan_.both_labels = both <= label_limit_;
      if (plan_.both_labels) plan_.row_label_width = std::max(plan_.row_label_width, both);
    }
    set_room();
  }

  void plan_column_labels() {
    const ShownAxis& axis = plan_.column_axis;
    const bool numbers = plan_.cells == CellKind::kNumbers;
    const std::size_t needed = axis.longest + (numbers || columns_ > 1 ? 1 : 0);
    if (plan_.column_reduction == 1 && needed <= plan_.cell_width) {
      plan_.column_labels = ColumnLabels::kAcross;
    } else if (plan_.column_reduction == 1 && can_stagger()) {
      plan_.column_labels = ColumnLabels::kStaggered;
      plan_.column_label_lines = divided_up(needed, plan_.cell_width);
    } else if (plan_.column_reduction == 1 && axis.named && axis.widest <= plan_.cell_width) {
      plan_.column_labels = ColumnLabels::kDown;
      std::size_t most = 1;
      for (const std::string& label : axis.labels) most = std::max(most, graphemes(label).size());
      plan_.column_label_lines = std::min(most, kLongestDown);
    } else {
      plan_.column_labels = ColumnLabels::kTicks;
    }
  }

  /// Labels end at the ends of their columns, and the first one reaches over the row labels.
  bool can_stagger() const {
    const std::size_t longest = plan_.column_axis.longest;
    return plan_.cells == CellKind::kNumbers && longest < kMostStaggered * plan_.cell_width &&
           longest <= plan_.row_label_width + plan_.cell_width;
  }

  void plan_panels() {
    plan_.panel_width = room_;
    if (figure_.panels.size() == 1) return;
    std::size_t width =
        std::max(plan_.columns * plan_.cell_width, width_of(plan_.column_axis.name));
    for (const figure::Panel& panel : figure_.panels) {
      width = std::max(width, width_of(on_one_line(panel.title)));
    }
    if (plan_.column_labels == ColumnLabels::kStaggered) {
      width = std::max(width, room_);  // the labels would reach over the neighbour
    }
    const std::size_t fit = (room_ + kPanelGap) / (width + kPanelGap);
    plan_.panels_per_line =
        std::max<std::size_t>(1, std::min({fit, figure_.panels.size(), figure_.panels_per_row}));
    if (plan_.panels_per_line > 1) plan_.panel_width = width;
  }

  const Figure& figure_;
  const Options& options_;
  Plan plan_;
  std::size_t rows_ = 0, columns_ = 0;
  std::size_t most_lines_ = 0, label_limit_ = 0;
  std::size_t room_ = 0;  ///< columns right of the row labels
};

}  // namespace

std::string number_text(double value, int decimals) {
  if (std::abs(value) >= 1e5) return fmt::format("{:.1e}", value);
  std::string text = fmt::format("{:.{}f}", value, decimals);
  // A sign that is all that is left of a number would be read as a misprint.
  const bool nothing = text.find_first_of("123456789") == std::string::npos;
  return nothing && text[0] == '-' ? text.substr(1) : text;
}

Plan plan_of(const Figure& figure, const Options& options) {
  return Planner(figure, options).plan();
}

}  // namespace attn_viz::terminal
