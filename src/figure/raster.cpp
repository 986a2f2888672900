#include "figure/raster.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "attn_viz/core/error.hpp"
#include "figure/cairo_items.hpp"

namespace attn_viz::figure {
namespace {

class PixelCanvas {
 public:
  PixelCanvas(const Scene& scene, double scale, std::vector<std::uint8_t>& pixels)
      : width_(scaled(scene.width, scale)),
        height_(scaled(scene.height, scale)),
        scale_(scale),
        palette_(scene.palette()),
        pixels_(pixels) {
    pixels_.resize(3 * size(width_) * size(height_));
    fill({0, 0, scene.width, scene.height, palette_.paper});
  }

  int width() const { return width_; }
  int height() const { return height_; }

  void fill(const Rect& rect) {
    if (rect.width <= 0 || rect.height <= 0) return;
    const int x = at(rect.x), y = at(rect.y);
    const int width = at(rect.x + rect.width) - x, height = at(rect.y + rect.height) - y;
    std::uint8_t* first = pixel(x, y);
    for (int i = 0; i < width; ++i) put(first + 3 * i, rect.color);
    for (int row = 1; row < height; ++row) std::memcpy(pixel(x, y + row), first, 3 * size(width));
  }

  void hatch(int left, int top, int width, int height) {
    const int x = at(left), y = at(top);
    const int across = at(left + width) - x, down = at(top + height) - y;
    for (int row = 0; row < down; ++row)
      for (int column = 0; column < across; ++column)
        if (is_hatched(unscaled(column + row), width, height))
          put(pixel(x + column, y + row), palette_.hatch);
  }

  void hatch_densely(int left, int top, int width, int height) {
    for (int y = at(top); y < at(top + height); ++y)
      for (int x = at(left); x < at(left + width); ++x)
        if (is_densely_hatched(unscaled(x + y))) put(pixel(x, y), palette_.hatch);
  }

  /// One pixel row of cells, then copies of it: cells have hard edges.
  void cells(const PanelScene& panel) {
    const std::span<const Rgb> colors = colors_of(panel.map);
    const std::size_t columns = panel.levels.columns;
    const int left = at(panel.x);
    for (std::size_t i = 0; i < panel.levels.rows; ++i) {
      const std::uint16_t* level = panel.levels.level.data() + i * columns;
      const int y = panel.y + static_cast<int>(i) * panel.cell_height;
      const int top = at(y), bottom = at(y + panel.cell_height);
      std::uint8_t* first = pixel(left, top);
      std::uint8_t* out = first;
      for (std::size_t j = 0; j < columns; ++j) {
        const Rgb color = color_of_level(colors, palette_, level[j]);
        const int end = at(panel.x + static_cast<int>(j + 1) * panel.cell_width);
        for (std::uint8_t* stop = first + 3 * (end - left); out < stop; out += 3) put(out, color);
      }
      for (int row = top + 1; row < bottom; ++row)
        std::memcpy(pixel(left, row), first, static_cast<std::size_t>(out - first));
    }
  }

  /// Lays premultiplied BGRA pixels over the picture.
  void lay(const std::uint8_t* pixels, int left, int top, int width, int height) {
    const int x0 = std::max(0, -left), x1 = std::min(width, width_ - left);
    for (int y = std::max(0, -top); y < std::min(height, height_ - top); ++y) {
      const std::uint8_t* in = pixels + 4 * (size(y) * size(width) + size(x0));
      if (x0 >= x1) return;
      std::uint8_t* out = pixel(left + x0, top + y);
      for (int x = x0; x < x1; ++x, in += 4, out += 3) {
        const unsigned alpha = in[3];
        if (alpha == 0) continue;
        for (int channel = 0; channel < 3; ++channel) {
          const unsigned under = out[channel] * (255 - alpha) + 127;
          out[channel] = static_cast<std::uint8_t>(std::min(255u, in[2 - channel] + under / 255));
        }
      }
    }
  }

 private:
  std::uint8_t* pixel(int x, int y) {
    return pixels_.data() + 3 * (size(y) * size(width_) + size(x));
  }
  int at(int place) const { return scale_ == 1 ? place : scaled(place, scale_); }
  int unscaled(int place) const {
    return scale_ == 1 ? place : static_cast<int>(std::floor(place / scale_));
  }
  static std::size_t size(int n) { return static_cast<std::size_t>(n); }
  static void put(std::uint8_t* pixel, Rgb color) {
    pixel[0] = color.red;
    pixel[1] = color.green;
    pixel[2] = color.blue;
  }

  int width_, height_;
  double scale_;
  const Palette& palette_;
  std::vector<std::uint8_t>& pixels_;
};

/// Lines or images, drawn by Cairo and laid over the picture.
template <class Item>
void smooth(PixelCanvas& canvas, double scale, const std::vector<Item>& items) {
  if (items.empty()) return;
  const int width = canvas.width(), height = canvas.height();
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, width, height));
  const Cairo cairo(cairo_create(surface.get()));
  cairo_scale(cairo.get(), scale, scale);
  for (const Item& item : items) draw(cairo.get(), item);
  cairo_surface_flush(surface.get());
  const unsigned char* pixels = cairo_image_surface_get_data(surface.get());
  if (!pixels) throw Error(ErrorCode::kLimit, "not enough memory to draw a picture");
  canvas.lay(pixels, 0, 0, width, height);
}

/// The hatch on masked cells, if they are large enough for one.
void hatch(PixelCanvas& canvas, const PanelScene& panel) {
  const bool large = std::min(panel.cell_width, panel.cell_height) >= kHatchCell;
  if (panel.levels.masked == 0 || !(large || panel.dense_hatch)) return;
  for (std::size_t i = 0; i < panel.levels.rows; ++i)
    for (std::size_t j = 0; j < panel.levels.columns; ++j) {
      if (panel.levels.level[i * panel.levels.columns + j] != kMaskedLevel) continue;
      const int x = panel.x + static_cast<int>(j) * panel.cell_width;
      const int y = panel.y + static_cast<int>(i) * panel.cell_height;
      if (large)
        canvas.hatch(x, y, panel.cell_width, panel.cell_height);
      else
        canvas.hatch_densely(x, y, panel.cell_width, panel.cell_height);
    }
}

}  // namespace

int scaled(int length, double scale) {
  return static_cast<int>(std::lround(length * scale));
}

void rasterize(const Scene& scene, double scale, std::vector<std::uint8_t>& pixels) {
  PixelCanvas canvas(scene, scale, pixels);
  smooth(canvas, scale, scene.images);
  for (const PanelScene& panel : scene.panels) {
    canvas.cells(panel);
    hatch(canvas, panel);
  }
  for (const Rect& swatch : scene.swatches) {
    canvas.fill(swatch);
    canvas.hatch(swatch.x, swatch.y, swatch.width, swatch.height);
  }

  for (const Bar& bar : scene.bars)
    for (int row = 0; row < bar.height; ++row)
      canvas.fill({bar.x, bar.y + row, bar.width, 1, bar_color(bar, row)});

  smooth(canvas, scale, scene.lines);
  for (const Rect& rect : scene.rects) canvas.fill(rect);
  for (const TextItem& text : scene.texts) {
    const Sprite& sprite = text.run->sprite(text.upward, scale);
    canvas.lay(sprite.pixels.data(), scaled(text.x, scale) + sprite.left,
               scaled(text.y, scale) + sprite.top, sprite.width, sprite.height);
  }
}

}  // namespace attn_viz::figure
