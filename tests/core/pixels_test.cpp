// Pictures as numbers: levels, luma, means of areas, cut and padded.
#include "attn_viz/core/pixels.hpp"

#include "catch.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::random_tensor;

/// A share of the pixel [i, i + 1) that lies in [low, high).
double overlap(std::size_t i, double low, double high) {
  const auto begin = static_cast<double>(i);
  return std::max(0.0, std::min(high, begin + 1) - std::max(low, begin));
}

/// The mean over the area of each new pixel, by all old pixels.
Tensor naive_resized(const Tensor& pixels, std::size_t height, std::size_t width) {
  const std::size_t h = pixels.size(0), w = pixels.size(1), channels = pixels.size(2);
  const double down = static_cast<double>(h) / static_cast<double>(height);
  const double across = static_cast<double>(w) / static_cast<double>(width);
  Buffer<double> values;
  for (std::size_t i = 0; i < height; ++i) {
    for (std::size_t j = 0; j < width; ++j) {
      for (std::size_t c = 0; c < channels; ++c) {
        double sum = 0;
        const auto y = static_cast<double>(i), x = static_cast<double>(j);
        for (std::size_t k = 0; k < h; ++k) {
          for (std::size_t l = 0; l < w; ++l) {
            sum += overlap(k, y * down, (y + 1) * down) * overlap(l, x * across, (x + 1) * across) *
                   pixels.at((k * w + l) * channels + c);
          }
        }
        values.push_back(sum / down / across);
      }
    }
  }
  return Tensor({Axis{height}, Axis{width}, Axis{channels}}, std::move(values));
}

TEST_CASE("pixels: levels become shares of 1, and come back") {
  const Image picture{2, 1, {0, 51, 255, 1, 2, 254}};
  const Tensor pixels = pixels_of(picture, false);
  CHECK(pixels.shape() == std::vector<std::size_t>{1, 2, 3});
  CHECK(pixels.at(1) == 0.2);
  CHECK(pixels.at(2) == 1);
  CHECK(pixels.at(5) == 254 / 255.0);
  CHECK(picture_of(pixels).rgb == picture.rgb);
  const Tensor grey = pixels_of(picture, true);
  CHECK(grey.shape() == std::vector<std::size_t>{1, 2, 1});
  CHECK(grey.at(0) == (0.7152 * 51 + 0.0722 * 255) / 255);
  CHECK(picture_of(grey).rgb == std::vector<std::uint8_t>{55, 55, 55, 20, 20, 20});
}

TEST_CASE("pixels: resizing takes means of areas") {
  const std::pair<std::size_t, std::size_t> sizes[] = {{2, 3}, {6, 10}, {5, 7}, {1, 1}, {9, 4}};
  const Tensor pixels = random_tensor({6, 10, 3}, "pixels");
  for (const auto& [height, width] : sizes) {
    CAPTURE(height, width);
    const Tensor resized = area_resized(pixels, height, width);
    CHECK(test::absolute_mismatch(resized, naive_resized(pixels, height, width), 1e-14) == "");
  }
  CHECK(area_resized(pixels, 6, 10).same_bits(pixels));
}

TEST_CASE("pixels: resizing keeps a constant picture and the mean of any") {
  const Tensor constant({Axis{3}, Axis{4}, Axis{1}}, Buffer<double>(12, 0.3));
  const Tensor small = area_resized(constant, 2, 3);
  for (std::size_t i = 0; i < small.count(); ++i) CHECK(std::abs(small.at(i) - 0.3) <= 1e-15);
  const Tensor pixels = random_tensor({5, 7, 1}, "pixels");
  double mean = 0, other = 0;
  for (std::size_t i = 0; i < pixels.count(); ++i) mean += pixels.at(i) / 35;
  const Tensor larger = area_resized(pixels, 11, 3);
  for (std::size_t i = 0; i < larger.count(); ++i) other += larger.at(i) / 33;
  CHECK(std::abs(mean - other) <= 1e-14);
}

TEST_CASE("pixels: what is too much is cut off, what is missing is 0") {
  const auto picture = [](std::size_t height, std::size_t width, Buffer<double> values) {
    return Tensor({Axis{height}, Axis{width}, Axis{1}}, std::move(values));
  };
  const Tensor pixels = picture(2, 3, {1, 2, 3, 4, 5, 6});
  CHECK(cut_to(pixels, 1, 2).same_bits(picture(1, 2, {1, 2})));
  CHECK(cut_to(pixels, 3, 4).same_bits(picture(3, 4, {1, 2, 3, 0, 4, 5, 6, 0, 0, 0, 0, 0})));
  CHECK(cut_to(pixels, 3, 2).same_bits(picture(3, 2, {1, 2, 4, 5, 0, 0})));
}

}  // namespace
}  // namespace attn_viz
