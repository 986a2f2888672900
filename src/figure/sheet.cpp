#include "figure/sheet.hpp"

#include <algorithm>
#include <utility>

#include "figure/around.hpp"

namespace attn_viz::figure {
Sheet::Sheet(Theme theme, Typesetter& type) : palette_(palette_of(theme)), type_(type) {
  scene_.theme = theme;
}

void Sheet::add(const TextItem& item) {
  bounds_.add(bounds_of(item));
  scene_.texts.push_back(item);
}

void Sheet::add(const Rect& rect) {
  bounds_.add({static_cast<double>(rect.x), static_cast<double>(rect.y),
               static_cast<double>(rect.x + rect.width),
               static_cast<double>(rect.y + rect.height)});
  scene_.rects.push_back(rect);
}

void Sheet::add(const LineItem& line) {
  const double half = line.width / 2;
  bounds_.add({std::min(line.x0, line.x1), std::min(line.y0, line.y1) - half,
               std::max(line.x0, line.x1), std::max(line.y0, line.y1) + half});
  scene_.lines.push_back(line);
}

void Sheet::add_header(const std::string& title, const std::string& subtitle) {
  figure::add_header(title, subtitle, text_width(bounds_), type_, scene_, bounds_);
}

void Sheet::add_notes(const std::vector<std::string>& notes) {
  figure::add_notes(notes, text_width(bounds_), type_, scene_, bounds_);
}

Scene Sheet::finish() {
  fit_canvas(scene_, bounds_, kMargin);
  expect_drawable(scene_.width, scene_.height);
  return std::move(scene_);
}

}  // namespace attn_viz::figure
