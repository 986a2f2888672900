#include "attn_viz/figure/colormap.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "figure/colormap_tables.hpp"
#include "figure/levels.hpp"

namespace attn_viz::figure {
namespace {

constexpr Rgb rgb(std::uint32_t hex) {
  return {static_cast<std::uint8_t>(hex >> 16), static_cast<std::uint8_t>(hex >> 8 & 0xff),
          static_cast<std::uint8_t>(hex & 0xff)};
}

std::array<Rgb, 256> from_table(const ColorTable& table) {
  std::array<Rgb, 256> colors{};
  std::transform(table.begin(), table.end(), colors.begin(), rgb);
  return colors;
}

/// CIELAB (D65) in cylinder coordinates, hue in degrees → sRGB (IEC 61966-2-1).
Rgb from_lch(double lightness, double chroma, double hue) {
  const double angle = hue * std::numbers::pi / 180;
  auto cube = [](double f) {
    return f > 6.0 / 29 ? f * f * f : 3 * (6.0 / 29) * (6.0 / 29) * (f - 4.0 / 29);
  };
  const double fy = (lightness + 16) / 116;
  const double x = 0.95047 * cube(fy + chroma * std::cos(angle) / 500);
  const double y = cube(fy);
  const double z = 1.08883 * cube(fy - chroma * std::sin(angle) / 200);
  auto encode = [](double linear) {
    const double c = std::clamp(linear, 0.0, 1.0);
    const double s = c <= 0.0031308 ? 12.92 * c : 1.055 * std::pow(c, 1 / 2.4) - 0.055;
    return static_cast<std::uint8_t>(std::lround(255 * s));
  };
  return {encode(3.2404542 * x - 1.5371385 * y - 0.4985314 * z),
          encode(-0.9692660 * x + 1.8760108 * y + 0.0415560 * z),
          encode(0.0556434 * x - 0.2040259 * y + 1.0572252 * z)};
}

/// Chroma is a parabola in the distance from the middle that stays inside sRGB at both hues, so
/// that no channel is cut off and lightness stays exactly linear.
std::array<Rgb, 257> make_diverging() {
  std::array<Rgb, 257> colors{};
  for (int i = 0; i <= 128; ++i) {
    const double t = i / 128.0;
    const double lightness = 97 - 65 * t;
    colors[static_cast<std::size_t>(128 - i)] = from_lch(lightness, 131 * t * (1 - 0.748 * t), 270);
    colors[static_cast<std::size_t>(128 + i)] = from_lch(lightness, 131 * t * (1 - 0.527 * t), 30);
  }
  return colors;
}

/// For dark grounds: dark in the middle, light at both ends.
std::array<Rgb, 257> make_diverging_dark() {
  std::array<Rgb, 257> colors{};
  for (int i = 0; i <= 128; ++i) {
    const double t = i / 128.0;
    const double lightness = 16 + 60 * t;
    colors[static_cast<std::size_t>(128 - i)] = from_lch(lightness, 102 * t * (1 - 0.63 * t), 255);
    colors[static_cast<std::size_t>(128 + i)] = from_lch(lightness, 198 * t * (1 - 0.78 * t), 50);
  }
  return colors;
}

/// Lightness falls evenly. The grey of masked cells is passed over.
std::array<Rgb, 256> make_greys() {
  std::array<Rgb, 256> colors{};
  for (std::size_t i = 0; i < 256; ++i) {
    colors[i] = from_lch(97 - 90 * static_cast<double>(i) / 255, 0, 0);
    for (const Theme theme : {Theme::kLight, Theme::kPrint}) {
      const Palette& palette = palette_of(theme);
      if (colors[i] == palette.masked || colors[i] == palette.hatch) --colors[i].blue;
    }
  }
  return colors;
}

/// The blue half of the diverging map, in finer steps.
std::array<Rgb, 256> make_blues() {
  std::array<Rgb, 256> colors{};
  for (std::size_t i = 0; i < 256; ++i) {
    const double t = static_cast<double>(i) / 255;
    colors[i] = from_lch(97 - 65 * t, 131 * t * (1 - 0.748 * t), 270);
  }
  return colors;
}

}  // namespace

std::span<const Rgb> colors_of(ColorMap map) {
  static const auto viridis = from_table(kViridisTable), magma = from_table(kMagmaTable),
                    inferno = from_table(kInfernoTable), plasma = from_table(kPlasmaTable),
                    cividis = from_table(kCividisTable), greys = make_greys(), blues = make_blues();
  static const auto diverging = make_diverging(), diverging_dark = make_diverging_dark();
  switch (map) {
    case ColorMap::kViridis:
      return viridis;
    case ColorMap::kMagma:
      return magma;
    case ColorMap::kInferno:
      return inferno;
    case ColorMap::kPlasma:
      return plasma;
    case ColorMap::kCividis:
      return cividis;
    case ColorMap::kGreys:
      return greys;
    case ColorMap::kBlues:
      return blues;
    case ColorMap::kDiverging:
      return diverging;
    case ColorMap::kDivergingDark:
      return diverging_dark;
  }
  return viridis;
}

const Palette& palette_of(Theme theme) {
  static constexpr Palette kLight{.paper = rgb(0xffffff),
                                  .text = rgb(0x222222),
                                  .quiet_text = rgb(0x525252),
                                  .frame = rgb(0x8a8a8a),
                                  .grid = rgb(0xffffff),
                                  .masked = rgb(0xdcdcdc),
                                  .hatch = rgb(0xb8b8b8),
                                  .below = rgb(0xffffff)};
  static constexpr Palette kDark{.paper = rgb(0x14161a),
                                 .text = rgb(0xf0f0f0),
                                 .quiet_text = rgb(0xc0c4ca),
                                 .frame = rgb(0x7c828c),
                                 .grid = rgb(0x14161a),
                                 .masked = rgb(0x3a3d44),
                                 .hatch = rgb(0x5c606a),
                                 .below = rgb(0x14161a)};
  static constexpr Palette kPrint{.paper = rgb(0xffffff),
                                  .text = rgb(0x000000),
                                  .quiet_text = rgb(0x333333),
                                  .frame = rgb(0x000000),
                                  .grid = rgb(0xffffff),
                                  .masked = rgb(0xffffff),
                                  .hatch = rgb(0x707070),
                                  .below = rgb(0xffffff)};
  return theme == Theme::kLight ? kLight : theme == Theme::kDark ? kDark : kPrint;
}

std::size_t level_of(const ColorScale& scale, double value) {
  return Leveller(scale).level(value);
}

Rgb color_of(const ColorScale& scale, double value, Theme theme) {
  const std::size_t level = level_of(scale, value);
  return level == kBelowLevel ? palette_of(theme).below : colors_of(scale.map)[level];
}

double luminance(Rgb color) {
  auto linear = [](std::uint8_t channel) {
    const double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
  };
  return 0.2126 * linear(color.red) + 0.7152 * linear(color.green) + 0.0722 * linear(color.blue);
}

}  // namespace attn_viz::figure
