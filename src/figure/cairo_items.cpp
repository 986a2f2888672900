#include "figure/cairo_items.hpp"

#include <cstdint>
#include <cstring>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {

void set_color(cairo_t* cairo, Rgb color, double opacity) {
  cairo_set_source_rgba(cairo, color.red / 255.0, color.green / 255.0, color.blue / 255.0, opacity);
}

void draw(cairo_t* cairo, const LineItem& line) {
  set_color(cairo, line.color, line.opacity);
  cairo_set_line_width(cairo, line.width);
  const double dashes[] = {line.dash_on(), line.dash_off()};
  cairo_set_dash(cairo, dashes, line.dashed ? 2 : 0, 0);
  cairo_move_to(cairo, line.x0, line.y0);
  const double middle = (line.x0 + line.x1) / 2;
  if (line.curved) {
    cairo_curve_to(cairo, middle, line.y0, middle, line.y1, line.x1, line.y1);
  } else {
    cairo_line_to(cairo, line.x1, line.y1);
  }
  cairo_stroke(cairo);
}

void draw(cairo_t* cairo, const ImageItem& image) {
  const int columns = static_cast<int>(image.columns), rows = static_cast<int>(image.rows);
  const Surface surface = pixel_surface(columns, rows, [&](int row, int column) {
    const std::uint8_t* pixel =
        image.pixels.data() +
        3 * (static_cast<std::size_t>(row) * image.columns + static_cast<std::size_t>(column));
    return Rgb{pixel[0], pixel[1], pixel[2]};
  });
  cairo_save(cairo);
  cairo_rectangle(cairo, image.x, image.y, image.width, image.height);
  cairo_clip(cairo);
  cairo_translate(cairo, image.x, image.y);
  cairo_scale(cairo, static_cast<double>(image.width) / columns,
              static_cast<double>(image.height) / rows);
  cairo_set_source_surface(cairo, surface.get(), 0, 0);
  cairo_pattern_t* source = cairo_get_source(cairo);
  cairo_pattern_set_filter(source, image.smooth ? CAIRO_FILTER_BILINEAR : CAIRO_FILTER_NEAREST);
  cairo_pattern_set_extend(source, CAIRO_EXTEND_PAD);  // no paper shines through at the edges
  cairo_paint(cairo);
  cairo_restore(cairo);
}

Surface pixel_surface(int columns, int rows, const std::function<Rgb(int, int)>& color) {
  Surface surface(cairo_image_surface_create(CAIRO_FORMAT_RGB24, columns, rows));
  unsigned char* pixels = cairo_image_surface_get_data(surface.get());
  if (!pixels) throw Error(ErrorCode::kLimit, "not enough memory to draw a picture");
  const int stride = cairo_image_surface_get_stride(surface.get());
  for (int row = 0; row < rows; ++row) {
    for (int column = 0; column < columns; ++column) {
      const Rgb rgb = color(row, column);
      const auto pixel = static_cast<std::uint32_t>(rgb.red << 16 | rgb.green << 8 | rgb.blue);
      std::memcpy(pixels + static_cast<std::ptrdiff_t>(row) * stride + 4 * column, &pixel, 4);
    }
  }
  cairo_surface_mark_dirty(surface.get());
  return surface;
}

}  // namespace attn_viz::figure
