#include "attn_viz/terminal/draw.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "attn_viz/figure/colormap.hpp"
#include "figure/levels.hpp"
#include "terminal/legend.hpp"
#include "terminal/line.hpp"
#include "terminal/plan.hpp"
#include "terminal/text.hpp"

namespace attn_viz::terminal {
namespace {

using figure::Figure;
using figure::Levels;
using figure::Panel;
using figure::Rgb;

class Drawing {
 public:
  Drawing(const Figure& figure, const Options& options)
      : figure_(figure),
        options_(options),
        plan_(plan_of(figure, options)),
        ellipsis_(options.color == Color::kNone ? "..." : "…") {
    for (const Panel& panel : figure.panels) {
      levels_.push_back(figure::levels_of(panel, figure.scale, plan_.row_reduction,
                                          plan_.column_reduction, "\"" + panel.title + "\""));
    }
  }

  std::string text() {
    add_wrapped(figure_.title);
    add_wrapped(figure_.subtitle);
    for (std::size_t i = 0; i < figure_.panels.size(); i += plan_.panels_per_line) {
      text_ += '\n';
      add_panels(i, std::min(i + plan_.panels_per_line, figure_.panels.size()));
    }
    const std::string scale = legend(figure_, plan_, levels_, options_);
    const std::vector<std::string> notes = notes_of(figure_, plan_, levels_, options_);
    if (!scale.empty() || !notes.empty()) text_ += '\n' + scale;
    for (const std::string& note : notes) add_wrapped(note);
    return std::move(text_);
  }

 private:
  void add_wrapped(const std::string& text) {
    if (text.empty()) return;
    for (const std::string& line : wrapped(visible_text(text), options_.width)) {
      text_ += line + "\n";
    }
  }

  // ---- panels side by side ----

  std::size_t left_of(std::size_t place) const {
    return plan_.row_label_width + 1 + place * (plan_.panel_width + kPanelGap);
  }

  void add_panels(std::size_t first, std::size_t last) {
    const auto over_each = [&](auto body) {
      Line line(options_.color);
      for (std::size_t i = first; i < last; ++i) {
        line.pad_to(left_of(i - first));
        body(line, i);
      }
      text_ += std::move(line).finish();
    };
    const bool titled = std::any_of(figure_.panels.begin(), figure_.panels.end(),
                                    [](const Panel& panel) { return !panel.title.empty(); });
    if (titled) {
      over_each([&](Line& line, std::size_t i) { line.text(fitting(figure_.panels[i].title)); });
    }
    if (!plan_.column_axis.name.empty()) {
      over_each([&](Line& line, std::size_t) { line.text(fitting(plan_.column_axis.name)); });
    }
    for (std::size_t i = 0; i < plan_.column_label_lines; ++i) {
      const bool nearest = i + 1 == plan_.column_label_lines;
      Line line = nearest ? begin_line(plan_.row_axis.name) : Line(options_.color);
      for (std::size_t panel = first; panel < last; ++panel) {
        add_column_labels(line, left_of(panel - first), i);
      }
      text_ += std::move(line).finish();
    }
    for (std::size_t i = 0; i < plan_.lines(); ++i) {
      Line line = begin_line(row_label(i));
      for (std::size_t panel = first; panel < last; ++panel) {
        line.pad_to(left_of(panel - first));
        add_cells(line, panel, i);
      }
      text_ += std::move(line).finish();
    }
  }

  /// A text above a panel.
  std::string fitting(const std::string& text) const {
    if (text.empty()) return text;
    return shortened(visible_label(text), plan_.panel_width, ellipsis_);
  }

  // ---- labels ----

  /// A line with its label, at the right end of the labels' columns.
  Line begin_line(const std::string& label) const {
    Line line(options_.color);
    const std::string text = shortened(label, plan_.row_label_width, ellipsis_);
    line.pad_to(plan_.row_label_width - width_of(text));
    line.text(text);
    // Else a terminal that orders letters itself would draw the numbers in a row backwards, too.
    if (has_right_to_left(text)) line.text("\u200e");
    return line;
  }

  std::string row_label(std::size_t line) const {
    const ShownAxis& axis = plan_.row_axis;
    const std::size_t row = line * plan_.rows_per_line() * plan_.row_reduction;
    if (plan_.row_reduction > 1) {
      return axis.named ? fmt::format("{} {}", row, axis.labels[row]) : axis.labels[row];
    }
    if (!plan_.both_labels) return axis.labels[row];
    const std::string upper = axis.labels[row] + "▀";
    return row + 1 < axis.labels.size() ? fmt::format("{} {}▄", upper, axis.labels[row + 1])
                                        : upper;
  }

  void add_column_labels(Line& line, std::size_t left, std::size_t index) const {
    if (plan_.column_labels == ColumnLabels::kTicks) return add_ticks(line, left);
    const bool down = plan_.column_labels == ColumnLabels::kDown;
    for (std::size_t j = 0; j < plan_.columns; ++j) {
      // Staggered: the first line has the columns 0, k, …, the last, above the matrix, k − 1, ….
      if (!down && j % plan_.column_label_lines != index) continue;
      const std::string& label = plan_.column_axis.labels[j];
      const std::string piece = down ? turned(label, index) : label;
      const std::size_t end = left + (j + 1) * plan_.cell_width - plan_.padding;
      const bool at_end = plan_.cells == CellKind::kNumbers;
      line.pad_to(at_end ? end - width_of(piece) : left + j * plan_.cell_width);
      line.text(piece);
      if (!down && has_right_to_left(piece)) line.text("\u200e");
    }
  }

  /// The character of a turned label on one of its lines; labels end at the matrix.
  std::string turned(const std::string& label, std::size_t line) const {
    const std::vector<Grapheme> all = graphemes(label);
    const std::size_t lines = plan_.column_label_lines;
    if (all.size() <= lines) {
      const std::size_t above = lines - all.size();
      return line < above ? "" : std::string(all[line - above].text);
    }
    const std::size_t dots = options_.color == Color::kNone ? 3 : 1;
    if (line + dots < lines) return std::string(all[line].text);
    return dots == 3 ? "." : ellipsis_;
  }

  void add_ticks(Line& line, std::size_t left) const {
    const std::size_t step = tick_step(plan_);
    for (std::size_t j = 0; j < plan_.columns; j += step) {
      const std::string index = std::to_string(j * plan_.column_reduction);
      line.pad_to(left + j * plan_.cell_width);
      if (j > 0 && line.width() + index.size() > left + plan_.panel_width) return;
      line.text(index);
    }
  }

  // ---- cells ----

  Rgb color_at(const Levels& levels, std::size_t row, std::size_t column) const {
    const std::uint16_t level = levels.level[row * levels.columns + column];
    return level == figure::kMaskedLevel ? kMaskedGround
                                         : figure::colors_of(figure_.scale.map)[level];
  }

  void add_cells(Line& line, std::size_t index, std::size_t row) const {
    const Levels& levels = levels_[index];
    for (std::size_t j = 0; j < plan_.columns; ++j) {
      if (plan_.cells == CellKind::kHalfBlocks) {
        add_half_blocks(line, levels, 2 * row, j);
      } else {
        const bool masked = levels.level[row * levels.columns + j] == figure::kMaskedLevel;
        const auto background =
            options_.color == Color::kNone ? std::nullopt : std::optional(color_at(levels, row, j));
        std::optional<Rgb> foreground;
        if (background && masked) foreground = kMaskedInk;
        if (background && !masked) foreground = ink_on(shown_color(*background, options_.color));
        line.text(cell_text(figure_.panels[index], levels, row, j), foreground, background);
      }
    }
  }

  std::string cell_text(const Panel& panel, const Levels& levels, std::size_t row,
                        std::size_t column) const {
    const std::uint16_t level = levels.level[row * levels.columns + column];
    const bool masked = level == figure::kMaskedLevel, plain = options_.color == Color::kNone;
    const std::size_t width = plan_.cell_width;
    std::string text(width, masked ? '/' : ' ');
    if (plan_.cells == CellKind::kNumbers) {
      const std::string number =
          masked ? "//" : number_text(panel.values.at(row, column), plan_.decimals);
      if (plain || !masked) {
        text = fmt::format("{:>{}}{:{}}", number, width - plan_.padding, "", plan_.padding);
      }
    } else if (plain && !masked) {
      text.assign(width, shade(figure_.scale.map, level));
    }
    const bool whole = plan_.row_reduction == 1 && plan_.column_reduction == 1;
    if (whole && width > 1 && panel.marked == std::pair(row, column)) {
      text.front() = '[';
      text.back() = ']';
    }
    return text;
  }

  void add_half_blocks(Line& line, const Levels& levels, std::size_t row,
                       std::size_t column) const {
    const Rgb upper = color_at(levels, row, column);
    std::optional<Rgb> lower;
    if (row + 1 < levels.rows) lower = color_at(levels, row + 1, column);
    for (std::size_t i = 0; i < plan_.cell_width; ++i) line.text("▀", upper, lower);
  }

  const Figure& figure_;
  const Options& options_;
  Plan plan_;
  std::string ellipsis_;
  std::vector<Levels> levels_;
  std::string text_;
};

}  // namespace

std::string draw(const Figure& figure, const Options& options) {
  if (options.width < kLeastWidth) {
    throw Error(ErrorCode::kBug, fmt::format("expected a width of {} columns or more, got {}",
                                             kLeastWidth, options.width));
  }
  return Drawing(figure, options).text();
}

}  // namespace attn_viz::terminal
