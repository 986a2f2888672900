// Overlays read back: every pixel against the formula, outlines at their patches, texts apart.
#include "attn_viz/figure/overlay.hpp"

#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "figure/overlay_pixels.hpp"
#include "figure/support.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

namespace attn_viz::figure {
namespace {

std::shared_ptr<const Image> random_picture(std::size_t width, std::size_t height) {
  std::mt19937 bits(5);
  Image picture{width, height, std::vector<std::uint8_t>(3 * width * height)};
  for (std::uint8_t& byte : picture.rgb) byte = static_cast<std::uint8_t>(bits());
  return std::make_shared<const Image>(std::move(picture));
}

Overlay overlay_of(std::size_t rows, std::size_t columns, std::size_t panels,
                   std::shared_ptr<const Image> picture) {
  Overlay overlay;
  overlay.title = "A picture";
  overlay.subtitle = "Layer 0, head 0: weights of 3 queries";
  overlay.picture = std::move(picture);
  overlay.rows = rows;
  overlay.columns = columns;
  overlay.scale.high = 0.9;
  overlay.scale.note = "weight, 0 to the largest (0.9)";
  overlay.notes = {"The outlined patch is the query."};
  for (std::size_t p = 0; p < panels; ++p) {
    OverlayPanel panel;
    panel.title = numbered("patch ", p);
    panel.weights = random_values(rows * columns, 0, 0.9, static_cast<unsigned>(p + 1));
    panel.sheet_row = (p + 1) / 3;
    panel.sheet_column = (p + 1) % 3;
    overlay.panels.push_back(std::move(panel));
  }
  return overlay;
}

Rgb pixel_of(const Image& picture, std::size_t x, std::size_t y) {
  const std::uint8_t* pixel = picture.rgb.data() + 3 * (y * picture.width + x);
  return {pixel[0], pixel[1], pixel[2]};
}

/// The formula, written out once more.
Rgb expected(Rgb under, Rgb over, double opacity, bool grey) {
  if (grey) {
    const auto luma = static_cast<std::uint8_t>(
        std::lround(0.2126 * under.red + 0.7152 * under.green + 0.0722 * under.blue));
    under = {luma, luma, luma};
  }
  const auto mix = [=](int a, int b) {
    return static_cast<std::uint8_t>(std::lround(a * (1 - opacity) + b * opacity));
  };
  return {mix(under.red, over.red), mix(under.green, over.green), mix(under.blue, over.blue)};
}

/// How many pixels of the maps differ by more than rounding from the formula.
std::size_t wrong_pixels(const Overlay& overlay) {
  const DecodedPng drawn = decode(paint(overlay, Format::kPng).bytes);
  const Layout layout = lay_out(overlay);
  REQUIRE(layout.images.size() == overlay.panels.size() + 2);
  std::size_t wrong = 0;
  for (std::size_t p = 0; p < overlay.panels.size(); ++p) {
    const PlacedImage& place = layout.images[p + 1];
    const Image picture = resized(*overlay.picture, place.width, place.height);
    for (std::size_t y = 0; y < place.height; ++y)
      for (std::size_t x = 0; x < place.width; ++x) {
        // The patch in which the middle of the pixel lies.
        const auto row = static_cast<std::size_t>((static_cast<double>(y) + 0.5) /
                                                  static_cast<double>(place.height) *
                                                  static_cast<double>(overlay.rows));
        const auto column = static_cast<std::size_t>((static_cast<double>(x) + 0.5) /
                                                     static_cast<double>(place.width) *
                                                     static_cast<double>(overlay.columns));
        const double weight = overlay.panels[p].weights[row * overlay.columns + column];
        const Rgb want = expected(pixel_of(picture, x, y), color_of(overlay.scale, weight),
                                  overlay.opacity, overlay.grey);
        const Rgb got = drawn.at(place.left + x, place.top + y);
        if (want != got && wrong++ == 0)
          UNSCOPED_INFO("panel " << p << ", pixel " << x << ", " << y << ": " << got << ", not "
                                 << want);
      }
  }
  return wrong;
}

TEST_CASE("overlay: by cell, every pixel has the mixture of its patch's color and the picture") {
  const std::size_t grids[][2] = {{1, 1}, {1, 7}, {5, 10}, {14, 14}, {50, 50}, {3, 200}};
  for (const auto& grid : grids) {
    INFO(grid[0] << " × " << grid[1]);
    for (const double opacity : {0.0, 0.35, 1.0}) {
      Overlay overlay = overlay_of(grid[0], grid[1], 2, random_picture(90, 61));
      overlay.opacity = opacity;
      overlay.grey = opacity > 0;
      CHECK(wrong_pixels(overlay) == 0);
    }
  }
}

TEST_CASE("overlay: pictures from 1 × 1 to large ones keep their aspect") {
  const std::size_t sizes[][2] = {{1, 1}, {8, 8}, {640, 480}, {4000, 3000}, {300, 800}};
  for (const auto& size : sizes) {
    INFO(size[0] << " × " << size[1]);
    const Overlay overlay = overlay_of(4, 6, 2, random_picture(size[0], size[1]));
    CHECK(wrong_pixels(overlay) == 0);
    const PlacedImage place = lay_out(overlay).images[0];
    const double aspect = static_cast<double>(size[0]) / static_cast<double>(size[1]);
    CHECK(static_cast<double>(place.width) / static_cast<double>(place.height) ==
          Approx(aspect).epsilon(0.01));
  }
  // A strip of one pixel row is stretched, and the figure says so.
  const Layout strip = lay_out(overlay_of(1, 5, 1, random_picture(1000, 1)));
  CHECK(strip.images[0].height >= 16);
  CHECK(std::any_of(strip.texts.begin(), strip.texts.end(), [](const PlacedText& text) {
    return text.text == "The picture is very long; its short side is stretched to be visible.";
  }));
}

TEST_CASE("overlay: bilinear and by cell enlarge as PyTorch does") {
  const auto reference = test::load_reference("interpolate.json");
  const auto check = [&](const char* name, Interpolation by) {
    for (std::size_t channel = 0; channel < 2; ++channel) {
      const Tensor map = test::tensor_of(reference.at("x")[channel]);
      const Tensor want = test::tensor_of(reference.at(name)[channel]);
      const std::vector<double> got =
          enlarged(map.values<double>(), 3, 4, want.rows(), want.columns(), by);
      REQUIRE(got.size() == want.count());
      for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i] == Approx(want.at(i)).margin(1e-12));
    }
  };
  for (const char* name : {"6x8_align_False", "7x5_align_False", "3x4_align_False"})
    check(name, Interpolation::kBilinear);
  check("scale2_nearest", Interpolation::kCell);
  // Odd enlargement: the middle pixel of a patch has exactly its weight.
  const std::vector<double> map = random_values(6);
  const std::vector<double> large = enlarged(map, 2, 3, 10, 15, Interpolation::kBilinear);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 3; ++j)
      CHECK(large[(5 * i + 2) * 15 + 5 * j + 2] == Approx(map[i * 3 + j]).margin(1e-15));
}

TEST_CASE("overlay: bilinear pixels have the color of the interpolated weight") {
  Overlay overlay = overlay_of(5, 7, 1, random_picture(60, 40));
  overlay.by = Interpolation::kBilinear;
  const DecodedPng drawn = decode(paint(overlay, Format::kPng).bytes);
  const PlacedImage place = lay_out(overlay).images[1];
  const Image picture = resized(*overlay.picture, place.width, place.height);
  const auto at = [&](double source, std::size_t count) {
    return std::clamp(source, 0.0, static_cast<double>(count - 1));
  };
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < place.height; ++y)
    for (std::size_t x = 0; x < place.width; ++x) {
      const double v =
          at((static_cast<double>(y) + 0.5) * 5 / static_cast<double>(place.height) - 0.5, 5);
      const double u =
          at((static_cast<double>(x) + 0.5) * 7 / static_cast<double>(place.width) - 0.5, 7);
      double weight = 0;
      for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t j = 0; j < 7; ++j)
          weight += overlay.panels[0].weights[i * 7 + j] *
                    std::max(0.0, 1 - std::abs(v - static_cast<double>(i))) *
                    std::max(0.0, 1 - std::abs(u - static_cast<double>(j)));
      const Rgb want =
          expected(pixel_of(picture, x, y), color_of(overlay.scale, weight), 0.6, true);
      const Rgb got = drawn.at(place.left + x, place.top + y);
      // A weight between two levels may fall on either.
      wrong += std::abs(want.red - got.red) > 2 || std::abs(want.green - got.green) > 2;
    }
  CHECK(wrong == 0);
}

TEST_CASE("overlay: pictures become smaller by means over areas, tiny ones become blocks") {
  const auto picture = random_picture(12, 8);
  const Image half = resized(*picture, 6, 4);
  for (std::size_t y = 0; y < 4; ++y)
    for (std::size_t x = 0; x < 6; ++x) {
      const int sum = pixel_of(*picture, 2 * x, 2 * y).green +
                      pixel_of(*picture, 2 * x + 1, 2 * y).green +
                      pixel_of(*picture, 2 * x, 2 * y + 1).green +
                      pixel_of(*picture, 2 * x + 1, 2 * y + 1).green;
      CHECK(std::abs(pixel_of(half, x, y).green - sum / 4.0) <= 0.5);
    }
  // Sizes that do not divide: the mean of the whole stays.
  const Image odd = resized(*picture, 5, 3);
  const auto mean = [](const Image& image) {
    double sum = 0;
    for (const std::uint8_t byte : image.rgb) sum += byte;
    return sum / static_cast<double>(image.rgb.size());
  };
  CHECK(mean(odd) == Approx(mean(*picture)).margin(0.5));
  const Image blocks = resized(*picture, 60, 40);
  for (std::size_t y = 0; y < 40; ++y)
    for (std::size_t x = 0; x < 60; ++x)
      if (pixel_of(blocks, x, y) != pixel_of(*picture, x / 5, y / 5))
        FAIL("pixel " << x << ", " << y);
}

TEST_CASE("overlay: the query's patch is outlined on its map and on the picture") {
  for (const std::size_t patches : {4, 20, 60}) {
    CAPTURE(patches);
    Overlay overlay = overlay_of(patches, patches, 1, random_picture(64, 64));
    const DecodedPng plain = decode(paint(overlay, Format::kPng).bytes);
    overlay.panels[0].marked = std::pair<std::size_t, std::size_t>{patches / 2, 1};
    const DecodedPng marked = decode(paint(overlay, Format::kPng).bytes);
    const Layout layout = lay_out(overlay);
    for (const std::size_t image : {0, 1}) {
      const PlacedImage& place = layout.images[image];
      std::size_t left = place.width, right = 0, top = place.height, bottom = 0;
      for (std::size_t y = 0; y < place.height; ++y)
        for (std::size_t x = 0; x < place.width; ++x) {
          if (plain.at(place.left + x, place.top + y) == marked.at(place.left + x, place.top + y))
            continue;
          left = std::min(left, x), right = std::max(right, x);
          top = std::min(top, y), bottom = std::max(bottom, y);
        }
      // Around a small patch the ring lies up to two pixels outside.
      const double cell = static_cast<double>(place.width) / static_cast<double>(patches);
      const double reach = cell >= 12 ? 1 : 3;
      CHECK(std::abs(static_cast<double>(left) - cell) <= reach);
      CHECK(std::abs(static_cast<double>(right) + 1 - 2 * cell) <= reach);
      CHECK(std::abs(static_cast<double>(top) - cell * static_cast<double>(patches / 2)) <= reach);
      CHECK(std::abs(static_cast<double>(bottom) + 1 -
                     cell * static_cast<double>(patches / 2 + 1)) <= reach);
    }
  }
}

TEST_CASE("overlay: masked patches are hatched and have no color of the map") {
  Overlay overlay = overlay_of(2, 2, 1, random_picture(50, 50));
  overlay.panels[0].masked = {0, 1, 0, 0};
  const DecodedPng drawn = decode(paint(overlay, Format::kPng).bytes);
  const PlacedImage place = lay_out(overlay).images[1];
  std::size_t colored = 0, white = 0;
  for (std::size_t y = 0; y < place.height / 2; ++y)
    for (std::size_t x = place.width / 2; x < place.width; ++x) {
      const Rgb pixel = drawn.at(place.left + x, place.top + y);
      colored += pixel.red != pixel.green || pixel.green != pixel.blue;
      white += pixel == Rgb{255, 255, 255};
    }
  CHECK(colored == 0);
  CHECK(white * 13 >= place.width / 2 * (place.height / 2));  // one line in twelve
}

TEST_CASE("overlay: the bar shows the colors as they lie over dark and light parts") {
  const Overlay overlay = overlay_of(2, 2, 1, random_picture(50, 50));
  const DecodedPng drawn = decode(paint(overlay, Format::kPng).bytes);
  const PlacedImage bar = lay_out(overlay).images.back();
  const Rgb low = color_of(overlay.scale, 0), high = color_of(overlay.scale, 0.9);
  CHECK(drawn.at(bar.left, bar.top) == expected({0, 0, 0}, high, 0.6, true));
  CHECK(drawn.at(bar.left + bar.width - 1, bar.top) == expected({255, 255, 255}, high, 0.6, true));
  CHECK(drawn.at(bar.left, bar.top + bar.height - 1) == expected({0, 0, 0}, low, 0.6, true));
}

TEST_CASE("overlay: texts lie inside the canvas, apart from one another and from the images") {
  for (const std::size_t panels : {1, 2, 5, 30}) {
    CAPTURE(panels);
    Overlay overlay = overlay_of(3, 4, panels, random_picture(40, 30));
    overlay.title = "A title <&> that is long: " + std::string(300, 'w');
    for (OverlayPanel& panel : overlay.panels) {
      panel.title += " 注意力 and more, and more, and more";
      if (panels <= 2) continue;
      panel.scale = overlay.scale;
      panel.scale->note = "0 to 0.9";
    }
    const Layout layout = lay_out(overlay);
    struct Box {
      double left, top, right, bottom;
    };
    std::vector<Box> boxes;
    for (const PlacedText& text : layout.texts)
      boxes.push_back({text.left, text.top, text.left + text.width, text.top + text.height});
    for (const PlacedImage& image : layout.images) {
      const auto left = static_cast<double>(image.left), top = static_cast<double>(image.top);
      boxes.push_back({left, top, left + static_cast<double>(image.width),
                       top + static_cast<double>(image.height)});
    }
    std::size_t meeting = 0, outside = 0;
    for (std::size_t a = 0; a < boxes.size(); ++a) {
      outside += boxes[a].left < 0 || boxes[a].top < 0 ||
                 boxes[a].right > static_cast<double>(layout.width) ||
                 boxes[a].bottom > static_cast<double>(layout.height);
      for (std::size_t b = a + 1; b < boxes.size(); ++b)
        meeting += boxes[a].left < boxes[b].right && boxes[b].left < boxes[a].right &&
                   boxes[a].top < boxes[b].bottom && boxes[b].top < boxes[a].bottom;
    }
    CHECK(meeting == 0);
    CHECK(outside == 0);
    for (const Format format : {Format::kSvg, Format::kPdf})
      CHECK(paint(overlay, format).bytes.size() > 1000);
  }
}

TEST_CASE("overlay: what cannot be drawn is refused") {
  const Overlay good = overlay_of(2, 2, 1, random_picture(5, 5));
  const auto refused = [&](auto&& spoil) {
    Overlay bad = good;
    spoil(bad);
    return test::error_code_of([&] { lay_out(bad); });
  };
  CHECK(refused([](Overlay&) {}) == 0);
  CHECK(refused([](Overlay& bad) { bad.picture = nullptr; }) == 70);
  CHECK(refused([](Overlay& bad) { bad.panels.clear(); }) == 70);
  CHECK(refused([](Overlay& bad) { bad.opacity = 1.5; }) == 70);
  CHECK(refused([](Overlay& bad) { bad.panels[0].weights.pop_back(); }) == 70);
  CHECK(refused([](Overlay& bad) { bad.panels[0].weights[0] = kMinusInfinity; }) == 70);
  CHECK(refused([](Overlay& bad) { bad.panels[0].marked = {2, 0}; }) == 70);
  CHECK(refused([](Overlay& bad) { bad.panels[0].sheet_column = 5000; }) == 5);
}

}  // namespace
}  // namespace attn_viz::figure
