#include "figure/raster.hpp"

#include <algorithm>
#include <cstring>

#include "attn_viz/core/error.hpp"
#include "figure/cairo_items.hpp"

namespace attn_viz::figure {
namespace {

class Canvas {
 public:
  Canvas(int width, int height, const Palette& palette, std::vector<std::uint8_t>& pixels)
      : width_(width), height_(height), palette_(palette), pixels_(pixels) {
    pixels_.resize(3 * size(width) * size(height));
    fill({0, 0, width, height, palette.paper});
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
        if (is_hatched(column + row, width, height)) put(at(x + column, y + row), palette_.hatch);
  }

  /// One pixel row of cells, then copies of it: cells have hard edges.
  void cells(const PanelScene& panel) {
    const std::span<const Rgb> colors = colors_of(panel.map);
    const std::size_t columns = panel.levels.columns;
    const std::size_t bytes = 3 * columns * size(panel.cell_width);
    for (std::size_t i = 0; i < panel.levels.rows; ++i) {
      const std::uint16_t* level = panel.levels.level.data() + i * columns;
      const int y = panel.y + static_cast<int>(i) * panel.cell_height;
      std::uint8_t* first = at(panel.x, y);
      std::uint8_t* out = first;
      for (std::size_t j = 0; j < columns; ++j) {
        const Rgb color = level[j] == kMaskedLevel ? palette_.masked : colors[level[j]];
        for (int k = 0; k < panel.cell_width; ++k, out += 3) put(out, color);
      }
      for (int row = 1; row < panel.cell_height; ++row)
        std::memcpy(at(panel.x, y + row), first, bytes);
    }
  }

  /// Lays premultiplied BGRA pixels over the picture.
  void lay(const std::uint8_t* pixels, int left, int top, int width, int height) {
    const int x0 = std::max(0, -left), x1 = std::min(width, width_ - left);
    for (int y = std::max(0, -top); y < std::min(height, height_ - top); ++y) {
      const std::uint8_t* in = pixels + 4 * (size(y) * size(width) + size(x0));
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
  const Palette& palette_;
  std::vector<std::uint8_t>& pixels_;
};

/// Lines or images, drawn by Cairo and laid over the picture.
template <class Item>
void smooth(Canvas& canvas, const Scene& scene, const std::vector<Item>& items) {
  if (items.empty()) return;
  const Surface surface(cairo_image_surface_create(CAIRO_FORMAT_ARGB32, scene.width, scene.height));
  const Cairo cairo(cairo_create(surface.get()));
  for (const Item& item : items) draw(cairo.get(), item);
  cairo_surface_flush(surface.get());
  const unsigned char* pixels = cairo_image_surface_get_data(surface.get());
  if (!pixels) throw Error(ErrorCode::kLimit, "not enough memory to draw a picture");
  canvas.lay(pixels, 0, 0, scene.width, scene.height);
}

}  // namespace

void rasterize(const Scene& scene, std::vector<std::uint8_t>& pixels) {
  Canvas canvas(scene.width, scene.height, scene.palette(), pixels);
  smooth(canvas, scene, scene.images);

  // Cells, and the hatch on masked ones.
  for (const PanelScene& panel : scene.panels) {
    canvas.cells(panel);
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

  for (const Bar& bar : scene.bars)
    for (int row = 0; row < bar.height; ++row)
      canvas.fill({bar.x, bar.y + row, bar.width, 1, bar_color(bar, row)});

  smooth(canvas, scene, scene.lines);
  for (const Rect& rect : scene.rects) canvas.fill(rect);
  for (const TextItem& text : scene.texts) {
    const Sprite& sprite = text.run->sprite(text.upward);
    canvas.lay(sprite.pixels.data(), text.x + sprite.left, text.y + sprite.top, sprite.width,
               sprite.height);
  }
}

}  // namespace attn_viz::figure
