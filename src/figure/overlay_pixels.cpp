#include "figure/overlay_pixels.hpp"

#include <algorithm>
#include <cmath>

#include "figure/scene.hpp"

namespace attn_viz::figure {
namespace {

/// What a pixel takes from the values along one axis: share[k] of value first + k.
struct Taps {
  std::size_t first = 0;
  std::vector<double> share;
};

Taps one_tap(std::size_t first) {
  return {first, {1}};
}

/// The source of a pixel is (pixel + 0.5) · from / to − 0.5, and not beyond the outer centres.
Taps bilinear_tap(std::size_t pixel, std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double source = std::max((static_cast<double>(pixel) + 0.5) * step - 0.5, 0.0);
  const auto first = std::min(static_cast<std::size_t>(source), from - 1);
  if (first + 1 >= from) return one_tap(from - 1);
  const double t = source - static_cast<double>(first);
  return {first, {1 - t, t}};
}

/// The share of each value in the stretch that the pixel covers.
Taps mean_tap(std::size_t pixel, std::size_t from, std::size_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double low = static_cast<double>(pixel) * step;
  const double high = std::min(low + step, static_cast<double>(from));
  Taps taps{static_cast<std::size_t>(low), {}};
  for (std::size_t i = taps.first; i < from && static_cast<double>(i) < high; ++i) {
    const double covered =
        std::min(high, static_cast<double>(i) + 1) - std::max(low, static_cast<double>(i));
    taps.share.push_back(covered / (high - low));
  }
  return taps;
}

std::vector<Taps> taps_of(std::size_t from, std::size_t to, Interpolation by) {
  std::vector<Taps> taps(to);
  for (std::size_t i = 0; i < to; ++i)
    taps[i] =
        by == Interpolation::kCell ? one_tap(patch_of(i, to, from)) : bilinear_tap(i, from, to);
  return taps;
}

std::vector<Taps> picture_taps(std::size_t from, std::size_t to) {
  constexpr std::size_t kBlocksFrom = 4;
  if (to >= kBlocksFrom * from) return taps_of(from, to, Interpolation::kCell);
  if (to >= from) return taps_of(from, to, Interpolation::kBilinear);
  std::vector<Taps> taps(to);
  for (std::size_t i = 0; i < to; ++i) taps[i] = mean_tap(i, from, to);
  return taps;
}

/// A masked patch: the picture under lines that rise to the right, white beside black, so that they
/// are seen on any picture.
Rgb hatched(Rgb under, std::size_t x, std::size_t y) {
  const std::size_t place = (x + y) % 12;
  return place == 0 ? kWhite : place == 1 ? kBlack : under;
}

}  // namespace

std::vector<double> enlarged(std::span<const double> map, std::size_t rows, std::size_t columns,
                             std::size_t height, std::size_t width, Interpolation by) {
  const std::vector<Taps> down = taps_of(rows, height, by), across = taps_of(columns, width, by);
  std::vector<double> result(height * width), line(columns);
  for (std::size_t y = 0; y < height; ++y) {
    std::fill(line.begin(), line.end(), 0.0);
    for (std::size_t k = 0; k < down[y].share.size(); ++k)
      for (std::size_t j = 0; j < columns; ++j)
        line[j] += down[y].share[k] * map[(down[y].first + k) * columns + j];
    for (std::size_t x = 0; x < width; ++x) {
      const Taps& taps = across[x];
      double sum = 0;
      for (std::size_t k = 0; k < taps.share.size(); ++k)
        sum += taps.share[k] * line[taps.first + k];
      result[y * width + x] = sum;
    }
  }
  return result;
}

Image resized(const Image& picture, std::size_t width, std::size_t height) {
  if (width == picture.width && height == picture.height) return picture;
  const std::vector<Taps> down = picture_taps(picture.height, height);
  const std::vector<Taps> across = picture_taps(picture.width, width);
  Image result{width, height, std::vector<std::uint8_t>(3 * width * height)};
  std::vector<float> line(3 * picture.width);
  for (std::size_t y = 0; y < height; ++y) {
    std::fill(line.begin(), line.end(), 0.0f);
    for (std::size_t k = 0; k < down[y].share.size(); ++k) {
      const auto share = static_cast<float>(down[y].share[k]);
      const std::uint8_t* row = picture.rgb.data() + 3 * picture.width * (down[y].first + k);
      for (std::size_t i = 0; i < line.size(); ++i) line[i] += share * static_cast<float>(row[i]);
    }
    std::uint8_t* out = result.rgb.data() + 3 * width * y;
    for (const Taps& taps : across) {
      for (std::size_t channel = 0; channel < 3; ++channel) {
        double sum = 0;
        for (std::size_t k = 0; k < taps.share.size(); ++k)
          sum += taps.share[k] * static_cast<double>(line[3 * (taps.first + k) + channel]);
        *out++ = static_cast<std::uint8_t>(std::clamp(std::lround(sum), 0l, 255l));
      }
    }
  }
  return result;
}

std::uint8_t grey_of(Rgb color) {
  return static_cast<std::uint8_t>(
      std::lround(0.2126 * color.red + 0.7152 * color.green + 0.0722 * color.blue));
}

Rgb blended(Rgb under, Rgb over, double opacity) {
  const auto channel = [&](std::uint8_t a, std::uint8_t b) {
    return static_cast<std::uint8_t>(std::lround((1 - opacity) * a + opacity * b));
  };
  return {channel(under.red, over.red), channel(under.green, over.green),
          channel(under.blue, over.blue)};
}

std::vector<std::uint8_t> overlay_pixels(const Overlay& overlay, const OverlayPanel& panel,
                                         const Image& picture) {
  const std::size_t width = picture.width, height = picture.height;
  const ColorScale& scale = panel.scale.value_or(overlay.scale);
  const auto [rows, columns] = overlay.grid_of(panel);
  const std::vector<double> weights =
      enlarged(panel.weights, rows, columns, height, width, overlay.by);
  std::vector<std::uint8_t> pixels(3 * width * height);
  for (std::size_t y = 0; y < height; ++y) {
    const std::size_t patch_row = patch_of(y, height, rows) * columns;
    for (std::size_t x = 0; x < width; ++x) {
      const std::uint8_t* in = picture.rgb.data() + 3 * (y * width + x);
      Rgb under{in[0], in[1], in[2]};
      if (overlay.grey) {
        const std::uint8_t grey = grey_of(under);
        under = {grey, grey, grey};
      }
      const bool masked =
          !panel.masked.empty() && panel.masked[patch_row + patch_of(x, width, columns)] != 0;
      const Rgb color =
          masked ? hatched(under, x, y)
                 : blended(under, color_of(scale, weights[y * width + x]), overlay.opacity);
      std::uint8_t* out = pixels.data() + 3 * (y * width + x);
      out[0] = color.red, out[1] = color.green, out[2] = color.blue;
    }
  }
  return pixels;
}

}  // namespace attn_viz::figure
