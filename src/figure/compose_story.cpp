// Lays a story out on a sheet: a header with the scales, rows of equations, notes.
#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "figure/scene.hpp"
#include "figure/story_layout.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kBarWidth = 14, kBarHeight = 64, kScaleNoteWidth = 112, kSwatch = 18;
constexpr double kSmallestNumber = 7;

class StoryComposer {
 public:
  StoryComposer(const Story& story, Typesetter& type)
      : story_(story), palette_(palette_of(story.theme)), type_(type) {
    scene_.theme = story.theme;
    for (const StoryLine& line : story.lines)
      for (const StoryTerm& term : line.terms) {
        const Matrix& values = term.matrix.panel.values;
        if (values.rows() == 0 || values.columns() == 0)
          throw Error(ErrorCode::kBug, "a matrix without cells cannot be drawn");
        any_masked_ = any_masked_ || has_masked(term.matrix.panel);
      }
    if (story.lines.empty()) throw Error(ErrorCode::kBug, "a story without steps");
  }

  Scene compose();

 private:
  static int round(double value) { return static_cast<int>(std::lround(value)); }
  static bool has_masked(const Panel& panel);

  const Run& title(int width) const {
    return type_.set(visible_text(story_.title),
                     {25, true, palette_.text, title_room(width), true});
  }
  const Run& subtitle(int width) const {
    return type_.set(visible_text(story_.subtitle),
                     {17, false, palette_.quiet_text, title_room(width), true});
  }
  const Run& note(const std::string& text, int width) const {
    return type_.set(visible_text(text),
                     {14, false, palette_.quiet_text, width - 2 * kStoryMargin, true});
  }
  const Run& scale_note(const std::string& text) const {
    return type_.set(text, {12, false, palette_.quiet_text, kScaleNoteWidth, true});
  }
  int title_room(int width) const { return width - 2 * kStoryMargin - legend_width() - 30; }
  int legend_width() const;
  double header_height(int width) const;
  double notes_height(int width) const;

  void place_header();
  int place_legend(int x);
  int place_bar(int x, ColorMap map, const std::vector<std::string>& ticks,
                const std::string& text);
  void place_rows();
  void place_line(std::size_t index, double x, int middle, bool first);
  void place_piece(const StoryMatrix& matrix, const StoryPiece& piece, int x, int middle);
  void add_grid(const PanelScene& panel);
  double fitting_size(const std::vector<std::string>& numbers, double room) const;
  void add_numbers(const StoryMatrix& matrix, const PanelScene& panel);
  void outline(int x, int y, int width, int height, int thick, Rgb color);
  Rgb accent() const { return accent_of(story_.theme); }

  const Story& story_;
  const Palette& palette_;
  Typesetter& type_;
  bool any_masked_ = false;
  StoryLayout layout_;
  Scene scene_;
};

bool StoryComposer::has_masked(const Panel& panel) {
  for (std::size_t i = 0; i < panel.values.rows(); ++i)
    for (std::size_t j = 0; j < panel.values.columns(); ++j)
      if (is_masked(panel, i, j)) return true;
  return false;
}

// ---- header ----

int StoryComposer::legend_width() const {
  const int bar = kBarWidth + 38 + kScaleNoteWidth + 16;
  return (story_.weight_note.empty() ? 0 : bar) + (story_.value_note.empty() ? 0 : bar) +
         (any_masked_ ? kSwatch + 80 : 0);
}

double StoryComposer::header_height(int width) const {
  const double texts = title(width).logical().height + 6 + subtitle(width).logical().height;
  return std::max(texts, kBarHeight + 12.0) + 22;
}

double StoryComposer::notes_height(int width) const {
  double height = 0;
  for (const std::string& text : story_.notes) height += note(text, width).logical().height + 6;
  return height;
}

void StoryComposer::place_header() {
  int y = kStoryMargin;
  for (const auto& [run, kind] : {std::pair{&title(layout_.width), TextKind::kTitle},
                                  std::pair{&subtitle(layout_.width), TextKind::kSubtitle}}) {
    if (run->text().empty()) continue;
    scene_.texts.push_back({run, kStoryMargin, y, false, kind});
    y += round(run->logical().height) + 6;
  }
  place_legend(layout_.width - kStoryMargin - legend_width());
  y = layout_.height - kStoryMargin - round(notes_height(layout_.width)) + 6;
  for (const std::string& text : story_.notes) {
    const Run& run = note(text, layout_.width);
    scene_.texts.push_back({&run, kStoryMargin, y, false, TextKind::kNote});
    y += round(run.logical().height) + 6;
  }
}

int StoryComposer::place_legend(int x) {
  if (!story_.weight_note.empty())
    x = place_bar(x, story_.weight_map, {"1", "0.5", "0"}, story_.weight_note);
  if (!story_.value_note.empty())
    x = place_bar(x, story_.value_map, {"a", "0", "−a"}, story_.value_note);
  if (!any_masked_) return x;
  scene_.swatches.push_back({x, kStoryMargin + 6, kSwatch, kSwatch, palette_.masked});
  const Run& run = scale_note("masked");
  scene_.texts.push_back({&run, x + kSwatch + 8,
                          round(kStoryMargin + 6 + kSwatch / 2.0 + 0.365 * 12 - run.baseline()),
                          false, TextKind::kLegend});
  return x;
}

int StoryComposer::place_bar(int x, ColorMap map, const std::vector<std::string>& ticks,
                             const std::string& text) {
  const int top = kStoryMargin + 6;
  scene_.bars.push_back({x, top, kBarWidth, kBarHeight, map});
  outline(x, top, kBarWidth, kBarHeight, 1, palette_.frame);
  for (std::size_t i = 0; i < ticks.size(); ++i) {
    const double t = static_cast<double>(i) / static_cast<double>(ticks.size() - 1);
    const int y = top + round(t * (kBarHeight - 1));
    scene_.rects.push_back({x + kBarWidth, y, 5, 1, palette_.frame});
    const Run& run = type_.set(ticks[i], {12, false, palette_.text, 0, false});
    scene_.texts.push_back({&run, x + kBarWidth + 9, round(y + 0.5 + 0.365 * 12 - run.baseline()),
                            false, TextKind::kTick});
  }
  const Run& run = scale_note(text);
  scene_.texts.push_back({&run, x + kBarWidth + 38,
                          round(top + kBarHeight / 2.0 - run.logical().height / 2), false,
                          TextKind::kScaleNote});
  return x + kBarWidth + 38 + kScaleNoteWidth + 16;
}

// ---- rows of equations ----

void StoryComposer::place_rows() {
  const Rows& rows = layout_.rows;
  const std::size_t count = rows.first.size();
  std::vector<LineBox> boxes;
  for (const LaidLine& line : layout_.lines) boxes.push_back(line.box);
  const double room = layout_.width - 2.0 * kStoryMargin;
  const double top = kStoryMargin + header_height(layout_.width);
  const double bottom = layout_.height - kStoryMargin - notes_height(layout_.width);
  // What is left over becomes air between the rows, and above and below them.
  const double spare = std::max(0.0, bottom - top - rows.height) / static_cast<double>(count + 1);
  const double air = std::min(spare, 70.0);
  double y =
      top +
      std::max(0.0, bottom - top - rows.height - air * (static_cast<double>(count) - 1)) / 2.4;
  const double left = kStoryMargin + std::max(0.0, room - rows.width) / 2;
  for (std::size_t row = 0; row < count; ++row) {
    const std::size_t first = rows.first[row];
    const std::size_t last = row + 1 < count ? rows.first[row + 1] : boxes.size();
    double above = 0, below = 0;
    bool heading = false;
    for (std::size_t i = first; i < last; ++i) {
      above = std::max(above, boxes[i].above);
      below = std::max(below, boxes[i].below);
      heading = heading || boxes[i].begins_stage;
    }
    const double headings = y;
    if (heading) y += layout_.gaps.heading;
    const int middle = round(y + above);
    double x = left;
    for (std::size_t i = first; i < last; ++i) {
      if (i > first && !boxes[i].continues) x += layout_.gaps.between_lines;
      const bool shown = !story_.revealed || i < *story_.revealed;
      if (layout_.lines[i].heading != nullptr && shown) {
        scene_.texts.push_back(
            {layout_.lines[i].heading, round(x), round(headings), false, TextKind::kStage});
      }
      place_line(i, x, middle, i == first);
      x += i == first ? boxes[i].width : boxes[i].width_behind;
    }
    y += above + below + layout_.gaps.between_rows + air;
  }
}

void StoryComposer::place_line(std::size_t index, double x, int middle, bool first) {
  const LaidLine& line = layout_.lines[index];
  const bool shown = !story_.revealed || index < *story_.revealed;
  for (std::size_t t = line.box.continues && !first ? 1 : 0; t < line.pieces.size(); ++t) {
    const StorySign& sign = line.signs[t];
    if (sign.width > 0) {
      const int at = round(x + kTermGap + sign.width / 2);
      if (shown)
        for (TextItem item : sign.texts) {
          item.x += at;
          item.y += middle;
          scene_.texts.push_back(item);
        }
      x += sign.width + 2 * kTermGap;
    }
    const StoryPiece& piece = line.pieces[t];
    const int left = round(x - piece.bounds.left);
    if (shown) place_piece(story_.lines[index].terms[t].matrix, piece, left, middle);
    const bool newest = story_.revealed && index + 1 == *story_.revealed;
    if (newest && t + 1 == line.pieces.size())
      outline(left - 3, middle + piece.top() - 3, piece.width() + 6, piece.height() + 6, 3,
              accent());
    x += piece.bounds.right - piece.bounds.left;
  }
}

void StoryComposer::place_piece(const StoryMatrix& matrix, const StoryPiece& piece, int x,
                                int middle) {
  const int top = middle + piece.top();
  PanelScene panel{levels_of(matrix.panel, *matrix.panel.scale, piece.rows.reduction,
                             piece.columns.reduction, "\"" + matrix.panel.title + "\""),
                   matrix.panel.scale->map,
                   x,
                   top,
                   piece.columns.cell,
                   piece.rows.cell,
                   piece.rows.reduction,
                   piece.columns.reduction};
  panel.dense_hatch = story_.theme == Theme::kPrint || panel.map == ColorMap::kGreys;
  add_grid(panel);
  outline(x, top, piece.width(), piece.height(), 1, palette_.frame);
  if (layout_.sizing.font > 0) add_numbers(matrix, panel);
  if (matrix.marked_row) {
    const int row = static_cast<int>(*matrix.marked_row / piece.rows.reduction);
    const int thick = piece.rows.cell >= 12 ? 3 : 1;
    outline(x, top + row * piece.rows.cell, piece.width(), piece.rows.cell, thick, accent());
  }
  for (TextItem item : piece.texts) {
    item.x += x;
    item.y += middle;
    scene_.texts.push_back(item);
  }
  for (Rect tick : piece.ticks) {
    tick.x += x;
    tick.y += middle;
    scene_.rects.push_back(tick);
  }
  scene_.panels.push_back(std::move(panel));
}

/// Lines on the first pixels of cells, light enough to leave the colours to speak.
void StoryComposer::add_grid(const PanelScene& panel) {
  if (std::min(panel.cell_width, panel.cell_height) < kGridCell) return;
  const int width = static_cast<int>(panel.levels.columns) * panel.cell_width;
  const int height = static_cast<int>(panel.levels.rows) * panel.cell_height;
  const Rgb line = is_diverging(panel.map) && story_.theme != Theme::kDark ? Rgb{0xdd, 0xdd, 0xdd}
                                                                           : palette_.grid;
  for (int i = 1; i < static_cast<int>(panel.levels.rows); ++i)
    scene_.rects.push_back({panel.x, panel.y + i * panel.cell_height, width, 1, line});
  for (int j = 1; j < static_cast<int>(panel.levels.columns); ++j)
    scene_.rects.push_back({panel.x + j * panel.cell_width, panel.y, 1, height, line});
}

/// The size of all numbers of the sheet, or less where one of these is longer than usual.
double StoryComposer::fitting_size(const std::vector<std::string>& numbers, double room) const {
  const double size = layout_.sizing.font;
  double widest = 0;
  for (const std::string& text : numbers)
    widest = std::max(widest, type_.set(text, {size, false, kBlack, 0, false}).ink().width);
  return widest <= room ? size : std::floor(4 * size * room / widest) / 4;
}

void StoryComposer::add_numbers(const StoryMatrix& matrix, const PanelScene& panel) {
  const std::vector<std::string> numbers = numbers_of(matrix);
  const std::span<const Rgb> colors = colors_of(panel.map);
  const double size = fitting_size(numbers, panel.cell_width - 4);
  if (size < kSmallestNumber) return;
  for (std::size_t i = 0; i < panel.levels.rows; ++i)
    for (std::size_t j = 0; j < panel.levels.columns; ++j) {
      const std::size_t cell = i * panel.levels.columns + j;
      if (panel.levels.level[cell] == kMaskedLevel) continue;
      const bool dark = luminance(colors[panel.levels.level[cell]]) < 0.18;
      const Run& run = type_.set(numbers[cell], {size, false, dark ? kWhite : kBlack, 0, false});
      const double x = panel.x + (static_cast<double>(j) + 0.5) * panel.cell_width;
      const double y = panel.y + (static_cast<double>(i) + 0.5) * panel.cell_height;
      scene_.texts.push_back({&run, round(x - run.ink().left - run.ink().width / 2),
                              round(y + 0.365 * run.size() - run.baseline()), false,
                              TextKind::kValue});
    }
}

/// Around a rectangle, outside of it.
void StoryComposer::outline(int x, int y, int width, int height, int thick, Rgb color) {
  scene_.rects.push_back({x - thick, y - thick, width + 2 * thick, thick, color});
  scene_.rects.push_back({x - thick, y + height, width + 2 * thick, thick, color});
  scene_.rects.push_back({x - thick, y, thick, height, color});
  scene_.rects.push_back({x + width, y, thick, height, color});
}

Scene StoryComposer::compose() {
  layout_ = lay_out_story(story_, type_, [this](int width) {
    return 2.0 * kStoryMargin + header_height(width) + notes_height(width);
  });
  if (std::max(layout_.width, layout_.height) > kLargestPicture)
    throw Error(ErrorCode::kLimit, "the story would be larger than 32767 pixels");
  scene_.width = layout_.width;
  scene_.height = layout_.height;
  place_header();
  place_rows();
  return std::move(scene_);
}

}  // namespace

Scene compose(const Story& story, Typesetter& type) {
  return StoryComposer(story, type).compose();
}

}  // namespace attn_viz::figure
