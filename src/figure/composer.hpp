// Lays a figure out. The matrices stand around (0, 0); everything else is placed beside what is
// already there, and the canvas is as large as all of it, so that nothing is clipped.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/core/label_text.hpp"
#include "figure/around.hpp"
#include "figure/axis.hpp"
#include "figure/scene.hpp"
#include "figure/sizes.hpp"

namespace attn_viz::figure {

/// How a layout is tried.
struct Trial {
  Bounding bounding = {};         ///< of each matrix
  std::optional<int> width = {};  ///< of the canvas: titles and notes wrap inside of it
  bool labels = true;             ///< of rows and columns
  /// What was counted in the panels: then their cells are not read. Null: the real layout.
  const std::vector<Levels>* counted = nullptr;
};

class Composer {
 public:
  Composer(const Figure& figure, Typesetter& type, const Trial& trial);

  Scene compose();
  const Sizes& sizes() const { return sizes_; }

 private:
  bool fixed() const { return trial_.width.has_value(); }
  /// Where titles and notes wrap.
  int text_width() const;
  int margin() const;
  /// In pixels. @param side  of the canvas across the labels' axis; 0: not given
  int longest_label(int side) const;
  bool has_headings() const {
    return !figure_.panel_rows.labels.empty() || !figure_.panel_columns.labels.empty();
  }
  const ColorScale& scale_of(std::size_t panel) const {
    return figure_.panels[panel].scale ? *figure_.panels[panel].scale : figure_.scale;
  }

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
  void add_frame(int x, int y, int width, int height);

  // Panels, their labels and titles.
  void place_panels();
  void place_panel(std::size_t index, int x, int y);
  void place_labels_of(const AxisLabels& labels, int x, int y);
  void add_lines(const PanelScene& panel);
  void add_mark(const PanelScene& panel, std::size_t row, std::size_t column);
  void add_dots();
  void place_headings(int pitch_x, int pitch_y);
  void place_axis_names();

  // Colour bars.
  void place_legend();
  /// @return how far it reaches to the right of x
  int place_bar(const ColorScale& scale, int x, int y, int width, int height, std::size_t ticks);
  int room_for_bar(std::size_t panel);

  // Above, below, around.
  void place_header();
  void place_notes();
  std::vector<std::string> own_notes() const;
  void say_in_caption();
  void fit_canvas();

  const Figure& figure_;
  const Palette& palette_;
  Typesetter& type_;
  Trial trial_;
  std::size_t per_row_ = 1, grid_rows_ = 1;
  bool single_ = true, own_bars_ = false;
  Sizes sizes_;
  int grid_width_ = 0, grid_height_ = 0;  ///< of all matrices with the gaps between them
  Bounds bounds_;                         ///< of everything placed so far
  Scene scene_;
};

// The styles of texts.
inline Style panel_title_style(const Palette& palette) {
  return {12, true, palette.text, 0, false};
}
inline Style name_style(const Palette& palette) {
  return {13, false, palette.quiet_text, 0, true};
}
inline Style tick_style(const Palette& palette) {
  return {12, false, palette.text, 0, false};
}
inline Style note_style(const Palette& palette) {
  return {12, false, palette.quiet_text, 0, true};
}
inline Style wrapped_at(Style style, int width) {
  style.max_width = width;
  return style;
}

}  // namespace attn_viz::figure
