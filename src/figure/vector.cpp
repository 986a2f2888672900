#include "figure/vector.hpp"

#include <cairo-pdf.h>

#include <algorithm>
#include <memory>

#include "attn_viz/core/error.hpp"
#include "figure/cairo_items.hpp"

namespace attn_viz::figure {
namespace {

cairo_status_t append(void* bytes, const unsigned char* data, unsigned int size) {
  static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), size);
  return CAIRO_STATUS_SUCCESS;
}

class VectorPainter {
 public:
  VectorPainter(const Scene& scene, cairo_surface_t* surface)
      : scene_(scene), palette_(scene.palette()), cairo_(cairo_create(surface)) {}

  void paint() {
    fill(0, 0, scene_.width, scene_.height, palette_.paper);
    for (const ImageItem& item : scene_.images) draw(cairo_.get(), item);
    for (const PanelScene& panel : scene_.panels) {
      if (panel.levels.level.size() > kMostVectorCells)
        image(panel);
      else
        cells(panel);
      if (std::min(panel.cell_width, panel.cell_height) >= kHatchCell)
        hatch(panel);
      else if (panel.dense_hatch && panel.levels.masked > 0)
        hatch_densely(panel);
    }
    for (const Rect& swatch : scene_.swatches) {
      fill(swatch.x, swatch.y, swatch.width, swatch.height, swatch.color);
      hatch_cell(swatch.x, swatch.y, swatch.width, swatch.height);
    }
    for (const Bar& item : scene_.bars) bar(item);
    for (const LineItem& line : scene_.lines) draw(cairo_.get(), line);
    for (const Rect& rect : scene_.rects) fill(rect.x, rect.y, rect.width, rect.height, rect.color);
    for (const TextItem& text : scene_.texts)
      text.run->show_for_search(cairo_.get(), text.x, text.y, text.upward, palette_.paper);
    cairo_show_page(cairo_.get());
  }

 private:
  void fill(double x, double y, double width, double height, Rgb rgb) {
    set_color(cairo_.get(), rgb);
    cairo_rectangle(cairo_.get(), x, y, width, height);
    cairo_fill(cairo_.get());
  }
  Rgb color_of_level(std::span<const Rgb> colors, std::uint16_t level) const {
    return figure::color_of_level(colors, palette_, level);
  }

  /// Runs of one color are one rectangle. Each reaches half a unit under its right and lower
  /// neighbours, which are drawn later, so that viewers show no seams between them.
  void cells(const PanelScene& panel) {
    const Levels& levels = panel.levels;
    const std::span<const Rgb> colors = colors_of(panel.map);
    const double right = panel.x + static_cast<double>(levels.columns) * panel.cell_width;
    const double bottom = panel.y + static_cast<double>(levels.rows) * panel.cell_height;
    for (std::size_t i = 0; i < levels.rows; ++i) {
      const std::uint16_t* level = levels.level.data() + i * levels.columns;
      const double y = panel.y + static_cast<double>(i) * panel.cell_height;
      const double y_end = std::min(y + panel.cell_height + 0.5, bottom);
      for (std::size_t j = 0, end = 0; j < levels.columns; j = end) {
        while (end < levels.columns && level[end] == level[j]) ++end;
        const double x = panel.x + static_cast<double>(j) * panel.cell_width;
        const double x_end =
            std::min(panel.x + static_cast<double>(end) * panel.cell_width + 0.5, right);
        fill(x, y, x_end - x, y_end - y, color_of_level(colors, level[j]));
      }
    }
  }

  /// One pixel a drawn cell, enlarged without smoothing.
  void image(const PanelScene& panel) {
    const Levels& levels = panel.levels;
    const int width = static_cast<int>(levels.columns), height = static_cast<int>(levels.rows);
    const std::span<const Rgb> colors = colors_of(panel.map);
    const Surface surface = pixel_surface(width, height, [&](int i, int j) {
      return color_of_level(
          colors,
          levels.level[static_cast<std::size_t>(i) * levels.columns + static_cast<std::size_t>(j)]);
    });
    cairo_save(cairo_.get());
    cairo_translate(cairo_.get(), panel.x, panel.y);
    cairo_scale(cairo_.get(), panel.cell_width, panel.cell_height);
    cairo_set_source_surface(cairo_.get(), surface.get(), 0, 0);
    cairo_pattern_set_filter(cairo_get_source(cairo_.get()), CAIRO_FILTER_NEAREST);
    cairo_rectangle(cairo_.get(), 0, 0, width, height);
    cairo_fill(cairo_.get());
    cairo_restore(cairo_.get());
  }

  void hatch(const PanelScene& panel) {
    for (std::size_t i = 0; i < panel.levels.rows; ++i)
      for (std::size_t j = 0; j < panel.levels.columns; ++j)
        if (panel.levels.level[i * panel.levels.columns + j] == kMaskedLevel)
          hatch_cell(panel.x + static_cast<int>(j) * panel.cell_width,
                     panel.y + static_cast<int>(i) * panel.cell_height, panel.cell_width,
                     panel.cell_height);
  }

  /// The lines of is_densely_hatched(), cut to the masked cells.
  void hatch_densely(const PanelScene& panel) {
    const Levels& levels = panel.levels;
    const int width = static_cast<int>(levels.columns) * panel.cell_width;
    const int height = static_cast<int>(levels.rows) * panel.cell_height;
    cairo_save(cairo_.get());
    for (std::size_t i = 0; i < levels.rows; ++i) {
      const std::uint16_t* level = levels.level.data() + i * levels.columns;
      for (std::size_t j = 0, end = 0; j < levels.columns; j = end) {
        while (end < levels.columns && (level[end] == kMaskedLevel) == (level[j] == kMaskedLevel))
          ++end;
        if (level[j] == kMaskedLevel)
          cairo_rectangle(cairo_.get(), panel.x + static_cast<double>(j) * panel.cell_width,
                          panel.y + static_cast<double>(i) * panel.cell_height,
                          static_cast<double>(end - j) * panel.cell_width, panel.cell_height);
      }
    }
    cairo_clip(cairo_.get());
    set_color(cairo_.get(), palette_.hatch);
    cairo_set_line_width(cairo_.get(), 0.8);
    for (int sum = panel.x + panel.y; sum < panel.x + panel.y + width + height; ++sum) {
      if (!is_densely_hatched(sum)) continue;
      cairo_move_to(cairo_.get(), sum + 1 - panel.y, panel.y);
      cairo_line_to(cairo_.get(), sum + 1 - panel.y - height, panel.y + height);
    }
    cairo_stroke(cairo_.get());
    cairo_restore(cairo_.get());
  }

  /// The diagonals of is_hatched() as lines.
  void hatch_cell(int x, int y, int width, int height) {
    set_color(cairo_.get(), palette_.hatch);
    cairo_set_line_width(cairo_.get(), 0.8);
    for (int sum = 0; sum < width + height; ++sum) {
      if (!is_hatched(sum, width, height)) continue;
      const int first = std::max(0, sum - (height - 1)), last = std::min(sum, width - 1);
      cairo_move_to(cairo_.get(), x + first, y + sum - first + 1);
      cairo_line_to(cairo_.get(), x + last + 1, y + sum - last);
    }
    cairo_stroke(cairo_.get());
  }

  void bar(const Bar& bar) {
    for (int row = 0; row < bar.height; ++row)
      fill(bar.x, bar.y + row, bar.width, row + 1 < bar.height ? 1.5 : 1, bar_color(bar, row));
  }

  const Scene& scene_;
  const Palette& palette_;
  Cairo cairo_;
};

void finish(cairo_surface_t* surface) {
  cairo_surface_finish(surface);
  const cairo_status_t status = cairo_surface_status(surface);
  if (status != CAIRO_STATUS_SUCCESS)
    throw Error(ErrorCode::kBug, std::string("Cairo: ") + cairo_status_to_string(status));
}

}  // namespace

std::string to_pdf(const Scene& scene, const std::string& title) {
  std::string bytes;
  const Surface surface(
      cairo_pdf_surface_create_for_stream(append, &bytes, scene.width, scene.height));
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_TITLE, title.c_str());
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATOR, "attn-viz");
  // A fixed day, or Cairo would write the time: the same figure gives the same bytes.
  cairo_pdf_surface_set_metadata(surface.get(), CAIRO_PDF_METADATA_CREATE_DATE,
                                 "2000-01-01T00:00:00Z");
  VectorPainter(scene, surface.get()).paint();
  finish(surface.get());
  return bytes;
}

}  // namespace attn_viz::figure
