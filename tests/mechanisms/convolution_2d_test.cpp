// Convolution over feature maps: laws, a naive version, and how far it reaches.
#include <algorithm>

#include "catch.hpp"
#include "support/maps.hpp"
#include "support/recompute.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::random_tensor;
using test::values_of;

using Layers = std::vector<Convolution2d::Layer>;

Trace run_on(Tensor maps, Layers layers) {
  Trace trace = run(test::maps_task(std::move(maps), Convolution2d{std::move(layers)}));
  CHECK(test::first_other_step(trace) == "");
  return trace;
}

/// The definition, a loop for each of its indices.
Tensor naive(const Tensor& x, const Convolution2d::Layer& layer) {
  const Tensor& kernel = layer.convolution.kernel;
  const auto height = static_cast<long>(x.size(1)), width = static_cast<long>(x.size(2));
  const auto rows = static_cast<long>(kernel.size(2)), columns = static_cast<long>(kernel.size(3));
  const auto rate = static_cast<long>(layer.dilation);
  Tensor y(DType::kFloat64, {Axis{kernel.size(0)}, Axis{x.size(1)}, Axis{x.size(2)}});
  std::size_t to = 0;
  for (std::size_t o = 0; o < kernel.size(0); ++o) {
    for (long i = 0; i < height; ++i) {
      for (long j = 0; j < width; ++j, ++to) {
        double sum = layer.convolution.bias ? layer.convolution.bias->at(o) : 0;
        for (std::size_t c = 0; c < x.size(0); ++c) {
          for (long a = 0; a < rows; ++a) {
            for (long b = 0; b < columns; ++b) {
              long row = i + rate * (a - rows / 2), column = j + rate * (b - columns / 2);
              const bool outside = row < 0 || row >= height || column < 0 || column >= width;
              if (outside && layer.padding == Padding::kZero) continue;
              row = std::clamp(row, 0L, height - 1);
              column = std::clamp(column, 0L, width - 1);
              const auto channel = static_cast<long>(c);
              const long tap =
                  ((static_cast<long>(o * x.size(0)) + channel) * rows + a) * columns + b;
              sum += kernel.at(static_cast<std::size_t>(tap)) *
                     x.at(static_cast<std::size_t>((channel * height + row) * width + column));
            }
          }
        }
        y.values<double>()[to] = layer.relu ? std::max(sum, 0.0) : sum;
      }
    }
  }
  return y;
}

TEST_CASE("convolution 2d: a kernel of a single 1 changes nothing, with any dilation and padding") {
  const Tensor x = random_tensor({3, 4, 5}, "x");
  const Tensor spot = test::matrix({{0, 0, 0}, {0, 1, 0}, {0, 0, 0}});
  for (const Padding padding : {Padding::kZero, Padding::kReplicate}) {
    const Trace trace = run_on(x, {{.convolution = {.kernel = test::matrix({{1}})}},
                                   {.convolution = {.kernel = spot}, .padding = padding},
                                   {.convolution = {.kernel = spot}, .dilation = 4}});
    CHECK(absolute_mismatch(test::shaped(values_of(trace, "output"), {3, 4, 5}), x, 0) == "");
    CHECK(trace.find("output")->values.axes()[1].name == "row");
  }
}

TEST_CASE("convolution 2d: each layer is what the definition says") {
  for (const std::size_t dilation : {1, 2, 7}) {
    for (const Padding padding : {Padding::kZero, Padding::kReplicate}) {
      const Layers layers{
          {.convolution = {.kernel = random_tensor({3, 2, 3, 5}, "k"),
                           .bias = random_tensor({3}, "b")},
           .dilation = dilation,
           .padding = padding,
           .relu = true},
          {.convolution = {.kernel = random_tensor({1, 3, 1, 3}, "l")}, .padding = padding}};
      const Tensor x = random_tensor({2, 6, 5}, "x");
      const Trace trace = run_on(x, layers);
      const Tensor first = naive(x, layers[0]);
      CHECK(absolute_mismatch(values_of(trace, "layer0/rectified"), first, 1e-12) == "");
      CHECK(absolute_mismatch(values_of(trace, "layer1/convolved"), naive(first, layers[1]),
                              1e-12) == "");
      CHECK(absolute_mismatch(values_of(trace, "output"), values_of(trace, "layer1/convolved"),
                              0) == "");
    }
  }
}

TEST_CASE("convolution 2d: the settings as resolved stand in the trace") {
  const Convolution kernel{.kernel = test::matrix({{1}})};
  const Trace trace = run_on(random_tensor({1, 2, 2}, "x"),
                             {{.convolution = kernel, .dilation = 3},
                              {.convolution = kernel, .padding = Padding::kReplicate}});
  CHECK(trace.settings.get<std::string>("mechanism") == "convolution-2d");
  const auto& settings = trace.settings.get<Attributes>("convolution_2d");
  CHECK(settings.get<std::vector<double>>("dilations") == std::vector<double>{3, 1});
  CHECK(settings.get<std::vector<std::string>>("paddings") ==
        std::vector<std::string>{"zero", "replicate"});
  CHECK(trace.find("layer0/convolved")->attributes.get<double>("dilation") == 3);
}

}  // namespace
}  // namespace attn_viz
