#include "figure/around.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"

namespace attn_viz::figure {
namespace {

void add(const TextItem& item, Scene& scene, Bounds& placed) {
  placed.add(bounds_of(item));
  scene.texts.push_back(item);
}

}  // namespace

int text_width(const Bounds& placed) {
  return std::max(up(placed.right - placed.left), kTextWidth);
}

void add_header(const std::string& title, const std::string& subtitle, int width, Typesetter& type,
                Scene& scene, Bounds& placed) {
  const Palette& palette = scene.palette();
  const int x = down(placed.left);
  double gap = 18;
  const auto place = [&](const std::string& text, const Style& style, TextKind kind) {
    if (text.empty()) return;
    const Run& run = type.set(visible_text(text), style);
    const TextBox& box = run.ink();
    add({&run, x, down(placed.top - gap - box.top - box.height), false, kind}, scene, placed);
    gap = 9;
  };
  place(subtitle, {13, false, palette.quiet_text, width, true}, TextKind::kSubtitle);
  place(title, {19, true, palette.text, width, true}, TextKind::kTitle);
}

void add_notes(const std::vector<std::string>& notes, int width, Typesetter& type, Scene& scene,
               Bounds& placed) {
  const int x = down(placed.left);
  double gap = 18;
  for (const std::string& note : notes) {
    if (note.empty()) continue;
    const Run& run =
        type.set(visible_text(note), {12, false, scene.palette().quiet_text, width, true});
    add({&run, x, up(placed.bottom + gap - run.ink().top), false, TextKind::kNote}, scene, placed);
    gap = 6;
  }
}

void shift(Scene& scene, int dx, int dy) {
  const auto move = [&](auto& things) {
    for (auto& thing : things) {
      thing.x += dx;
      thing.y += dy;
    }
  };
  move(scene.images);
  move(scene.panels);
  move(scene.swatches);
  move(scene.bars);
  move(scene.rects);
  move(scene.texts);
  for (LineItem& line : scene.lines) {
    line.x0 += dx, line.x1 += dx;
    line.y0 += dy, line.y1 += dy;
  }
}

void fit_canvas(Scene& scene, const Bounds& placed, int margin) {
  const int dx = margin - down(placed.left), dy = margin - down(placed.top);
  scene.width = up(placed.right) + dx + margin;
  scene.height = up(placed.bottom) + dy + margin;
  shift(scene, dx, dy);
}

void expect_drawable(int width, int height) {
  if (std::max(width, height) > kLargestPicture)
    throw Error(ErrorCode::kLimit,
                fmt::format("the picture would have {} × {} pixels; at most {} can be drawn", width,
                            height, kLargestPicture));
}

}  // namespace attn_viz::figure
