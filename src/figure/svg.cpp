#include "figure/svg.hpp"

#include <fmt/format.h>
#include <glib.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <memory>
#include <span>

#include "figure/png.hpp"
#include "figure/svg_text.hpp"
#include "figure/vector.hpp"
#include "figure/xml.hpp"

namespace attn_viz::figure {
namespace {

std::string hex(Rgb color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

/// Ends names of definitions: the same for the same content, so that several pictures can stand in
/// one page. FNV-1a.
std::string digest(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return fmt::format("{:012x}", hash >> 16);
}

std::string data_uri(std::span<const std::uint8_t> rgb, std::size_t width, std::size_t height) {
  const std::string png = encode_png(rgb, width, height);
  struct FreeBase64 {
    void operator()(char* text) const { g_free(text); }
  };
  const std::unique_ptr<char, FreeBase64> base64(
      g_base64_encode(reinterpret_cast<const guchar*>(png.data()), png.size()));
  return std::string("data:image/png;base64,") + base64.get();
}

class SvgPainter {
 public:
  SvgPainter(const Scene& scene, std::string& svg)
      : scene_(scene), palette_(scene.palette()), svg_(svg) {}

  /// In the order of the scene's members, as rasters are painted.
  void paint() {
    svg_ += fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", scene_.width,
                        scene_.height, hex(palette_.paper));
    for (const ImageItem& item : scene_.images)
      image(item.x, item.y, item.width, item.height, data_uri(item.pixels, item.columns, item.rows),
            item.smooth);
    for (const PanelScene& panel : scene_.panels) {
      if (panel.levels.level.size() > kMostVectorCells)
        pixels(panel);
      else
        cells(panel);
      if (panel.levels.masked == 0) continue;
      if (std::min(panel.cell_width, panel.cell_height) >= kHatchCell)
        hatch(panel, {panel.x, panel.y, panel.cell_width, panel.cell_height, palette_.hatch},
              diagonals(0, 0, panel.cell_width, panel.cell_height));
      else if (panel.dense_hatch)  // the lines of is_densely_hatched()
        hatch(panel, {0, 0, 4, 4, palette_.hatch}, "M-1 2L2 -1M0 5L5 0");
    }
    for (const Rect& swatch : scene_.swatches) {
      rects({&swatch, 1});
      svg_ += fmt::format("<path fill=\"none\" stroke=\"{}\" stroke-width=\"0.8\" d=\"{}\"/>\n",
                          hex(palette_.hatch),
                          diagonals(swatch.x, swatch.y, swatch.width, swatch.height));
    }
    for (const Bar& item : scene_.bars) bar(item);
    lines();
    rects(scene_.rects);
    append_texts(svg_, scene_.texts);
  }

 private:
  void image(int x, int y, int width, int height, const std::string& uri, bool smooth) {
    svg_ += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\""
        " preserveAspectRatio=\"none\"{} xlink:href=\"{}\"/>\n",
        x, y, width, height,
        smooth ? ""
               : " image-rendering=\"optimizeSpeed\""
                 " style=\"image-rendering:pixelated\"",
        uri);
  }

  /// One pixel a drawn cell, enlarged without smoothing.
  void pixels(const PanelScene& panel) {
    const Levels& levels = panel.levels;
    std::vector<std::uint8_t> rgb;
    rgb.reserve(3 * levels.level.size());
    for (const std::uint16_t level : levels.level) {
      const Rgb color = color_of_level(panel, level);
      rgb.insert(rgb.end(), {color.red, color.green, color.blue});
    }
    image(panel.x, panel.y, static_cast<int>(levels.columns) * panel.cell_width,
          static_cast<int>(levels.rows) * panel.cell_height,
          data_uri(rgb, levels.columns, levels.rows), false);
  }

  Rgb color_of_level(const PanelScene& panel, std::uint16_t level) const {
    return figure::color_of_level(colors_of(panel.map), palette_, level);
  }

  /// A path for each color, of runs in a row, in units of cells.
  void cells(const PanelScene& panel) {
    std::map<std::uint16_t, std::string> path_of_level;
    each_run(panel, [&](std::uint16_t level, std::size_t row, std::size_t first, std::size_t end) {
      path_of_level[level] += fmt::format("M{} {}h{}v1H{}z", first, row, end - first, first);
    });
    svg_ += fmt::format(
        "<g transform=\"translate({} {}) scale({} {})\""
        " shape-rendering=\"crispEdges\">\n",
        panel.x, panel.y, panel.cell_width, panel.cell_height);
    for (const auto& [level, path] : path_of_level)
      svg_ +=
          fmt::format("<path fill=\"{}\" d=\"{}\"/>\n", hex(color_of_level(panel, level)), path);
    svg_ += "</g>\n";
  }

  template <class Use>
  static void each_run(const PanelScene& panel, Use use) {
    const Levels& levels = panel.levels;
    for (std::size_t i = 0; i < levels.rows; ++i) {
      const std::uint16_t* level = levels.level.data() + i * levels.columns;
      for (std::size_t j = 0, end = 0; j < levels.columns; j = end) {
        while (end < levels.columns && level[end] == level[j]) ++end;
        use(level[j], i, j, end);
      }
    }
  }

  /// Masked cells filled with a pattern of lines, a tile beside the other.
  void hatch(const PanelScene& panel, const Rect& tile, const std::string& lines) {
    std::string path;
    each_run(panel, [&](std::uint16_t level, std::size_t row, std::size_t first, std::size_t end) {
      if (level != kMaskedLevel) return;
      path += fmt::format("M{} {}h{}v{}H{}z", panel.x + static_cast<int>(first) * panel.cell_width,
                          panel.y + static_cast<int>(row) * panel.cell_height,
                          static_cast<int>(end - first) * panel.cell_width, panel.cell_height,
                          panel.x + static_cast<int>(first) * panel.cell_width);
    });
    if (path.empty()) return;
    const std::string pattern = fmt::format(
        " x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" patternUnits=\"userSpaceOnUse\">"
        "<path fill=\"none\" stroke=\"{}\" stroke-width=\"0.8\" d=\"{}\"/></pattern>",
        tile.x, tile.y, tile.width, tile.height, hex(tile.color), lines);
    const std::string name = "hatch-" + digest(pattern);
    svg_ += fmt::format("<defs><pattern id=\"{}\"{}</defs>\n<path fill=\"url(#{})\" d=\"{}\"/>\n",
                        name, pattern, name, path);
  }

  /// The diagonals of is_hatched() as lines.
  static std::string diagonals(int x, int y, int width, int height) {
    std::string path;
    for (int sum = 0; sum < width + height; ++sum) {
      if (!is_hatched(sum, width, height)) continue;
      const int first = std::max(0, sum - (height - 1)), last = std::min(sum, width - 1);
      path +=
          fmt::format("M{} {}L{} {}", x + first, y + sum - first + 1, x + last + 1, y + sum - last);
    }
    return path;
  }

  /// A gradient with as few stops as keep every pixel row within one of 255 steps of its color.
  void bar(const Bar& item) {
    std::vector<int> stops{0};
    const int last = item.height - 1;
    for (int row = 0; row < last;) {
      int end = row + 1;
      while (end < last && is_straight(item, row, end + 1)) ++end;
      stops.push_back(row = end);
    }
    std::string gradient = " x1=\"0\" y1=\"0\" x2=\"0\" y2=\"1\">";
    for (const int row : stops)
      gradient += fmt::format("<stop offset=\"{}\" stop-color=\"{}\"/>",
                              decimal((row + 0.5) / item.height, 5), hex(bar_color(item, row)));
    const std::string name = "scale-" + digest(gradient);
    svg_ += fmt::format(
        "<defs><linearGradient id=\"{}\"{}</linearGradient></defs>\n"
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#{})\"/>\n",
        name, gradient, item.x, item.y, item.width, item.height, name);
  }

  static bool is_straight(const Bar& item, int first, int end) {
    const Rgb a = bar_color(item, first), b = bar_color(item, end);
    for (int row = first + 1; row < end; ++row) {
      const double t = static_cast<double>(row - first) / (end - first);
      const Rgb c = bar_color(item, row);
      auto off = [t](int from, int to, int got) {
        return std::abs(from + t * (to - from) - got) > 1;
      };
      if (off(a.red, b.red, c.red) || off(a.green, b.green, c.green) || off(a.blue, b.blue, c.blue))
        return false;
    }
    return true;
  }

  /// Lines of one color and width that follow one another share a group.
  void lines() {
    std::string open;
    for (const LineItem& line : scene_.lines) {
      const std::string group =
          fmt::format("<g fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{}>\n", hex(line.color),
                      decimal(line.width), dashes(line));
      if (group != open) {
        if (!open.empty()) svg_ += "</g>\n";
        svg_ += group;
        open = group;
      }
      svg_ += fmt::format("<path d=\"M{} {}", decimal(line.x0), decimal(line.y0));
      const std::string end = decimal(line.x1) + " " + decimal(line.y1);
      const std::string middle = decimal((line.x0 + line.x1) / 2);
      if (line.curved)
        svg_ +=
            fmt::format("C{0} {1} {0} {2} {3}", middle, decimal(line.y0), decimal(line.y1), end);
      else
        svg_ += "L" + end;
      svg_ += line.opacity < 1
                  ? fmt::format("\" stroke-opacity=\"{}\"/>\n", decimal(line.opacity, 4))
                  : "\"/>\n";
    }
    if (!open.empty()) svg_ += "</g>\n";
  }

  static std::string dashes(const LineItem& line) {
    return line.dashed ? fmt::format(" stroke-dasharray=\"{} {}\"", decimal(line.dash_on()),
                                     decimal(line.dash_off()))
                       : "";
  }

  /// Rectangles of one color that follow one another are one path.
  void rects(std::span<const Rect> all) {
    for (std::size_t i = 0, end = 0; i < all.size(); i = end) {
      std::string path;
      for (; end < all.size() && all[end].color == all[i].color; ++end) {
        const Rect& rect = all[end];
        if (rect.width <= 0 || rect.height <= 0) continue;
        path += fmt::format("M{} {}h{}v{}H{}z", rect.x, rect.y, rect.width, rect.height, rect.x);
      }
      svg_ += fmt::format("<path fill=\"{}\" shape-rendering=\"crispEdges\" d=\"{}\"/>\n",
                          hex(all[i].color), path);
    }
  }

  const Scene& scene_;
  const Palette& palette_;
  std::string& svg_;
};

/// What stands around the matrices, in words.
std::string description_of(const Scene& scene) {
  std::string text;
  for (const TextKind kind : {TextKind::kSubtitle, TextKind::kScaleNote, TextKind::kNote})
    for (const TextItem& item : scene.texts)
      if (item.kind == kind) text += (text.empty() ? "" : "\n") + item.run->text();
  return text;
}

}  // namespace

std::string to_svg(const Scene& scene, const std::string& title) {
  std::string svg = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\""
      " width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">\n",
      scene.width, scene.height);
  if (!title.empty()) svg += "<title>" + escaped(title) + "</title>\n";
  const std::string description = description_of(scene);
  if (!description.empty()) svg += "<desc>" + escaped(description) + "</desc>\n";
  SvgPainter(scene, svg).paint();
  svg += "</svg>\n";
  return svg;
}

}  // namespace attn_viz::figure
