#include "attn_viz/core/pixels.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace attn_viz {
namespace {

Tensor empty_pixels(std::size_t height, std::size_t width, std::size_t channels) {
  return Tensor(DType::kFloat64, {Axis{height}, Axis{width}, Axis{channels}});
}

/// What a new pixel takes along one axis: share[k] of the old pixel first + k; shares sum to 1.
struct Share {
  std::size_t first = 0;
  std::vector<double> share = {};
};

/// New pixel i of `to` covers old ones from i · from / to to (i + 1) · from / to.
std::vector<Share> shares_of(std::size_t from, std::size_t to) {
  std::vector<Share> shares(to);
  for (std::size_t i = 0; i < to; ++i) {
    // In units of 1 / to of an old pixel, all ends are whole numbers.
    const std::size_t begin = i * from, end = begin + from;
    shares[i].first = begin / to;
    for (std::size_t at = begin; at < end;) {
      const std::size_t next = std::min(end, (at / to + 1) * to);
      shares[i].share.push_back(static_cast<double>(next - at) / static_cast<double>(from));
      at = next;
    }
  }
  return shares;
}

}  // namespace

Tensor pixels_of(const Image& picture, bool grey) {
  const std::size_t count = picture.width * picture.height;
  Tensor pixels = empty_pixels(picture.height, picture.width, grey ? 1 : 3);
  double* to = pixels.values<double>().data();
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* rgb = picture.rgb.data() + 3 * i;
    if (grey) {
      *to++ = (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 255;
    } else {
      for (std::size_t channel = 0; channel < 3; ++channel) *to++ = rgb[channel] / 255.0;
    }
  }
  return pixels;
}

Image picture_of(const Tensor& pixels) {
  const std::size_t channels = pixels.size(2);
  Image picture{pixels.size(1), pixels.size(0), {}};
  picture.rgb.reserve(3 * picture.width * picture.height);
  const auto values = pixels.values<double>();
  for (std::size_t i = 0; i < picture.width * picture.height; ++i) {
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const double value = values[i * channels + std::min(channel, channels - 1)];
      picture.rgb.push_back(
          static_cast<std::uint8_t>(std::lround(255 * std::clamp(value, 0.0, 1.0))));
    }
  }
  return picture;
}

Tensor area_resized(const Tensor& pixels, std::size_t height, std::size_t width) {
  const std::size_t channels = pixels.size(2), run = pixels.size(1) * channels;
  const std::vector<Share> down = shares_of(pixels.size(0), height);
  const std::vector<Share> across = shares_of(pixels.size(1), width);
  Tensor resized = empty_pixels(height, width, channels);
  const double* from = pixels.values<double>().data();
  double* to = resized.values<double>().data();
  std::vector<double> line(run);
  for (const Share& rows : down) {
    std::fill(line.begin(), line.end(), 0.0);
    for (std::size_t k = 0; k < rows.share.size(); ++k) {
      const double* row = from + (rows.first + k) * run;
      for (std::size_t i = 0; i < run; ++i) line[i] += rows.share[k] * row[i];
    }
    for (const Share& columns : across) {
      for (std::size_t channel = 0; channel < channels; ++channel) {
        double sum = 0;
        for (std::size_t k = 0; k < columns.share.size(); ++k) {
          sum += columns.share[k] * line[(columns.first + k) * channels + channel];
        }
        *to++ = sum;
      }
    }
  }
  return resized;
}

Tensor cut_to(const Tensor& pixels, std::size_t height, std::size_t width) {
  const std::size_t channels = pixels.size(2), old_run = pixels.size(1) * channels;
  Tensor cut = empty_pixels(height, width, channels);
  const auto to = cut.values<double>();
  std::fill(to.begin(), to.end(), 0.0);
  const double* from = pixels.values<double>().data();
  const std::size_t rows = std::min(height, pixels.size(0));
  const std::size_t run = std::min(width * channels, old_run);
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(from + row * old_run, run, to.data() + row * width * channels);
  }
  return cut;
}

}  // namespace attn_viz
