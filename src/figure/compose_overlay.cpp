// Lays an overlay out: the picture and its maps stand around (0, 0) on a grid; header, colour bar
// and notes stand around them, and the canvas is as large as all of it.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/label_text.hpp"
#include "figure/around.hpp"
#include "figure/number_text.hpp"
#include "figure/overlay_pixels.hpp"
#include "figure/scene.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kGap = 16;

struct PixelSize {
  int width = 1, height = 1;
};

/// The size of each panel: in the picture's own aspect, smaller the more panels there are, but with
/// a pixel for each patch at least.
PixelSize panel_size(const Overlay& overlay, std::size_t grid) {
  constexpr double kShortest = 16;
  const double longest = grid <= 1   ? 640
                         : grid == 2 ? 420
                                     : std::clamp(1440.0 / static_cast<double>(grid), 140.0, 360.0);
  const auto width = static_cast<double>(overlay.picture->width);
  const auto height = static_cast<double>(overlay.picture->height);
  double scale = longest / std::max(width, height);
  for (const OverlayPanel& panel : overlay.panels) {
    const auto [rows, columns] = overlay.grid_of(panel);
    scale =
        std::max({scale, static_cast<double>(columns) / width, static_cast<double>(rows) / height});
  }
  return {static_cast<int>(std::lround(std::clamp(width * scale, kShortest, 1e5))),
          static_cast<int>(std::lround(std::clamp(height * scale, kShortest, 1e5)))};
}

void check(const Overlay& overlay) {
  const auto refuse = [](const char* message) { throw Error(ErrorCode::kBug, message); };
  if (!overlay.picture || overlay.picture->width == 0 || overlay.picture->height == 0)
    refuse("an overlay without a picture cannot be drawn");
  if (overlay.panels.empty()) refuse("an overlay without weights cannot be drawn");
  if (!(overlay.opacity >= 0 && overlay.opacity <= 1)) refuse("an opacity outside of 0 to 1");
  for (const OverlayPanel& panel : overlay.panels) {
    const auto [rows, columns] = overlay.grid_of(panel);
    const std::size_t patches = rows * columns;
    if (patches == 0) refuse("an overlay without weights cannot be drawn");
    if (panel.weights.size() != patches ||
        (!panel.masked.empty() && panel.masked.size() != patches))
      refuse("a map of an overlay needs a weight for each patch");
    if (panel.marked &&
        (panel.grid || panel.marked->first >= rows || panel.marked->second >= columns))
      refuse("the marked patch lies outside of the map");
    if (panel.sheet_row == 0 && panel.sheet_column == 0)
      refuse("the first place of an overlay is the picture's");
    if (!std::all_of(panel.weights.begin(), panel.weights.end(),
                     [](double weight) { return std::isfinite(weight); }))
      refuse("a weight of an overlay is not finite");
  }
}

class OverlayComposer {
 public:
  OverlayComposer(const Overlay& overlay, Typesetter& type)
      : overlay_(overlay), palette_(palette_of(overlay.theme)), type_(type) {
    for (const OverlayPanel& panel : overlay.panels) {
      sheet_rows_ = std::max(sheet_rows_, panel.sheet_row + 1);
      sheet_columns_ = std::max(sheet_columns_, panel.sheet_column + 1);
    }
    size_ = panel_size(overlay, std::max(sheet_rows_, sheet_columns_));
    expect_room();
    scene_.theme = overlay.theme;
  }

  Scene compose() {
    place_panels();
    place_bar();
    add_header(overlay_.title, overlay_.subtitle, text_width(bounds_), type_, scene_, bounds_);
    place_notes();
    fit_canvas(scene_, bounds_, kMargin);
    return std::move(scene_);
  }

 private:
  void add(const TextItem& item) {
    bounds_.add(bounds_of(item));
    scene_.texts.push_back(item);
  }
  void add_rect(const Rect& rect) {
    bounds_.add({static_cast<double>(rect.x), static_cast<double>(rect.y),
                 static_cast<double>(rect.x + rect.width),
                 static_cast<double>(rect.y + rect.height)});
    scene_.rects.push_back(rect);
  }
  void add_ring(int x, int y, int width, int height, int thick, Rgb color) {
    add_rect({x, y, width, thick, color});
    add_rect({x, y + height - thick, width, thick, color});
    add_rect({x, y, thick, height, color});
    add_rect({x + width - thick, y, thick, height, color});
  }

  void expect_room() const;
  void place_panels();
  void place_image(std::size_t row, std::size_t column, std::vector<std::uint8_t> pixels,
                   const Run& title, const Run* scale = nullptr);
  void mark(std::size_t sheet_row, std::size_t sheet_column,
            std::pair<std::size_t, std::size_t> patch);
  void place_bar();
  void place_notes();

  const Overlay& overlay_;
  const Palette& palette_;
  Typesetter& type_;
  std::size_t sheet_rows_ = 1, sheet_columns_ = 1;
  PixelSize size_;
  int pitch_x_ = 0, pitch_y_ = 0;  ///< from panel to panel
  int sheet_width_ = 0, sheet_height_ = 0;
  Bounds bounds_;  ///< of everything placed so far
  Scene scene_;
};

/// Before any pixel is made.
void OverlayComposer::expect_room() const {
  const double width = static_cast<double>(sheet_columns_) * size_.width;
  const double height = static_cast<double>(sheet_rows_) * size_.height;
  if (std::max(width, height) > kLargestPicture || width * height > 2e8)
    throw Error(ErrorCode::kLimit,
                fmt::format("the contact sheet of {} maps would have more than {:.0f} × {:.0f} "
                            "pixels, too many to draw",
                            overlay_.panels.size(), width, height))
        .hint("choose fewer queries or heads");
}

// ---- the picture and the maps ----

void OverlayComposer::place_panels() {
  const Style style{12, true, palette_.text, size_.width, false};
  const Run& picture_title = type_.set(visible_label(overlay_.picture_title), style);
  const Style quiet{12, false, palette_.quiet_text, size_.width, false};
  double title_height = picture_title.logical().height;
  std::vector<const Run*> titles, scales;
  for (const OverlayPanel& panel : overlay_.panels) {
    titles.push_back(&type_.set(visible_label(panel.title), style));
    scales.push_back(panel.scale ? &type_.set(visible_label(panel.scale->note), quiet) : nullptr);
    const double second = scales.back() ? scales.back()->logical().height : 0;
    title_height = std::max(title_height, titles.back()->logical().height + second);
  }
  pitch_x_ = size_.width + kGap;
  pitch_y_ = size_.height + up(title_height) + 7 + 12;
  sheet_width_ = static_cast<int>(sheet_columns_) * pitch_x_ - kGap;
  sheet_height_ = static_cast<int>(sheet_rows_ - 1) * pitch_y_ + size_.height;
  bounds_ = {0, 0, static_cast<double>(sheet_width_), static_cast<double>(sheet_height_)};

  const Image picture = resized(*overlay_.picture, static_cast<std::size_t>(size_.width),
                                static_cast<std::size_t>(size_.height));
  place_image(0, 0, picture.rgb, picture_title);
  // More outlines would hide the picture.
  constexpr std::size_t kMostOutlines = 12;
  const bool outlined = overlay_.panels.size() <= kMostOutlines;
  for (std::size_t p = 0; p < overlay_.panels.size(); ++p) {
    const OverlayPanel& panel = overlay_.panels[p];
    place_image(panel.sheet_row, panel.sheet_column, overlay_pixels(overlay_, panel, picture),
                *titles[p], scales[p]);
    if (!panel.marked) continue;
    mark(panel.sheet_row, panel.sheet_column, *panel.marked);
    if (outlined) mark(0, 0, *panel.marked);
  }
}

void OverlayComposer::place_image(std::size_t row, std::size_t column,
                                  std::vector<std::uint8_t> pixels, const Run& title,
                                  const Run* scale) {
  const int x = static_cast<int>(column) * pitch_x_, y = static_cast<int>(row) * pitch_y_;
  // One pixel of the image is one of the canvas, so that each is exactly what it should be.
  scene_.images.push_back({x, y, size_.width, size_.height, static_cast<std::size_t>(size_.width),
                           static_cast<std::size_t>(size_.height), std::move(pixels), false});
  add_ring(x - 1, y - 1, size_.width + 2, size_.height + 2, 1, palette_.frame);
  int bottom = y - 7;
  if (scale) {
    bottom -= up(scale->logical().height);
    add({scale, x, bottom, false, TextKind::kScaleNote});
  }
  add({&title, x, bottom - up(title.logical().height), false, TextKind::kPanelTitle});
}

/// A ring inside of the patch's edges, black outside and white inside; around a small patch, white
/// inside and black outside, so that the patch itself stays visible.
void OverlayComposer::mark(std::size_t sheet_row, std::size_t sheet_column,
                           std::pair<std::size_t, std::size_t> patch) {
  // The first pixel whose centre lies in a patch.
  const auto edge = [](std::size_t at, int pixels, std::size_t patches) {
    const std::size_t length = static_cast<std::size_t>(pixels);
    return static_cast<int>((2 * at * length + patches - 1) / (2 * patches));
  };
  const int left = edge(patch.second, size_.width, overlay_.columns);
  const int right = edge(patch.second + 1, size_.width, overlay_.columns);
  const int top = edge(patch.first, size_.height, overlay_.rows);
  const int bottom = edge(patch.first + 1, size_.height, overlay_.rows);
  const int x = static_cast<int>(sheet_column) * pitch_x_ + left;
  const int y = static_cast<int>(sheet_row) * pitch_y_ + top;
  const int width = right - left, height = bottom - top;
  const int small = std::min(width, height);
  const int thick = small >= 24 ? 2 : 1;
  if (small >= 12) {
    add_ring(x, y, width, height, thick, kBlack);
    add_ring(x + thick, y + thick, width - 2 * thick, height - 2 * thick, thick, kWhite);
  } else {
    add_ring(x - 1, y - 1, width + 2, height + 2, 1, kWhite);
    add_ring(x - 2, y - 2, width + 4, height + 4, 1, kBlack);
  }
}

// ---- the colour bar ----

/// From bottom to top the weights; from left to right the colours over black to over white parts of
/// the picture, as they are in the maps.
void OverlayComposer::place_bar() {
  constexpr int kLeast = 120, kMost = 420, kNoteWidth = 170;
  const int width = overlay_.opacity < 1 ? 36 : 14;
  const int x = sheet_width_ + 26;
  const ColorScale& scale = overlay_.scale;
  std::string note = visible_text(scale.note);
  if (overlay_.opacity < 1) {
    if (!note.empty()) note += '\n';
    note += "left to right: over dark to light parts of the picture";
  }
  const Run* run =
      note.empty() ? nullptr : &type_.set(note, {12, false, palette_.quiet_text, kNoteWidth, true});
  const int note_height = run ? up(run->logical().height) + 14 : 0;
  const int height = std::clamp(sheet_height_ - note_height, kLeast, kMost);

  ImageItem bar{.x = x,
                .y = 0,
                .width = width,
                .height = height,
                .columns = static_cast<std::size_t>(width),
                .rows = static_cast<std::size_t>(height),
                .pixels = {},
                .smooth = false};
  Bar colors;
  colors.height = height;
  colors.map = scale.map;
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const auto grey = static_cast<std::uint8_t>(255 * column / std::max(width - 1, 1));
      const Rgb rgb = blended({grey, grey, grey}, bar_color(colors, row), overlay_.opacity);
      bar.pixels.insert(bar.pixels.end(), {rgb.red, rgb.green, rgb.blue});
    }
  }
  scene_.images.push_back(std::move(bar));
  add_ring(x - 1, -1, width + 2, height + 2, 1, palette_.frame);

  const bool each = std::any_of(overlay_.panels.begin(), overlay_.panels.end(),
                                [](const OverlayPanel& panel) { return panel.scale.has_value(); });
  const std::vector<Tick> marks =
      each ? std::vector<Tick>{{scale.low, scale.low < 0 ? "−max" : "0"}, {scale.high, "max"}}
           : ticks(scale.low, scale.high, 5);
  for (const Tick& tick : marks) {
    const double range = scale.high / 2 - scale.low / 2;
    const double t = range > 0 ? (tick.value / 2 - scale.low / 2) / range : 0.5;
    const int y = static_cast<int>(std::lround((height - 1) * (1 - std::clamp(t, 0.0, 1.0))));
    add_rect({x + width, y, 5, 1, palette_.frame});
    const Run& text = type_.set(tick.text, {12, false, palette_.text, 0, false});
    add({&text, x + width + 9,
         static_cast<int>(std::lround(y + 0.5 + 0.365 * text.size() - text.baseline())), false,
         TextKind::kTick});
  }
  if (run) add({run, x, height + 14, false, TextKind::kScaleNote});
}

// ---- above and below ----

void OverlayComposer::place_notes() {
  std::vector<std::string> notes = overlay_.notes;
  const double own =
      static_cast<double>(overlay_.picture->width) / static_cast<double>(overlay_.picture->height);
  const double drawn = static_cast<double>(size_.width) / static_cast<double>(size_.height);
  if (std::abs(drawn / own - 1) > 0.05)
    notes.push_back("The picture is very long; its short side is stretched to be visible.");
  add_notes(notes, text_width(bounds_), type_, scene_, bounds_);
}

}  // namespace

Scene compose(const Overlay& overlay, Typesetter& type) {
  check(overlay);
  return OverlayComposer(overlay, type).compose();
}

}  // namespace attn_viz::figure
