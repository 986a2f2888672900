// What the tests of figures share: small matrices, a PNG decoder, reading cells back.
#pragma once

#include <png.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <ostream>
#include <random>
#include <string>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/paint.hpp"
#include "catch.hpp"

namespace attn_viz::figure {

inline constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

/// Values in [low, high), the same in every run. Matrices over them must not outlive them.
inline std::vector<double> random_values(std::size_t count, double low = 0, double high = 1,
                                         unsigned seed = 1) {
  std::mt19937 bits(seed);
  std::vector<double> values(count);
  for (double& value : values)
    value = low + (high - low) * (static_cast<double>(bits()) / 4294967296.0);
  return values;
}

inline Matrix matrix(const std::vector<double>& values, std::size_t rows, std::size_t columns) {
  return Matrix(std::span<const double>(values), rows, columns);
}

/// A figure of one panel with all its texts.
inline Figure one_panel(const Matrix& values) {
  Figure figure;
  figure.title = "Attention weights";
  figure.subtitle = "head 1";
  figure.rows.name = "queries (token)";
  figure.columns.name = "keys (token)";
  figure.scale.note = "weight, 0 to 1";
  figure.notes = {"Each row sums to 1."};
  figure.panels = {Panel{}};
  figure.panels[0].values = values;
  return figure;
}

struct DecodedPng {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;
  Rgb at(std::size_t x, std::size_t y) const {
    const std::uint8_t* pixel = rgb.data() + 3 * (y * width + x);
    return {pixel[0], pixel[1], pixel[2]};
  }
};

/// An image without pixels if libpng refuses the bytes.
inline DecodedPng decode(const std::string& bytes) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  DecodedPng image;
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size())) return image;
  png.format = PNG_FORMAT_RGB;
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  if (!png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr)) return DecodedPng{};
  image.width = png.width;
  image.height = png.height;
  return image;
}

/// A pixel of a drawn cell where neither number, hatch, grid line nor outline lies: near its upper
/// left corner where the cell is large, its only pixel where it is small.
inline Rgb cell_color(const DecodedPng& image, const Cells& cells, std::size_t i, std::size_t j) {
  auto inset = [](std::size_t size) {
    return size >= 24 ? std::size_t{4} : size >= 9 ? std::size_t{2} : size / 2;
  };
  return image.at(cells.left + j * cells.cell_width + inset(cells.cell_width),
                  cells.top + i * cells.cell_height + inset(cells.cell_height));
}

inline std::ostream& operator<<(std::ostream& out, const Rgb& color) {
  return out << "rgb(" << int{color.red} << ", " << int{color.green} << ", " << int{color.blue}
             << ")";
}

/// How many drawn cells have another color than the one expected; says which was the first.
template <class Expected>
std::size_t wrong_cells(const DecodedPng& image, const Cells& cells, Expected expected) {
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < cells.rows; ++i)
    for (std::size_t j = 0; j < cells.columns; ++j) {
      const Rgb got = cell_color(image, cells, i, j), want = expected(i, j);
      if (got == want) continue;
      if (wrong++ == 0) UNSCOPED_INFO("cell " << i << ", " << j << ": " << got << ", not " << want);
    }
  return wrong;
}

/// "w" and 12 → "w12".
inline std::string numbered(std::string text, std::size_t number) {
  return text.append(std::to_string(number));
}

}  // namespace attn_viz::figure
