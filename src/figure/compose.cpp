#include <fmt/format.h>

#include <string>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "figure/composer.hpp"
#include "figure/values.hpp"

namespace attn_viz::figure {
namespace {

constexpr std::size_t kMostPanelsPerRow = 100;

}  // namespace

Composer::Composer(const Figure& figure, Typesetter& type, const Trial& trial)
    : figure_(figure), palette_(palette_of(figure.theme)), type_(type), trial_(trial) {
  per_row_ = std::clamp<std::size_t>(figure.panels_per_row, 1, kMostPanelsPerRow);
  per_row_ = std::min(per_row_, figure.panels.size());
  grid_rows_ = (figure.panels.size() + per_row_ - 1) / per_row_;
  single_ = figure.panels.size() == 1;
  for (const Panel& panel : figure.panels) own_bars_ = own_bars_ || (!single_ && panel.scale);
  sizes_ = choose_sizes(figure.panels[0].values.rows(), figure.panels[0].values.columns(),
                        std::max(per_row_, grid_rows_), trial.bounding);
  scene_.theme = figure.theme;
}

Scene Composer::compose() {
  place_panels();
  place_axis_names();
  place_legend();
  if (!trial_.counted && !add_values(figure_, type_, scene_)) add_dots();
  place_header();
  place_notes();
  if (figure_.bare) say_in_caption();
  fit_canvas();
  return std::move(scene_);
}

int Composer::margin() const {
  return fixed() ? std::clamp(*trial_.width / 30, 4, kMargin) : kMargin;
}

int Composer::text_width() const {
  if (fixed()) return std::max(1, *trial_.width - 2 * margin());
  return figure::text_width(bounds_);
}

int Composer::longest_label(int side) const {
  const int longest = single_ ? 190 : 140;
  return side > 0 ? std::clamp(side / 5, 30, longest) : longest;
}

// ---- above and below ----

void Composer::place_header() {
  if (figure_.bare) return;
  add_header(figure_.title, figure_.subtitle, text_width(), type_, scene_, bounds_);
}

/// What was done to the matrix to draw it.
std::vector<std::string> Composer::own_notes() const {
  std::vector<std::string> notes;
  if (sizes_.row_reduction * sizes_.column_reduction > 1) {
    const bool is_signed = figure_.scale.low < 0;
    notes.push_back(fmt::format("Each drawn cell is the {} of {} × {} cells.",
                                figure_.reduce == Reduce::kMean ? "mean"
                                : is_signed                     ? "value of the largest size"
                                                                : "largest",
                                sizes_.row_reduction, sizes_.column_reduction));
  }
  std::size_t outside = 0;
  for (const PanelScene& panel : scene_.panels) outside += panel.levels.outside;
  if (outside == 1)
    notes.push_back("1 cell lies outside of the scale and has the color of its end.");
  if (outside > 1)
    notes.push_back(
        fmt::format("{} cells lie outside of the scale and have the color of its end.", outside));
  if (!trial_.labels && !figure_.bare)
    notes.push_back("There is no room for the labels of rows and columns.");
  return notes;
}

void Composer::place_notes() {
  if (figure_.bare) return;
  std::vector<std::string> notes = figure_.notes;
  for (std::string& note : own_notes()) notes.push_back(std::move(note));
  add_notes(notes, text_width(), type_, scene_, bounds_);
}

void Composer::say_in_caption() {
  const auto say = [&](const std::string& text) {
    if (!text.empty()) scene_.unsaid.push_back(text);
  };
  say(figure_.subtitle);
  say(figure_.scale.note);
  for (const std::string& note : figure_.notes) say(note);
  for (const std::string& note : own_notes()) say(note);
}

void Composer::fit_canvas() {
  figure::fit_canvas(scene_, bounds_, margin());
  if (trial_.counted) return;
  // What is left of a canvas of a given size stands on both sides.
  const int width = trial_.width.value_or(scene_.width);
  const int height = figure_.canvas.height > 0 ? figure_.canvas.height : scene_.height;
  shift(scene_, (width - scene_.width) / 2, (height - scene_.height) / 2);
  scene_.width = width;
  scene_.height = height;
  expect_drawable(width, height);
}

namespace {

/// What is counted in each panel, without the cells.
std::vector<Levels> counted(const Figure& figure) {
  std::vector<Levels> counts;
  for (const Panel& panel : figure.panels) {
    Levels levels;
    if (!panel.blank)
      levels = levels_of(panel, panel.scale ? *panel.scale : figure.scale, panel.values.rows(),
                         panel.values.columns(), "\"" + panel.title + "\"", figure.reduce);
    levels.level.clear();
    counts.push_back(std::move(levels));
  }
  return counts;
}

/// Shrinks the matrices until all fits into the canvas; absent if it does not.
/// @param least  in the end the width and height that were needed
std::optional<Trial> fitted(const Figure& figure, Typesetter& type, Trial trial,
                            std::pair<int, int>& least) {
  const Canvas& canvas = figure.canvas;
  const auto per_row = static_cast<int>(std::min(figure.panels_per_row, figure.panels.size()));
  const int rows = (static_cast<int>(figure.panels.size()) + per_row - 1) / per_row;
  trial.width = canvas.width;
  trial.bounding.width = std::max(1, canvas.width / per_row);
  if (canvas.height > 0) trial.bounding.height = std::max(1, canvas.height / rows);
  constexpr int kMostTrials = 40;
  for (int i = 0; i < kMostTrials; ++i) {
    Composer composer(figure, type, trial);
    const Scene scene = composer.compose();
    const int over_x = scene.width - canvas.width;
    const int over_y = canvas.height > 0 ? scene.height - canvas.height : 0;
    if (over_x <= 0 && over_y <= 0) return trial;
    least = {scene.width, canvas.height > 0 ? scene.height : 0};
    const auto shrink = [](std::optional<int>& side, int now, int over, int count) {
      if (over <= 0) return false;
      const int next = std::max(1, now - (over + count - 1) / count);
      const bool smaller = !side || next < *side;
      side = next;
      return smaller;
    };
    const bool narrower = shrink(trial.bounding.width, composer.sizes().width(), over_x, per_row);
    const bool lower = shrink(trial.bounding.height, composer.sizes().height(), over_y, rows);
    if (!narrower && !lower) break;
  }
  return std::nullopt;
}

Scene compose_on_canvas(const Figure& figure, Typesetter& type) {
  const std::vector<Levels> counts = counted(figure);
  Trial trial;
  trial.counted = &counts;
  std::pair<int, int> least;
  for (const bool labels : {true, false}) {
    trial.labels = labels;
    if (auto found = fitted(figure, type, trial, least)) {
      found->counted = nullptr;
      return Composer(figure, type, *found).compose();
    }
  }
  const bool both = figure.canvas.height > 0;
  // What was needed is tried, since texts break into other lines there.
  Figure larger = figure;
  constexpr int kMostGuesses = 5;
  for (int i = 0; i < kMostGuesses; ++i) {
    larger.canvas.width = std::max(larger.canvas.width, least.first);
    if (both) larger.canvas.height = std::max(larger.canvas.height, least.second);
    if (fitted(larger, type, trial, least)) break;
  }
  least = {larger.canvas.width, larger.canvas.height};
  const auto size = [&](int width, int height) {
    return both ? fmt::format("{} × {}", width, height) : fmt::format("a width of {}", width);
  };
  throw Error(ErrorCode::kUsage,
              fmt::format("the figure does not fit into {}{}",
                          size(figure.canvas.width, figure.canvas.height), both ? " pixels" : ""))
      .hint(fmt::format("about {} would be enough{}", size(least.first, least.second),
                        figure.bare ? "" : "; --no-labels needs less"));
}

}  // namespace

Scene compose(const Figure& figure, Typesetter& type) {
  check(figure);
  if (figure.canvas.width > 0) return compose_on_canvas(figure, type);
  Trial trial;
  if (figure.show_values == ShowValues::kOn) trial.bounding = room_for_values(figure, type);
  return Composer(figure, type, trial).compose();
}

}  // namespace attn_viz::figure
