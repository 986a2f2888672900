#include "figure/raster.hpp"

#include <algorithm>
#include <cstring>

namespace attn_viz::figure {
namespace {

class Canvas {
 public:
  Canvas(int width, int height, std::vector<std::uint8_t>& pixels)
      : width_(width), height_(height), pixels_(pixels) {
    pixels_.assign(3 * size(width) * size(height), 0xff);
  }

  std::uint8_t* at(int x, int y) { return pixels_.data() + 3 * (size(y) * size(width_) + size(x)); }

  void fill(const Rect& rect) {
    if (rect.width <= 0 || rect.height <= 0) return;
    std::uint8_t* first = at(rect.x, rect.y);
    for (int i = 0; i < rect.width; ++i) put(first + 3 * i, rect.color);
    for (int row = 1; row < rect.height; ++row)
      std::memcpy(at(rect.x, rect.y + row), first, 3 * size(rect.width));
  }

  void hatch(int x, int y, int width, int height) {
    for (int row = 0; row < height; ++row)
      for (int column = 0; column < width; ++column)
        if (is_hatched(column + row, width, height)) put(at(x + column, y + row), kHatch);
  }

  /// One pixel row of cells, then copies of it: cells have hard edges.
  void cells(const PanelScene& panel, std::span<const Rgb> colors) {
    const std::size_t columns = panel.levels.columns;
    const std::size_t bytes = 3 * columns * size(panel.cell_width);
    for (std::size_t i = 0; i < panel.levels.rows; ++i) {
      const std::uint16_t* level = panel.levels.level.data() + i * columns;
      const int y = panel.y + static_cast<int>(i) * panel.cell_height;
      std::uint8_t* first = at(panel.x, y);
      std::uint8_t* out = first;
      for (std::size_t j = 0; j < columns; ++j) {
        const Rgb color = level[j] == kMaskedLevel ? kMasked : colors[level[j]];
        for (int k = 0; k < panel.cell_width; ++k, out += 3) put(out, color);
      }
      for (int row = 1; row < panel.cell_height; ++row)
        std::memcpy(at(panel.x, y + row), first, bytes);
    }
  }

  /// Lays a premultiplied sprite over the picture.
  void lay(const Sprite& sprite, int left, int top) {
    const int x0 = std::max(0, -left), x1 = std::min(sprite.width, width_ - left);
    for (int y = std::max(0, -top); y < std::min(sprite.height, height_ - top); ++y) {
      const std::uint8_t* in = sprite.pixels.data() + 4 * (size(y) * size(sprite.width) + size(x0));
      if (x0 >= x1) return;
      std::uint8_t* out = at(left + x0, top + y);
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
  static std::size_t size(int n) { return static_cast<std::size_t>(n); }
  static void put(std::uint8_t* pixel, Rgb color) {
    pixel[0] = color.red;
    pixel[1] = color.green;
    pixel[2] = color.blue;
  }

  int width_, height_;
  std::vector<std::uint8_t>& pixels_;
};

}  // namespace

void rasterize(const Scene& scene, std::vector<std::uint8_t>& pixels) {
  Canvas canvas(scene.width, scene.height, pixels);
  const std::span<const Rgb> colors = colors_of(scene.map);

  // Cells, and the hatch on masked ones.
  for (const PanelScene& panel : scene.panels) {
    canvas.cells(panel, colors);
    if (std::min(panel.cell_width, panel.cell_height) < kHatchCell || panel.levels.masked == 0)
      continue;
    for (std::size_t i = 0; i < panel.levels.rows; ++i)
      for (std::size_t j = 0; j < panel.levels.columns; ++j)
        if (panel.levels.level[i * panel.levels.columns + j] == kMaskedLevel)
          canvas.hatch(panel.x + static_cast<int>(j) * panel.cell_width,
                       panel.y + static_cast<int>(i) * panel.cell_height, panel.cell_width,
                       panel.cell_height);
  }
  for (const Rect& swatch : scene.swatches) {
    canvas.fill(swatch);
    canvas.hatch(swatch.x, swatch.y, swatch.width, swatch.height);
  }

  // The color bar, high at the top.
  if (scene.bar)
    for (int row = 0; row < scene.bar->height; ++row)
      canvas.fill({scene.bar->x, scene.bar->y + row, scene.bar->width, 1, bar_color(scene, row)});

  for (const Rect& rect : scene.rects) canvas.fill(rect);
  for (const TextItem& text : scene.texts) {
    const Sprite& sprite = text.run->sprite(text.upward);
    canvas.lay(sprite, text.x + sprite.left, text.y + sprite.top);
  }
}

}  // namespace attn_viz::figure
