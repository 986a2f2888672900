// Colour bars, what the scale is, and the colours that are in no bar.
#include <fmt/format.h>

#include "figure/composer.hpp"
#include "figure/number_text.hpp"

namespace attn_viz::figure {
namespace {

/// Both ends, and 0 between them: what a small bar has room for.
std::vector<Tick> ends_of(const ColorScale& scale) {
  std::vector<Tick> ends;
  const auto add = [&](double value) { ends.push_back({value, short_text(value)}); };
  add(scale.low);
  if (scale.low < 0 && scale.high > 0) add(0);
  add(scale.high);
  return ends;
}

std::vector<Tick> ticks_of(const ColorScale& scale, std::size_t most) {
  if (most < 3) return ends_of(scale);
  return scale.logarithmic ? log_ticks(scale.low, scale.high, most)
                           : ticks(scale.low, scale.high, most);
}

}  // namespace

int Composer::room_for_bar(std::size_t panel) {
  double width = 0;
  for (const Tick& tick : ticks_of(scale_of(panel), 2))
    width = std::max(width, type_.set(tick.text, tick_style(palette_)).logical().width);
  return up(width) + 24;
}

int Composer::place_bar(const ColorScale& scale, int x, int y, int width, int height,
                        std::size_t most) {
  const Leveller leveller(scale);
  scene_.bars.push_back({x, y, width, height, scale.map, leveller.first()});
  add_frame(x, y, width, height);
  int reach = width;
  double last = 1e9;
  for (const Tick& tick : ticks_of(scale, most)) {
    const double t = leveller.fraction(tick.value);
    const int at = y + static_cast<int>(std::lround((height - 1) * (1 - t)));
    const Run& run = type_.set(tick.text, tick_style(palette_));
    if (last - at < run.size() + 1) continue;  // no room above the one before
    last = at;
    add_rect({x + width, at, 5, 1, palette_.frame});
    add({&run, x + width + 9,
         static_cast<int>(std::lround(at + 0.5 + 0.365 * run.size() - run.baseline())), false,
         TextKind::kTick});
    reach = std::max(reach, width + 9 + up(run.logical().width));
  }
  return reach;
}

void Composer::place_legend() {
  constexpr int kBarWidth = 14, kMost = 420, kNoteWidth = 150, kEntry = 34;
  bool masked = false;
  std::size_t below = 0;
  for (const PanelScene& panel : scene_.panels) {
    masked = masked || panel.levels.masked > 0;
    below += panel.levels.below;
  }
  const int x = up(bounds_.right) + 26;

  // What stands below the bar, so that bar and text together are as tall as the matrix.
  const std::string note = figure_.bare ? "" : visible_text(figure_.scale.note);
  const Run* note_run =
      note.empty() ? nullptr : &type_.set(note, wrapped_at(note_style(palette_), kNoteWidth));
  const int note_height = note_run ? up(note_run->logical().height) + 14 : 0;
  const int entries = (masked ? kEntry : 0) + (below > 0 ? kEntry : 0);
  const int least = fixed() ? 40 : 120;
  const int height = std::clamp(grid_height_ - note_height - entries, least, kMost);
  int y = 0;
  if (!own_bars_) {
    place_bar(figure_.scale, x, 0, kBarWidth, height, height < 100 ? 3 : 5);
    y = height + 14;
  }
  if (note_run) {
    add({note_run, x, y, false, TextKind::kScaleNote});
    y += note_height;
  }
  const auto entry = [&](const std::string& text) {
    constexpr int kSwatch = 16;
    const Run& run = type_.set(text, wrapped_at(note_style(palette_), kNoteWidth));
    add({&run, x + kSwatch + 8,
         static_cast<int>(std::lround(y + kSwatch / 2.0 + 0.365 * run.size() - run.baseline())),
         false, TextKind::kLegend});
    bounds_.add({static_cast<double>(x), static_cast<double>(y), static_cast<double>(x + kSwatch),
                 static_cast<double>(y + kSwatch)});
    const Rect swatch{x, y, kSwatch, kSwatch, palette_.masked};
    y += 26;
    return swatch;
  };
  if (masked) scene_.swatches.push_back(entry(figure_.masked_means));
  if (below > 0) {
    double floor = figure_.scale.low;
    for (const Panel& panel : figure_.panels)
      if (panel.scale) floor = std::min(floor, panel.scale->low);
    Rect swatch =
        entry(own_bars_ ? "0, or below the floor" : fmt::format("less than {:.2g}, or 0", floor));
    swatch.color = palette_.below;
    add_rect(swatch);
    add_frame(swatch.x, swatch.y, swatch.width, swatch.height);
    add_rect({swatch.x + 7, swatch.y + 7, 2, 2, palette_.frame});
  }
}

}  // namespace attn_viz::figure
