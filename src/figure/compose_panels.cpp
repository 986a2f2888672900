// Matrices, their labels and titles.
#include <fmt/format.h>

#include "figure/composer.hpp"

namespace attn_viz::figure {

void Composer::place_panels() {
  const Canvas& canvas = figure_.canvas;
  AxisPlace left{Side::kLeft,          figure_.panels[0].values.rows(),
                 sizes_.row_reduction, sizes_.cell_height,
                 sizes_.height(),      longest_label(canvas.width)};
  AxisPlace across{single_ ? Side::kAbove : Side::kBelow,
                   figure_.panels[0].values.columns(),
                   sizes_.column_reduction,
                   sizes_.cell_width,
                   sizes_.width(),
                   longest_label(canvas.height)};
  const bool labels = trial_.labels && !figure_.bare;
  const AxisLabels row_labels =
      labels ? place_labels(figure_.rows, left, palette_, type_) : AxisLabels{};
  const AxisLabels column_labels =
      labels ? place_labels(figure_.columns, across, palette_, type_) : AxisLabels{};

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
    if (panel.title.empty() || has_headings()) continue;
    titles.back() = &type_.set(visible_label(panel.title),
                               wrapped_at(panel_title_style(palette_), longest_title));
    const TextBox& ink = titles.back()->ink();
    title_width = std::max(title_width, ink.left + ink.width);
    title_height = std::max(title_height, titles.back()->logical().height);
  }
  int bar_room = 0;
  for (std::size_t p = 0; own_bars_ && p < figure_.panels.size(); ++p)
    bar_room = std::max(bar_room, room_for_bar(p));
  const int gap_x = std::max(up(beyond_x) + 14, 16) + bar_room;
  const int title_gap = 7;
  const int pitch_x = std::max(sizes_.width(), single_ ? 0 : up(title_width)) + gap_x;
  const int pitch_y =
      sizes_.height() + (title_height > 0
                             ? std::max(up(title_height) + title_gap + 10, up(beyond_y) + 6)
                             : std::max(14, up(beyond_y) + 6));
  grid_width_ = static_cast<int>(per_row_ - 1) * pitch_x + sizes_.width();
  grid_height_ = static_cast<int>(grid_rows_ - 1) * pitch_y + sizes_.height();
  bounds_ = {0, 0, static_cast<double>(grid_width_), static_cast<double>(grid_height_)};

  for (std::size_t p = 0; p < figure_.panels.size(); ++p) {
    const int x = static_cast<int>(p % per_row_) * pitch_x;
    const int y = static_cast<int>(p / per_row_) * pitch_y;
    place_panel(p, x, y);
    // Labels stand at the outer panels alone: the axes are the same for all.
    if (p % per_row_ == 0) place_labels_of(row_labels, x, y);
    if (single_) place_labels_of(column_labels, x, y);
    if (!single_ && p + per_row_ >= figure_.panels.size())
      place_labels_of(column_labels, x, y + sizes_.height());
    if (!single_ && titles[p])
      add({titles[p], x, y - title_gap - up(titles[p]->logical().height), false,
           TextKind::kPanelTitle});
    if (own_bars_ && !figure_.panels[p].blank)
      place_bar(scale_of(p), x + sizes_.width() + 7, y, 8, sizes_.height(), 2);
  }
  if (has_headings()) place_headings(pitch_x, pitch_y);
}

void Composer::place_labels_of(const AxisLabels& labels, int x, int y) {
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
}

/// What each row and column of panels is: "layer 3", or "3" below the name where that is too wide.
void Composer::place_headings(int pitch_x, int pitch_y) {
  const Style style = panel_title_style(palette_);
  const auto heading = [&](const LabelledAxis& axis, std::size_t i, bool named) -> const Run& {
    return type_.set(visible_label(named ? axis.name + " " + axis.labels[i] : axis.labels[i]),
                     style);
  };
  const auto middle_y = [&](double middle, const Run& run) {
    return static_cast<int>(std::lround(middle + 0.365 * run.size() - run.baseline()));
  };
  const LabelledAxis& rows = figure_.panel_rows;
  const double left = bounds_.left - 12;
  for (std::size_t i = 0; i < rows.labels.size(); ++i) {
    const Run& run = heading(rows, i, true);
    const double middle = static_cast<int>(i) * pitch_y + sizes_.height() / 2.0;
    add({&run, down(left - run.logical().width), middle_y(middle, run), false,
         TextKind::kPanelTitle});
  }

  const LabelledAxis& columns = figure_.panel_columns;
  bool named = true;
  for (std::size_t j = 0; j < columns.labels.size(); ++j)
    named = named && heading(columns, j, true).logical().width + 8 < pitch_x;
  const double bottom = bounds_.top - 8;
  for (std::size_t j = 0; j < columns.labels.size(); ++j) {
    const Run& run = heading(columns, j, named);
    const TextBox& box = run.logical();
    const double middle = static_cast<int>(j) * pitch_x + sizes_.width() / 2.0;
    add({&run, static_cast<int>(std::lround(middle - box.width / 2)), down(bottom - box.height),
         false, TextKind::kPanelTitle});
  }
  if (!named && !columns.labels.empty()) {
    const Run& run = type_.set(visible_label(columns.name), style);
    add({&run, 0, down(bounds_.top - 4 - run.logical().height), false, TextKind::kPanelTitle});
  }
}

void Composer::place_panel(std::size_t index, int x, int y) {
  const Panel& panel = figure_.panels[index];
  const std::string name =
      panel.title.empty() ? fmt::format("panel {}", index + 1) : "\"" + panel.title + "\"";
  const ColorScale& scale = scale_of(index);
  PanelScene placed;
  if (trial_.counted)
    placed.levels = (*trial_.counted)[index];
  else if (!panel.blank)
    placed.levels = levels_of(panel, scale, sizes_.row_reduction, sizes_.column_reduction, name,
                              figure_.reduce);
  placed.map = scale.map;
  placed.x = x;
  placed.y = y;
  placed.cell_width = sizes_.cell_width;
  placed.cell_height = sizes_.cell_height;
  placed.row_reduction = sizes_.row_reduction;
  placed.column_reduction = sizes_.column_reduction;
  placed.dense_hatch = figure_.theme == Theme::kPrint || scale.map == ColorMap::kGreys;
  if (panel.blank) {
    scene_.panels.push_back(std::move(placed));
    return;
  }
  add_lines(placed);
  if (panel.marked)
    add_mark(placed, panel.marked->first / sizes_.row_reduction,
             panel.marked->second / sizes_.column_reduction);
  scene_.panels.push_back(std::move(placed));
}

void Composer::add_lines(const PanelScene& panel) {
  const int width = sizes_.width(), height = sizes_.height();
  // Lines in the color of the paper, visible on every color but the ends of the pale maps.
  const bool pale = panel.map == ColorMap::kDiverging || panel.map == ColorMap::kGreys ||
                    panel.map == ColorMap::kBlues;
  const Rgb line = pale && figure_.theme != Theme::kDark ? Rgb{0xdd, 0xdd, 0xdd} : palette_.grid;
  if (std::min(panel.cell_width, panel.cell_height) >= kGridCell) {
    for (int i = 1; i < static_cast<int>(sizes_.rows); ++i)
      add_rect({panel.x, panel.y + i * panel.cell_height, width, 1, line});
    for (int j = 1; j < static_cast<int>(sizes_.columns); ++j)
      add_rect({panel.x + j * panel.cell_width, panel.y, 1, height, line});
  }
  add_frame(panel.x, panel.y, width, height);
}

void Composer::add_frame(int x, int y, int width, int height) {
  add_rect({x - 1, y - 1, width + 2, 1, palette_.frame});
  add_rect({x - 1, y + height, width + 2, 1, palette_.frame});
  add_rect({x - 1, y - 1, 1, height + 2, palette_.frame});
  add_rect({x + width, y - 1, 1, height + 2, palette_.frame});
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

/// A dot in each cell below the floor of a logarithmic scale, where it can be seen.
void Composer::add_dots() {
  for (const PanelScene& panel : scene_.panels) {
    if (panel.levels.below == 0 || std::min(panel.cell_width, panel.cell_height) < kHatchCell)
      continue;
    for (std::size_t i = 0; i < panel.levels.rows; ++i)
      for (std::size_t j = 0; j < panel.levels.columns; ++j)
        if (panel.levels.level[i * panel.levels.columns + j] == kBelowLevel)
          add_rect({panel.x + static_cast<int>(j) * panel.cell_width + panel.cell_width / 2 - 1,
                    panel.y + static_cast<int>(i) * panel.cell_height + panel.cell_height / 2 - 1,
                    2, 2, palette_.frame});
  }
}

// ---- the axes' names ----

void Composer::place_axis_names() {
  if (figure_.bare) return;
  // Columns first: above (one panel) or below (several) their labels, in the middle.
  const std::string columns = visible_text(figure_.columns.name);
  if (!columns.empty()) {
    const Run& run = type_.set(
        columns, wrapped_at(name_style(palette_), std::max(grid_width_, fixed() ? 60 : 200)));
    const TextBox& box = run.ink();
    const int x = down(grid_width_ / 2.0 - box.left - box.width / 2);
    const int y =
        single_ ? down(bounds_.top - 9 - box.top - box.height) : up(bounds_.bottom + 9 - box.top);
    add({&run, x, y, false, TextKind::kColumnName});
  }
  // Rows: left of their labels, read upwards, in the middle.
  const std::string rows = visible_text(figure_.rows.name);
  if (!rows.empty()) {
    const Run& run = type_.set(
        rows, wrapped_at(name_style(palette_), std::max(grid_height_, fixed() ? 60 : 200)));
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

}  // namespace attn_viz::figure
