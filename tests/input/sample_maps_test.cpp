// The numbers that the comments of the samples on feature maps name.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attn_viz/core/files.hpp"
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/maps.hpp"
#include "support/samples.hpp"

namespace attn_viz {
namespace {

using test::sample_trace;
using test::values_of;

TEST_CASE("samples: the gate of blue opens at the right only") {
  const Trace trace = sample_trace("strip-pooling");
  const Tensor& gate = values_of(trace, "gate/values");
  const auto mean = [&](std::size_t channel, std::size_t first, std::size_t last) {
    double sum = 0;
    for (std::size_t i = 0; i < 20; ++i) {
      for (std::size_t j = first; j < last; ++j) sum += gate.at((channel * 20 + i) * 40 + j);
    }
    return sum / (20.0 * static_cast<double>(last - first));
  };
  CHECK(mean(2, 31, 39) > 3 * mean(2, 0, 31));
  CHECK(mean(0, 0, 31) > 0.7);
}

TEST_CASE(
    "samples: the vector of spatial pyramid pooling begins with the largest of each channel") {
  const Trace trace = sample_trace("spatial-pyramid-pooling");
  const Tensor &y = values_of(trace, "output"), &x = values_of(trace, "input/maps");
  CHECK(y.count() == 3 * 21);
  for (std::size_t c = 0; c < 3; ++c) {
    const auto from = x.values<double>().subspan(c * 800, 800);
    CHECK(y.at(c) == *std::max_element(from.begin(), from.end()));
  }
}

TEST_CASE("samples: bins overlap, and a dilated kernel sees zeros as wide as its dilation") {
  CHECK(values_of(sample_trace("adaptive-pooling"), "output").shape() ==
        std::vector<std::size_t>{1, 3, 7});
  const Trace trace = sample_trace("atrous-pyramid-pooling");
  const std::size_t rates[] = {1, 3, 6};
  for (std::size_t b = 0; b < 3; ++b) {
    // "Right minus left" is all right inside of the left border, so positive there.
    const Tensor& y = values_of(trace, "branch" + std::to_string(b) + "/convolution/convolved");
    for (std::size_t j = 0; j < rates[b]; ++j) CHECK(y.at(12 * 50 + j) > 1);
    CHECK(y.at(12 * 50 + rates[b]) < 1);
  }
}

TEST_CASE("samples: after two convolutions a pixel reads 9 × 9 pixels, and edges were found") {
  const Trace trace = sample_trace("convolution-2d");
  const Tensor &x = values_of(trace, "input/maps"), &edges = values_of(trace, "layer0/rectified");
  double right_minus_left = 0;
  for (const int row : {-1, 0, 1}) {
    const std::size_t pixel = (static_cast<std::size_t>(12 + row)) * 50 + 25;
    right_minus_left += (row == 0 ? 2 : 1) * (x.at(pixel + 1) - x.at(pixel - 1));
  }
  CHECK(std::abs(edges.at(12 * 50 + 25) - std::max(0.0, right_minus_left)) <= 1e-12);
  double sum = 0;
  for (std::size_t tap = 0; tap < 9; ++tap) {
    sum += edges.at((9 + tap / 3 * 3) * 50 + 22 + tap % 3 * 3) * 0.25;
  }
  CHECK(std::abs(values_of(trace, "output").at(12 * 50 + 25) - sum) <= 1e-12);
}

TEST_CASE("samples: after two rounds of criss-cross attention every pixel was reached") {
  const Trace trace = sample_trace("criss-cross-attention");
  const Tensor& weights = values_of(trace, "recurrence0/weights");
  std::size_t seen = 0;
  for (std::size_t q = 0; q < 200; ++q) seen += weights.at(110, q) > 0;
  CHECK(seen == 10 + 20 - 1);
}

TEST_CASE("samples: red pixels and blue pixels look at other columns") {
  const Trace trace = sample_trace("strip-attention");
  const Tensor &x = values_of(trace, "input/maps"), &weights = values_of(trace, "columns/weights");
  std::vector<std::size_t> pixels(200);
  for (std::size_t p = 0; p < 200; ++p) pixels[p] = p;
  std::stable_sort(pixels.begin(), pixels.end(), [&](std::size_t p, std::size_t q) {
    return x.at(p) - x.at(400 + p) > x.at(q) - x.at(400 + q);
  });
  double red = 0, blue = 0;
  for (std::size_t k = 0; k < 10; ++k) {
    const std::size_t p = pixels[k], q = pixels[199 - k];
    red += weights.at(p, 7) + weights.at(p, 8) + weights.at(p, 9);
    blue += weights.at(q, 16) + weights.at(q, 19);
  }
  CHECK(std::abs(red / 10 - 0.35) <= 0.01);
  CHECK(std::abs(blue / 10 - 0.79) <= 0.01);
}

TEST_CASE("samples: in AttaNet's module warm pixels look at warm columns, cold ones at cold ones") {
  const Trace trace = sample_trace("attanet-strip-attention");
  const Tensor &x = values_of(trace, "input/maps"), &weights = values_of(trace, "columns/weights");
  std::vector<std::size_t> pixels(200);
  for (std::size_t p = 0; p < 200; ++p) pixels[p] = p;
  const auto warmth = [&](std::size_t p) { return x.at(p) - x.at(400 + p); };
  std::stable_sort(pixels.begin(), pixels.end(),
                   [&](std::size_t p, std::size_t q) { return warmth(p) > warmth(q); });
  double warm = 0, cold = 0;
  for (std::size_t k = 0; k < 10; ++k) {
    for (std::size_t c = 7; c <= 12; ++c) warm += weights.at(pixels[k], c) / 10;
    for (std::size_t c = 16; c <= 19; ++c) cold += weights.at(pixels[199 - k], c) / 10;
  }
  CHECK(std::abs(warm - 0.79) <= 0.005);
  CHECK(std::abs(cold - 0.96) <= 0.005);
}

TEST_CASE("samples: the lanes overlap in 7 of 17 pixels") {
  const Trace trace = sample_trace("lane-losses");
  CHECK(trace.find("lane/iou_loss")->findings ==
        Attributes{{"predicted", 12.0}, {"labelled", 12.0}, {"common", 7.0}});
  CHECK(std::abs(values_of(trace, "lane/iou_loss").at(0) - 0.588) <= 0.0005);
}

}  // namespace
}  // namespace attn_viz
