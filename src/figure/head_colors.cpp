#include "figure/head_colors.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace attn_viz::figure {
namespace {

// Those that stand out from the paper come first; black and white take each other's place.
constexpr std::array<Rgb, 8> kOnLight = {{{0x00, 0x72, 0xB2},
                                          {0xD5, 0x5E, 0x00},
                                          {0x00, 0x9E, 0x73},
                                          {0xCC, 0x79, 0xA7},
                                          {0xE6, 0x9F, 0x00},
                                          {0x56, 0xB4, 0xE9},
                                          {0x00, 0x00, 0x00},
                                          {0xF0, 0xE4, 0x42}}};
constexpr std::array<Rgb, 8> kOnDark = {{{0x56, 0xB4, 0xE9},
                                         {0xE6, 0x9F, 0x00},
                                         {0x00, 0x9E, 0x73},
                                         {0xCC, 0x79, 0xA7},
                                         {0xF0, 0xE4, 0x42},
                                         {0xD5, 0x5E, 0x00},
                                         {0xFF, 0xFF, 0xFF},
                                         {0x00, 0x72, 0xB2}}};

std::uint8_t to_srgb(double linear) {
  const double x = std::clamp(linear, 0.0, 1.0);
  const double gamma = x <= 0.0031308 ? 12.92 * x : 1.055 * std::pow(x, 1 / 2.4) - 0.055;
  return static_cast<std::uint8_t>(std::lround(255 * gamma));
}

/// OKLCH (Ottosson 2020), hue in degrees → sRGB.
Rgb from_oklch(double lightness, double chroma, double hue) {
  const double angle = hue * std::numbers::pi / 180;
  const double a = chroma * std::cos(angle), b = chroma * std::sin(angle);
  auto cube = [](double x) { return x * x * x; };
  const double l = cube(lightness + 0.3963377774 * a + 0.2158037573 * b);
  const double m = cube(lightness - 0.1055613458 * a - 0.0638541728 * b);
  const double s = cube(lightness - 0.0894841775 * a - 1.2914855480 * b);
  return {to_srgb(4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s),
          to_srgb(-1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s),
          to_srgb(-0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s)};
}

}  // namespace

Rgb head_color(std::size_t head, std::size_t count, Theme theme) {
  if (theme == Theme::kPrint) return {0, 0, 0};
  const bool dark = theme == Theme::kDark;
  if (count <= kOnLight.size()) return (dark ? kOnDark : kOnLight)[head];
  // Chroma that every hue has at this lightness, so that none is cut off.
  const double hue = 25 + 360 * static_cast<double>(head) / static_cast<double>(count);
  return dark ? from_oklch(0.75, 0.12, hue) : from_oklch(0.58, 0.12, hue);
}

}  // namespace attn_viz::figure
