// Lays a figure out. The matrices stand around (0, 0); everything else is placed beside what is
// already there, and the canvas is as large as all of it, so that nothing is clipped.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/error.hpp"
#include "figure/axis.hpp"
#include "figure/label_text.hpp"
#include "figure/number_text.hpp"
#include "figure/scene.hpp"
#include "figure/sizes.hpp"
#include "figure/values.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kMargin = 24;      // around everything
constexpr int kTextWidth = 480;  // titles and notes wrap at least here
constexpr std::size_t kMostPanelsPerRow = 100;
constexpr int kLargestPicture = 32'767;  // Cairo's limit, in each direction

Style title_style(const Palette& palette) {
  return {19, true, palette.text, 0, true};
}
Style subtitle_style(const Palette& palette) {
  return {13, false, palette.quiet_text, 0, true};
}
Style panel_title_style(const Palette& palette) {
  return {12, true, palette.text, 0, false};
}
Style name_style(const Palette& palette) {
  return {13, false, palette.quiet_text, 0, true};
}
Style tick_style(const Palette& palette) {
  return {12, false, palette.text, 0, false};
}
Style note_style(const Palette& palette) {
  return {12, false, palette.quiet_text, 0, true};
}

Style wrapped_at(Style style, int width) {
  style.max_width = width;
  return style;
}

class Composer {
 public:
  Composer(const Figure& figure, Typesetter& type)
      : figure_(figure), palette_(palette_of(figure.theme)), type_(type) {
    per_row_ = std::clamp<std::size_t>(figure.panels_per_row, 1, kMostPanelsPerRow);
    per_row_ = std::min(per_row_, figure.panels.size());
    grid_rows_ = (figure.panels.size() + per_row_ - 1) / per_row_;
    single_ = figure.panels.size() == 1;
    sizes_ = choose_sizes(figure.panels[0].values.rows(), figure.panels[0].values.columns(),
                          std::max(per_row_, grid_rows_));
    scene_.theme = figure.theme;
  }

  Scene compose() {
    place_panels();
    place_axis_names();
    place_legend();
    add_values(figure_, type_, scene_);
    place_header();
    place_notes();
    fit_canvas();
    return std::move(scene_);
  }

 private:
  static int up(double value) { return static_cast<int>(std::ceil(value)); }
  static int down(double value) { return static_cast<int>(std::floor(value)); }

  TextItem& add(const TextItem& item) {
    bounds_.add(bounds_of(item));
    return scene_.texts.emplace_back(item);
  }
  void add_rect(const Rect& rect) {
    bounds_.add({static_cast<double>(rect.x), static_cast<double>(rect.y),
                 static_cast<double>(rect.x + rect.width),
                 static_cast<double>(rect.y + rect.height)});
    scene_.rects.push_back(rect);
  }

  void place_panels();
  void place_panel(std::size_t index, int x, int y);
  void add_lines(const PanelScene& panel);
  void add_mark(const PanelScene& panel, std::size_t row, std::size_t column);
  void place_axis_names();
  void place_legend();
  void place_header();
  void place_notes();
  void fit_canvas();
  std::vector<std::string> own_notes() const;

  const Figure& figure_;
  const Palette& palette_;
  Typesetter& type_;
  std::size_t per_row_ = 1, grid_rows_ = 1;
  bool single_ = true;
  Sizes sizes_;
  int grid_width_ = 0, grid_height_ = 0;  ///< of all matrices with the gaps between them
  Bounds bounds_;                         ///< of everything placed so far
  Scene scene_;
};

// ---- matrices, their labels and titles ----

void Composer::place_panels() {
  AxisPlace left{Side::kLeft,          figure_.panels[0].values.rows(),
                 sizes_.row_reduction, sizes_.cell_height,
                 sizes_.height(),      single_ ? 190 : 140};
  AxisPlace across{single_ ? Side::kAbove : Side::kBelow,
                   figure_.panels[0].values.columns(),
                   sizes_.column_reduction,
                   sizes_.cell_width,
                   sizes_.width(),
                   single_ ? 190 : 140};
  const AxisLabels row_labels = place_labels(figure_.rows, left, palette_, type_);
  const AxisLabels column_labels = place_labels(figure_.columns, across, palette_, type_);

  // How far labels reach beyond their matrix, and titles: the gap between panels holds both.
  Bounds rows_reach, columns_reach;
  for (const TextItem& item : row_labels.texts) rows_reach.add(bounds_of(item));
  for (const TextItem& item : column_labels.texts) columns_reach.add(bounds_of(item));
  const double beyond_x = -columns_reach.left + std::max(0.0, columns_reach.right - sizes_.width());
  const double beyond_y = -rows_reach.top + std::max(0.0, rows_reach.bottom - sizes_.height());

  // Titles stand over their matrices. A matrix narrower than its title gets room for it.
  double title_width = 0, title_height = 0;
  std::vector<const Run*> titles;
  const int longest_title = std::max(sizes_.width(), single_ ? kTextWidth : 150);
  for (const Panel& panel : figure_.panels) {
    titles.push_back(nullptr);
    if (panel.title.empty()) continue;
    titles.back() = &type_.set(visible_label(panel.title),
                               wrapped_at(panel_title_style(palette_), longest_title));
    const TextBox& ink = titles.back()->ink();
    title_width = std::max(title_width, ink.left + ink.width);
    title_height = std::max(title_height, titles.back()->logical().height);
  }
  const int gap_x = std::max(up(beyond_x) + 14, 16);
  const int title_gap = 7;
  const int pitch_x = std::max(sizes_.width(), single_ ? 0 : up(title_width)) + gap_x;
  const int pitch_y =
      sizes_.height() + (title_height > 0
                             ? std::max(up(title_height) + title_gap + 10, up(beyond_y) + 6)
                             : std::max(14, up(beyond_y) + 6));
  grid_width_ = static_cast<int>(per_row_ - 1) * pitch_x + sizes_.width();
  grid_height_ = static_cast<int>(grid_rows_ - 1) * pitch_y + sizes_.height();
  bounds_ = {0, 0, static_cast<double>(grid_width_), static_cast<double>(grid_height_)};

  auto place_copy = [&](const AxisLabels& labels, int x, int y) {
    for (TextItem item : labels.texts) {
      item.x += x;
      item.y += y;
      add(item);
    }
    for (Rect tick : labels.ticks) {
      tick.x += x;
      tick.y += y;
      add_rect(tick);
    }
  };
  for (std::size_t p = 0; p < figure_.panels.size(); ++p) {
    const int x = static_cast<int>(p % per_row_) * pitch_x;
    const int y = static_cast<int>(p / per_row_) * pitch_y;
    place_panel(p, x, y);
    // Labels stand at the outer panels alone: the axes are the same for all.
    if (p % per_row_ == 0) place_copy(row_labels, x, y);
    if (single_) place_copy(column_labels, x, y);
    if (!single_ && p + per_row_ >= figure_.panels.size())
      place_copy(column_labels, x, y + sizes_.height());
    if (!single_ && titles[p])
      add({titles[p], x, y - title_gap - up(titles[p]->logical().height), false,
           TextKind::kPanelTitle});
  }
}

void Composer::place_panel(std::size_t index, int x, int y) {
  const Panel& panel = figure_.panels[index];
  const std::string name =
      panel.title.empty() ? fmt::format("panel {}", index + 1) : "\"" + panel.title + "\"";
  const ColorScale& scale = panel.scale.value_or(figure_.scale);
  PanelScene placed{levels_of(panel, scale, sizes_.row_reduction, sizes_.column_reduction, name),
                    scale.map,
                    x,
                    y,
                    sizes_.cell_width,
                    sizes_.cell_height,
                    sizes_.row_reduction,
                    sizes_.column_reduction};
  add_lines(placed);
  if (panel.marked)
    add_mark(placed, panel.marked->first / sizes_.row_reduction,
             panel.marked->second / sizes_.column_reduction);
  scene_.panels.push_back(std::move(placed));
}

void Composer::add_lines(const PanelScene& panel) {
  const int width = sizes_.width(), height = sizes_.height();
  // White lines between cells, visible on every color but the diverging map's middle.
  const Rgb line = panel.map == ColorMap::kDiverging && figure_.theme != Theme::kDark
                       ? Rgb{0xdd, 0xdd, 0xdd}
                       : palette_.grid;
  if (std::min(panel.cell_width, panel.cell_height) >= kGridCell) {
    for (int i = 1; i < static_cast<int>(sizes_.rows); ++i)
      add_rect({panel.x, panel.y + i * panel.cell_height, width, 1, line});
    for (int j = 1; j < static_cast<int>(sizes_.columns); ++j)
      add_rect({panel.x + j * panel.cell_width, panel.y, 1, height, line});
  }
  add_rect({panel.x - 1, panel.y - 1, width + 2, 1, palette_.frame});
  add_rect({panel.x - 1, panel.y + height, width + 2, 1, palette_.frame});
  add_rect({panel.x - 1, panel.y - 1, 1, height + 2, palette_.frame});
  add_rect({panel.x + width, panel.y - 1, 1, height + 2, palette_.frame});
}

/// A ring inside of the cell's edges, black outside and white inside. Small cells are pointed at
/// from the left and from above, so that no neighbour is covered; very small ones have no ring.
void Composer::add_mark(const PanelScene& panel, std::size_t row, std::size_t column) {
  const int x = panel.x + static_cast<int>(column) * panel.cell_width;
  const int y = panel.y + static_cast<int>(row) * panel.cell_height;
  const int small = std::min(panel.cell_width, panel.cell_height);
  if (small < 24) {
    const int middle_x = x + panel.cell_width / 2, middle_y = y + panel.cell_height / 2;
    for (int k = 0; k < 5; ++k) {
      add_rect({panel.x - 2 - k, middle_y - k, 1, 2 * k + 1, kBlack});
      add_rect({middle_x - k, panel.y - 2 - k, 2 * k + 1, 1, kBlack});
    }
  }
  if (small < 9) return;
  const int thick = small >= 24 ? 2 : 1;
  auto ring = [&](int inset, Rgb color) {
    const int left = x + inset, top = y + inset;
    const int width = panel.cell_width - 2 * inset, height = panel.cell_height - 2 * inset;
    add_rect({left, top, width, thick, color});
    add_rect({left, top + height - thick, width, thick, color});
    add_rect({left, top, thick, height, color});
    add_rect({left + width - thick, top, thick, height, color});
  };
  ring(0, kBlack);
  ring(thick, kWhite);
}

// ---- the axes' names ----

void Composer::place_axis_names() {
  // Columns first: above (one panel) or below (several) their labels, in the middle.
  const std::string columns = visible_text(figure_.columns.name);
  if (!columns.empty()) {
    const Run& run =
        type_.set(columns, wrapped_at(name_style(palette_), std::max(grid_width_, 200)));
    const TextBox& box = run.ink();
    const int x = down(grid_width_ / 2.0 - box.left - box.width / 2);
    const int y =
        single_ ? down(bounds_.top - 9 - box.top - box.height) : up(bounds_.bottom + 9 - box.top);
    add({&run, x, y, false, TextKind::kColumnName});
  }
  // Rows: left of their labels, read upwards, in the middle.
  const std::string rows = visible_text(figure_.rows.name);
  if (!rows.empty()) {
    const Run& run = type_.set(rows, wrapped_at(name_style(palette_), std::max(grid_height_, 200)));
    const TextBox& box = run.ink();
    const int x = down(bounds_.left - 10 - box.top - box.height);
    const int y = down(grid_height_ / 2.0 + box.left + box.width / 2);
    add({&run, x, y, true, TextKind::kRowName});
  }
  // A single panel's title comes above all that.
  if (single_ && !figure_.panels[0].title.empty()) {
    const Run& run =
        type_.set(visible_label(figure_.panels[0].title),
                  wrapped_at(panel_title_style(palette_), std::max(sizes_.width(), kTextWidth)));
    const TextBox& box = run.ink();
    add({&run, 0, down(bounds_.top - 12 - box.top - box.height), false, TextKind::kPanelTitle});
  }
}

// ---- the color bar ----

void Composer::place_legend() {
  constexpr int kWidth = 14, kLeast = 120, kMost = 420, kNoteWidth = 150;
  bool masked = false;
  for (const PanelScene& panel : scene_.panels) masked = masked || panel.levels.masked > 0;
  const int x = up(bounds_.right) + 26;

  // What stands below the bar, so that bar and text together are as tall as the matrix.
  const std::string note = visible_text(figure_.scale.note);
  const Run* note_run =
      note.empty() ? nullptr : &type_.set(note, wrapped_at(note_style(palette_), kNoteWidth));
  const int note_height = note_run ? up(note_run->logical().height) + 14 : 0;
  const int masked_height = masked ? 34 : 0;
  const int height = std::clamp(grid_height_ - note_height - masked_height, kLeast, kMost);
  scene_.bars.push_back({x, 0, kWidth, height, figure_.scale.map});
  add_rect({x - 1, -1, kWidth + 2, 1, palette_.frame});
  add_rect({x - 1, height, kWidth + 2, 1, palette_.frame});
  add_rect({x - 1, -1, 1, height + 2, palette_.frame});
  add_rect({x + kWidth, -1, 1, height + 2, palette_.frame});

  const ColorScale& scale = figure_.scale;
  for (const Tick& tick : ticks(scale.low, scale.high, 5)) {
    const double range = scale.high / 2 - scale.low / 2;
    const double t = range > 0 ? (tick.value / 2 - scale.low / 2) / range : 0.5;
    const int y = static_cast<int>(std::lround((height - 1) * (1 - std::clamp(t, 0.0, 1.0))));
    add_rect({x + kWidth, y, 5, 1, palette_.frame});
    const Run& run = type_.set(tick.text, tick_style(palette_));
    add({&run, x + kWidth + 9,
         static_cast<int>(std::lround(y + 0.5 + 0.365 * run.size() - run.baseline())), false,
         TextKind::kTick});
  }

  int y = height + 14;
  if (note_run) {
    add({note_run, x, y, false, TextKind::kScaleNote});
    y += note_height;
  }
  if (masked) {
    constexpr int kSwatch = 16;
    scene_.swatches.push_back({x, y, kSwatch, kSwatch, palette_.masked});
    const Run& run = type_.set("masked", note_style(palette_));
    add({&run, x + kSwatch + 8,
         static_cast<int>(std::lround(y + kSwatch / 2.0 + 0.365 * run.size() - run.baseline())),
         false, TextKind::kLegend});
    bounds_.add({static_cast<double>(x), static_cast<double>(y), static_cast<double>(x + kSwatch),
                 static_cast<double>(y + kSwatch)});
  }
}

// ---- above and below ----

void Composer::place_header() {
  const int width = std::max(up(bounds_.right - bounds_.left), kTextWidth);
  const int x = down(bounds_.left);
  double bottom = bounds_.top - 18;
  auto place = [&](const std::string& text, const Style& style, TextKind kind) {
    if (text.empty()) return;
    const Run& run = type_.set(visible_text(text), wrapped_at(style, width));
    const TextBox& box = run.ink();
    add({&run, x, down(bottom - box.top - box.height), false, kind});
    bottom = bounds_.top - 9;
  };
  place(figure_.subtitle, subtitle_style(palette_), TextKind::kSubtitle);
  place(figure_.title, title_style(palette_), TextKind::kTitle);
}

/// What was done to the matrix to draw it.
std::vector<std::string> Composer::own_notes() const {
  std::vector<std::string> notes;
  if (sizes_.row_reduction * sizes_.column_reduction > 1)
    notes.push_back(fmt::format("Each drawn cell is the mean of {} × {} cells.",
                                sizes_.row_reduction, sizes_.column_reduction));
  std::size_t outside = 0;
  for (const PanelScene& panel : scene_.panels) outside += panel.levels.outside;
  if (outside == 1)
    notes.push_back("1 cell lies outside of the scale and has the color of its end.");
  if (outside > 1)
    notes.push_back(
        fmt::format("{} cells lie outside of the scale and have the color of its end.", outside));
  return notes;
}

void Composer::place_notes() {
  std::vector<std::string> notes = figure_.notes;
  for (std::string& note : own_notes()) notes.push_back(std::move(note));
  const int width = std::max(up(bounds_.right - bounds_.left), kTextWidth);
  const int x = down(bounds_.left);
  double top = bounds_.bottom + 18;
  for (const std::string& note : notes) {
    if (note.empty()) continue;
    const Run& run = type_.set(visible_text(note), wrapped_at(note_style(palette_), width));
    add({&run, x, up(top - run.ink().top), false, TextKind::kNote});
    top = bounds_.bottom + 6;
  }
}

void Composer::fit_canvas() {
  const int dx = kMargin - down(bounds_.left), dy = kMargin - down(bounds_.top);
  scene_.width = up(bounds_.right) + dx + kMargin;
  scene_.height = up(bounds_.bottom) + dy + kMargin;
  if (scene_.width > kLargestPicture || scene_.height > kLargestPicture)
    throw Error(ErrorCode::kLimit,
                fmt::format("the picture would have {} × {} pixels; at most {} can be drawn",
                            scene_.width, scene_.height, kLargestPicture));
  auto shift = [&](auto& thing) {
    thing.x += dx;
    thing.y += dy;
  };
  for (PanelScene& panel : scene_.panels) shift(panel);
  for (Rect& rect : scene_.rects) shift(rect);
  for (Rect& rect : scene_.swatches) shift(rect);
  for (TextItem& text : scene_.texts) shift(text);
  for (Bar& bar : scene_.bars) shift(bar);
}

}  // namespace

Scene compose(const Figure& figure, Typesetter& type) {
  check(figure);
  return Composer(figure, type).compose();
}

}  // namespace attn_viz::figure
