// Lays out tokens joined by lines: queries left of x = 0, keys right of the lines.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "attn_viz/figure/lines.hpp"
#include "figure/axis.hpp"
#include "figure/head_colors.hpp"
#include "figure/line_choice.hpp"
#include "figure/sheet.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kFullHeight = 3200;  // of a column, in pixels; longer ones are packed closer
constexpr double kOtherQueries = 0.25;

void check(const TokenLines& figure) {
  auto refuse = [](const std::string& why) { throw Error(ErrorCode::kBug, why); };
  if (figure.heads.empty()) refuse("lines without heads cannot be drawn");
  const Matrix& first = figure.heads[0].weights;
  if (first.rows() == 0 || first.columns() == 0) refuse("lines without tokens cannot be drawn");
  for (const HeadLines& head : figure.heads) {
    if (head.weights.rows() != first.rows() || head.weights.columns() != first.columns())
      refuse("the heads of a figure must have the same size");
    if (head.color >= figure.colors) refuse("a head has a color that there is not");
  }
  auto check_labels = [&](const LabelledAxis& axis, std::size_t count, const char* name) {
    if (!axis.labels.empty() && axis.labels.size() != count)
      refuse(fmt::format("{} {} labels for {}", axis.labels.size(), name, count));
  };
  check_labels(figure.queries, first.rows(), "query");
  check_labels(figure.keys, first.columns(), "key");
  if (!(figure.strongest > 0) || !std::isfinite(figure.strongest))
    refuse(fmt::format("lines from 0 to {}", figure.strongest));
  if (figure.query && *figure.query >= first.rows())
    refuse("the chosen query of a figure lies outside of it");
}

/// The tokens of one side.
struct Column {
  std::size_t count = 1, reduction = 1;
  int cell = 1;  ///< height of `reduction` tokens, in pixels
  int top = 0;
  int height() const { return static_cast<int>((count + reduction - 1) / reduction) * cell; }
  double pitch() const { return static_cast<double>(cell) / static_cast<double>(reduction); }
  double middle(std::size_t i) const { return top + (static_cast<double>(i) + 0.5) * pitch(); }
};

class LinesComposer {
 public:
  LinesComposer(const TokenLines& figure, Typesetter& type)
      : figure_(figure), type_(type), sheet_(figure.theme, type), choice_(choose_lines(figure)) {
    const Matrix& weights = figure.heads[0].weights;
    queries_ = column(weights.rows());
    keys_ = column(weights.columns());
    const int height = std::max(queries_.height(), keys_.height());
    queries_.top = (height - queries_.height()) / 2;
    keys_.top = (height - keys_.height()) / 2;
    width_ = std::clamp(height * 3 / 4, 280, 480);
    spread_ =
        figure.heads.size() == 1
            ? 0
            : std::min(4.0, 0.7 * queries_.pitch() / static_cast<double>(figure.heads.size()));
    line_width_ = figure.heads.size() == 1 ? std::clamp(queries_.pitch() / 10, 1.0, 3.0)
                                           : std::clamp(spread_ - 1, 1.0, 3.0);
  }

  Scene compose() {
    add_lines();
    add_column(queries_, figure_.queries, false);
    add_column(keys_, figure_.keys, true);
    if (figure_.query) mark_query();
    add_names();
    add_legend();
    sheet_.add_header(figure_.title, figure_.subtitle);
    sheet_.add_notes(notes());
    return sheet_.finish();
  }

 private:
  /// Close enough for long inputs, far enough apart to read short ones and to tell heads apart.
  Column column(std::size_t count) const {
    const Matrix& weights = figure_.heads[0].weights;
    const int most = static_cast<int>(std::max(weights.rows(), weights.columns()));
    const int for_labels = most <= 8     ? 40
                           : most <= 16  ? 30
                           : most <= 40  ? 24
                           : most <= 100 ? 18
                                         : 14;
    const int for_heads = std::min(4 * static_cast<int>(figure_.heads.size()), 1200 / most);
    const int room = kFullHeight / most;
    const int reduction = room >= 1 ? 1 : (most + kFullHeight - 1) / kFullHeight;
    return {count, static_cast<std::size_t>(reduction),
            std::clamp(room, 1, std::max(for_labels, for_heads)), 0};
  }
  static int round(double value) { return static_cast<int>(std::lround(value)); }

  void add_lines();
  void add_column(const Column& column, const LabelledAxis& axis, bool right);
  void mark_query();
  void add_names();
  void add_legend();
  std::vector<std::string> notes() const;

  const TokenLines& figure_;
  Typesetter& type_;
  Sheet sheet_;
  LineChoice choice_;
  Column queries_, keys_;
  int width_ = 280;    ///< of the room for lines
  double spread_ = 0;  ///< between the lines of neighbouring heads at a token
  double line_width_ = 1;
};

void LinesComposer::add_lines() {
  const double middle_head = (static_cast<double>(figure_.heads.size()) - 1) / 2;
  for (const ChosenLine& line : choice_.lines) {
    const double shift = (line.head - middle_head) * spread_;
    const bool other = figure_.query && line.query != *figure_.query;
    const double strength = std::min(std::abs(line.weight) / figure_.strongest, 1.0);
    LineItem item;
    item.x0 = 0;
    item.y0 = queries_.middle(line.query) + shift;
    item.x1 = width_;
    item.y1 = keys_.middle(line.key) + shift;
    item.width = line_width_;
    item.color = other ? sheet_.palette().frame
                       : head_color(figure_.heads[line.head].color, figure_.colors, figure_.theme);
    item.opacity = strength * (other ? kOtherQueries : 1);
    item.dashed = line.weight < 0;
    sheet_.add(item);
  }
}

/// Labels of a matrix' rows; those of the keys are mirrored to the right side.
void LinesComposer::add_column(const Column& column, const LabelledAxis& axis, bool right) {
  const AxisPlace place{Side::kLeft, column.count,    column.reduction,
                        column.cell, column.height(), 220};
  const AxisLabels labels = place_labels(axis, place, sheet_.palette(), type_);
  for (TextItem item : labels.texts) {
    if (right) {
      const TextBox& box = item.run->logical();
      item.x = round(width_ - (item.x + box.left + box.width) - box.left);
      item.kind = TextKind::kColumnLabel;
    }
    item.y += column.top;
    sheet_.add(item);
  }
  for (Rect tick : labels.ticks) {
    if (right) tick.x = width_ - tick.x - tick.width;
    tick.y += column.top;
    sheet_.add(tick);
  }
  sheet_.add(Rect{right ? width_ : -1, column.top, 1, column.height(), sheet_.palette().frame});
}

/// A bar beside the query, as tall as its token.
void LinesComposer::mark_query() {
  const int height = std::max(3, round(queries_.pitch()));
  const int y = round(queries_.middle(*figure_.query) - height / 2.0);
  sheet_.add(Rect{-4, y, 4, height, sheet_.palette().text});
}

void LinesComposer::add_names() {
  const double top = sheet_.bounds().top - 10;
  const Style style{13, false, sheet_.palette().quiet_text, 220, true};
  auto add = [&](const std::string& name, bool right) {
    if (name.empty()) return;
    const Run& run = type_.set(visible_text(name), style);
    const TextBox& box = run.ink();
    const double x = right ? width_ + 7 - box.left : -7 - box.left - box.width;
    sheet_.add(TextItem{&run, round(x), round(top - box.top - box.height), false,
                        right ? TextKind::kColumnName : TextKind::kRowName});
  };
  add(figure_.queries.name, false);
  add(figure_.keys.name, true);
}

/// The heads with their colours, then what opacity and dashes mean.
void LinesComposer::add_legend() {
  constexpr int kSample = 28, kPitch = 20, kNoteWidth = 170;
  const Palette& palette = sheet_.palette();
  const int x = static_cast<int>(std::ceil(sheet_.bounds().right)) + 34;
  int y = kPitch / 2;
  auto add = [&](const std::string& text, TextKind kind, Rgb color, double opacity, bool dashed) {
    const Run& run = type_.set(text, {12, false, palette.text, kNoteWidth, false});
    sheet_.add(LineItem{static_cast<double>(x), y + 0.0, static_cast<double>(x + kSample), y + 0.0,
                        3, color, opacity, false, dashed});
    sheet_.add(TextItem{&run, x + kSample + 8, round(y + 0.365 * run.size() - run.baseline()),
                        false, kind});
    y += kPitch;
  };
  for (const HeadLines& head : figure_.heads)
    add(visible_label(head.name), TextKind::kLegend,
        head_color(head.color, figure_.colors, figure_.theme), 1, false);
  if (figure_.query) add("other queries, ¼ as strong", TextKind::kLegend, palette.frame, 1, false);
  y += kPitch / 2;
  // Of one head in its colour, so that the samples are what the lines are.
  const Rgb ink = figure_.heads.size() == 1
                      ? head_color(figure_.heads[0].color, figure_.colors, figure_.theme)
                      : palette.text;
  for (const double share : {1.0, 0.75, 0.5, 0.25, 0.1})
    add(fmt::format("{:.3g}", share * figure_.strongest), TextKind::kTick, ink, share, false);
  if (choice_.negative)
    add(fmt::format("−{:.3g}", figure_.strongest), TextKind::kTick, ink, 1, true);
  const Run& note = type_.set(
      visible_text(fmt::format("Opacity is the {}{}, from 0 to {:.3g}{}.", figure_.quantity,
                               choice_.negative ? "'s size" : "", figure_.strongest,
                               choice_.negative ? "; negative: dashed" : "")),
      {12, false, palette.quiet_text, kNoteWidth, true});
  sheet_.add(TextItem{&note, x, y - 4, false, TextKind::kScaleNote});
}

/// What was left out.
std::vector<std::string> LinesComposer::notes() const {
  std::vector<std::string> notes = figure_.notes;
  auto lines = [](std::size_t n) { return fmt::format("{} line{}", n, n == 1 ? "" : "s"); };
  const std::string bars = choice_.negative ? "|" : "";
  if (choice_.faint > 0)
    notes.push_back(fmt::format("{} with {}{}{} < {:.3g} {} not drawn.", lines(choice_.faint), bars,
                                figure_.quantity, bars, kFaintest * figure_.strongest,
                                choice_.faint == 1 ? "is" : "are"));
  if (choice_.beyond > 0)
    notes.push_back(fmt::format("The {} strongest lines are drawn; {} weaker {} left out.",
                                kMostLines, choice_.beyond,
                                choice_.beyond == 1 ? "one is" : "ones are"));
  if (choice_.over > 0)
    notes.push_back(fmt::format("{} stronger than {:.3g} {} opaque, too.", lines(choice_.over),
                                figure_.strongest, choice_.over == 1 ? "is" : "are"));
  return notes;
}

}  // namespace

Scene compose(const TokenLines& figure, Typesetter& type) {
  check(figure);
  return LinesComposer(figure, type).compose();
}

}  // namespace attn_viz::figure
