#include "terminal/legend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "attn_viz/core/label_text.hpp"
#include "terminal/line.hpp"
#include "terminal/text.hpp"

namespace attn_viz::terminal {
namespace {

using figure::Figure;

constexpr std::string_view kRamp = " .:-=+*#%@", kSignedRamp = "MZz=- :+*#@";
constexpr std::size_t kBar = 20;
/// Labels that are listed by their numbers where they cannot stand at their columns.
constexpr std::size_t kMostListed = 100;

/// Numbers without colours need no scale.
bool is_shaded(const Plan& plan, const Options& options) {
  return options.color != Color::kNone || plan.cells != CellKind::kNumbers;
}

/// "0 [ .:-=+*#%@] 1", or with colours; nothing where the width is too small.
Line scale_bar(const Figure& figure, const Options& options) {
  const figure::ColorScale& scale = figure.scale;
  const bool plain = options.color == Color::kNone,
             is_signed = scale.map == figure::ColorMap::kDiverging;
  const std::string low = fmt::format("{:.3g} ", scale.low),
                    high = fmt::format(" {:.3g}", scale.high);
  Line line(options.color);
  if (low.size() + kBar + high.size() > options.width) return line;
  line.text(low);
  if (plain) {
    line.text(fmt::format("[{}]", is_signed ? kSignedRamp : kRamp));
  } else {
    const auto colors = figure::colors_of(scale.map);
    for (std::size_t i = 0; i < kBar; ++i) {
      line.text(" ", std::nullopt, colors[i * (colors.size() - 1) / (kBar - 1)]);
    }
  }
  line.text(high);
  return line;
}

/// "Columns: 0 Tom, 10 chases": of ticks that have a name.
std::string listed_columns(const Plan& plan) {
  const ShownAxis& axis = plan.column_axis;
  if (plan.column_labels != ColumnLabels::kTicks || !axis.named) return "";
  const bool all = axis.labels.size() <= kMostListed;
  const std::size_t step = all ? 1 : tick_step(plan) * plan.column_reduction;
  std::string list;
  for (std::size_t j = 0; j < axis.labels.size(); j += step) {
    list += fmt::format("{}{} {}", j == 0 ? "Columns: " : ", ", j, axis.labels[j]);
  }
  return list + ".";
}

}  // namespace

figure::Rgb ink_on(figure::Rgb background) {
  constexpr double kDark = 0.18;
  return figure::luminance(background) < kDark ? figure::Rgb{255, 255, 255} : figure::Rgb{0, 0, 0};
}

char shade(figure::ColorMap map, std::uint16_t level) {
  if (map != figure::ColorMap::kDiverging) {
    const std::size_t last = figure::colors_of(map).size() - 1, shades = kRamp.size() - 1;
    return kRamp[(2 * level * shades + last) / (2 * last)];
  }
  // From the middle outwards, so that a value and its negative have the same strength.
  constexpr int kMiddle = 128, kShades = static_cast<int>(kSignedRamp.size() / 2);
  const int distance = std::abs(level - kMiddle);
  const int strength = (2 * distance * kShades + kMiddle) / (2 * kMiddle);
  return kSignedRamp[static_cast<std::size_t>(kShades + (level < kMiddle ? -strength : strength))];
}

std::size_t tick_step(const Plan& plan) {
  const std::size_t widest =
      std::to_string((plan.columns - 1) * plan.column_reduction).size() + 1;  // and a space
  std::size_t step = 1;
  for (std::size_t ten = 1;; ten *= 10) {
    for (const std::size_t digit : {1, 2, 5}) {
      step = digit * ten;
      if (step * plan.cell_width >= widest) return step;
    }
  }
}

std::string legend(const Figure& figure, const Plan& plan,
                   const std::vector<figure::Levels>& levels, const Options& options) {
  const bool plain = options.color == Color::kNone;
  std::string text;
  if (is_shaded(plan, options)) {
    Line bar = scale_bar(figure, options);
    const std::string note = visible_text(figure.scale.note);
    if (bar.width() > 0 && bar.width() + 2 + width_of(note) <= options.width) {
      bar.text("  " + note);
      text += std::move(bar).finish();
    } else {
      if (bar.width() > 0) text += std::move(bar).finish();
      for (const std::string& line : wrapped(note, options.width)) text += line + "\n";
    }
  }
  const bool masked = std::any_of(levels.begin(), levels.end(),
                                  [](const figure::Levels& panel) { return panel.masked > 0; });
  if (masked) {
    Line line(options.color);
    const bool strokes = plan.cells != CellKind::kHalfBlocks;
    if (plain)
      line.text("//");
    else
      line.text(strokes ? "//" : "  ", kMaskedInk, kMaskedGround);
    line.text(" masked");
    text += std::move(line).finish();
  }
  return text;
}

std::vector<std::string> notes_of(const Figure& figure, const Plan& plan,
                                  const std::vector<figure::Levels>& levels,
                                  const Options& options) {
  std::vector<std::string> notes = figure.notes;
  if (plan.row_reduction * plan.column_reduction > 1) {
    notes.push_back(fmt::format("Each drawn cell is the mean of {} by {} cells.",
                                plan.row_reduction, plan.column_reduction));
  }
  const bool bracketed =
      plan.cell_width > 1 && plan.cells != CellKind::kHalfBlocks && plan.row_reduction == 1;
  for (const figure::Panel& panel : figure.panels) {
    if (!panel.marked || bracketed) continue;
    notes.push_back(fmt::format("The query is in row {}, column {}; no room for its outline.",
                                panel.marked->first, panel.marked->second));
    break;
  }
  std::size_t outside = 0;
  for (const figure::Levels& panel : levels) outside += panel.outside;
  if (outside > 0 && is_shaded(plan, options)) {
    notes.push_back(
        fmt::format("{} outside of the scale, drawn as its end.",
                    outside == 1 ? "1 cell lies" : fmt::format("{} cells lie", outside)));
  }
  const std::string columns = listed_columns(plan);
  if (!columns.empty()) notes.push_back(columns);
  return notes;
}

}  // namespace attn_viz::terminal
