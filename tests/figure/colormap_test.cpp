// Laws of the colour maps.
#include "attn_viz/figure/colormap.hpp"

#include <cmath>

#include "catch.hpp"
#include "figure/support.hpp"

using namespace attn_viz::figure;

namespace {

/// CIELAB lightness, 0 to 100.
double lightness(Rgb color) {
  const double y = luminance(color);
  return y > 0.008856 ? 116 * std::cbrt(y) - 16 : 903.3 * y;
}

}  // namespace

TEST_CASE("viridis: the published ends and middle") {
  const auto colors = colors_of(ColorMap::kViridis);
  REQUIRE(colors.size() == 256);
  CHECK(colors[0] == Rgb{0x44, 0x01, 0x54});
  CHECK(colors[128] == Rgb{0x21, 0x91, 0x8c});
  CHECK(colors[255] == Rgb{0xfd, 0xe7, 0x25});
}

TEST_CASE("viridis: lightness rises from entry to entry") {
  const auto colors = colors_of(ColorMap::kViridis);
  for (std::size_t i = 1; i < colors.size(); ++i) {
    INFO("entry " << i);
    CHECK(lightness(colors[i]) > lightness(colors[i - 1]) - 0.15);  // 8 bits a channel
  }
  CHECK(lightness(colors[255]) - lightness(colors[0]) > 70);
}

TEST_CASE("diverging: lightness is linear in the distance from the middle, alike on both sides") {
  const auto colors = colors_of(ColorMap::kDiverging);
  REQUIRE(colors.size() == 257);
  for (std::size_t i = 0; i <= 128; ++i) {
    INFO("entry " << i << " from the middle");
    const double expected = 97 - 65 * static_cast<double>(i) / 128;
    CHECK(lightness(colors[128 + i]) == Approx(expected).margin(0.5));
    CHECK(lightness(colors[128 - i]) == Approx(expected).margin(0.5));
  }
}

TEST_CASE("diverging: blue below the middle, red above it, and a neutral middle") {
  const auto colors = colors_of(ColorMap::kDiverging);
  CHECK(colors[128] == Rgb{0xf6, 0xf6, 0xf6});
  for (std::size_t i = 2; i <= 128; ++i) {
    CHECK(colors[128 - i].blue > colors[128 - i].red);
    CHECK(colors[128 + i].red > colors[128 + i].blue);
  }
}

TEST_CASE("the grey of masked cells is in neither map") {
  for (const ColorMap map : {ColorMap::kViridis, ColorMap::kDiverging})
    for (const Rgb color : colors_of(map)) {
      CHECK_FALSE(color == palette_of(Theme::kLight).masked);
      CHECK_FALSE(color == palette_of(Theme::kLight).hatch);
    }
}

TEST_CASE("a value has the nearest entry; outside of the scale the end's") {
  const ColorScale unit;
  CHECK(level_of(unit, 0) == 0);
  CHECK(level_of(unit, 1) == 255);
  CHECK(level_of(unit, 0.4 / 255) == 0);
  CHECK(level_of(unit, 0.6 / 255) == 1);
  CHECK(level_of(unit, -3) == 0);
  CHECK(level_of(unit, 7) == 255);
  const ColorScale around_zero{ColorMap::kDiverging, -2, 2};
  CHECK(level_of(around_zero, 0) == 128);
  CHECK(level_of(around_zero, -2) == 0);
  CHECK(level_of(around_zero, 2) == 256);
}

TEST_CASE("scales without extent and scales beyond the largest double have colors, too") {
  CHECK(level_of({ColorMap::kViridis, 3, 3}, 3) == 128);
  const ColorScale huge{ColorMap::kDiverging, -1.7e308, 1.7e308};
  CHECK(level_of(huge, 0) == 128);
  CHECK(level_of(huge, 1.7e308) == 256);
  CHECK(level_of(huge, -1.7e308) == 0);
}
