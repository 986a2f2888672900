#include "figure/sheet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "figure/label_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kMargin = 24;           // around everything
constexpr int kTextWidth = 480;       // titles and notes wrap at least here
constexpr int kLargestSide = 32'767;  // Cairo's limit, in each direction

int up(double value) {
  return static_cast<int>(std::ceil(value));
}
int down(double value) {
  return static_cast<int>(std::floor(value));
}

}  // namespace

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

int Sheet::text_width() const {
  return std::max(up(bounds_.right - bounds_.left), kTextWidth);
}

void Sheet::add_header(const std::string& title, const std::string& subtitle) {
  const int width = text_width(), x = down(bounds_.left);
  double gap = 18;
  auto place = [&](const std::string& text, const Style& style, TextKind kind) {
    if (text.empty()) return;
    const Run& run = type_.set(visible_text(text), style);
    const TextBox& box = run.ink();
    add(TextItem{&run, x, down(bounds_.top - gap - box.top - box.height), false, kind});
    gap = 9;
  };
  place(subtitle, {13, false, palette_.quiet_text, width, true}, TextKind::kSubtitle);
  place(title, {19, true, palette_.text, width, true}, TextKind::kTitle);
}

void Sheet::add_notes(const std::vector<std::string>& notes) {
  const int width = text_width(), x = down(bounds_.left);
  double gap = 18;
  for (const std::string& note : notes) {
    if (note.empty()) continue;
    const Run& run = type_.set(visible_text(note), {12, false, palette_.quiet_text, width, true});
    add(TextItem{&run, x, up(bounds_.bottom + gap - run.ink().top), false, TextKind::kNote});
    gap = 6;
  }
}

Scene Sheet::finish() {
  const int dx = kMargin - down(bounds_.left), dy = kMargin - down(bounds_.top);
  scene_.width = up(bounds_.right) + dx + kMargin;
  scene_.height = up(bounds_.bottom) + dy + kMargin;
  if (scene_.width > kLargestSide || scene_.height > kLargestSide)
    throw Error(ErrorCode::kLimit,
                fmt::format("the picture would have {} × {} pixels; at most {} can be drawn",
                            scene_.width, scene_.height, kLargestSide));
  for (Rect& rect : scene_.rects) {
    rect.x += dx;
    rect.y += dy;
  }
  for (TextItem& text : scene_.texts) {
    text.x += dx;
    text.y += dy;
  }
  for (LineItem& line : scene_.lines) {
    line.x0 += dx, line.x1 += dx;
    line.y0 += dy, line.y1 += dy;
  }
  return std::move(scene_);
}

}  // namespace attn_viz::figure
