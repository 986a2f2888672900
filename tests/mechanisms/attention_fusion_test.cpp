// Attention fusion: a naive version, laws, errors.
#include <algorithm>
#include <cmath>

#include "attn_viz/mechanisms/maps.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/maps.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::random_tensor;
using test::values_of;

Trace run_on(const Tensor& maps, AttentionFusion settings) {
  Trace trace = run_maps(test::maps_task(maps, std::move(settings)));
  CHECK(test::first_other_step(trace) == "");
  return trace;
}

Tensor all_zero(const std::vector<std::size_t>& shape) {
  Tensor tensor = random_tensor(shape, "shape");
  for (double& value : tensor.values<double>()) value = 0;
  return tensor;
}

/// Two channels of 3 × 4, a deeper layer of 3 × 4, a 3 × 3 convolution with a norm, a 1 × 1 one.
AttentionFusion random_settings() {
  AttentionFusion settings{.deeper = random_tensor({2, 3, 4}, "deeper")};
  settings.convolution = Convolution{.kernel = random_tensor({5, 4, 3, 3}, "kernel"),
                                     .bias = random_tensor({5}, "bias")};
  settings.attention = Convolution{.kernel = random_tensor({2, 5}, "attention")};
  settings.attention->batch_norm = BatchNorm{.mean = random_tensor({2}, "mean"),
                                             .variance = test::vector_of({0.5, 2}),
                                             .gain = random_tensor({2}, "gain"),
                                             .bias = random_tensor({2}, "beta")};
  return settings;
}

TEST_CASE("attention fusion: equals its formula, pixel by pixel") {
  const Tensor x = random_tensor({2, 3, 4}, "x");
  const AttentionFusion settings = random_settings();
  const Tensor& d = settings.deeper;
  const auto at = [](const Tensor& maps, std::size_t c, std::size_t i, std::size_t j) {
    return maps.at((c * 3 + i) * 4 + j);
  };
  // The mean of each channel of ReLU(K ∗ [x, d] + b).
  std::vector<double> means(5, 0.0);
  for (std::size_t o = 0; o < 5; ++o) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        double sum = settings.convolution->bias->at(o);
        for (std::size_t c = 0; c < 4; ++c) {
          for (std::size_t k = 0; k < 9; ++k) {
            const std::size_t row = i + k / 3, column = j + k % 3;  // 1 more than in the maps
            if (row < 1 || row > 3 || column < 1 || column > 4) continue;
            sum += settings.convolution->kernel.at((o * 4 + c) * 9 + k) *
                   at(c < 2 ? x : d, c % 2, row - 1, column - 1);
          }
        }
        means[o] += std::max(sum, 0.0) / 12;
      }
    }
  }
  const BatchNorm& norm = *settings.attention->batch_norm;
  const Trace trace = run_on(x, settings);
  for (std::size_t c = 0; c < 2; ++c) {
    double a = 0;
    for (std::size_t o = 0; o < 5; ++o) a += settings.attention->kernel.at(c, o) * means[o];
    a = (a - norm.mean.at(c)) / std::sqrt(norm.variance.at(c) + 1e-5) * norm.gain->at(c) +
        norm.bias->at(c);
    const double w = 1 / (1 + std::exp(-a));
    CHECK(std::abs(values_of(trace, "gate/vector").at(c) - w) <= 1e-12);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 4; ++j) {
        const double want = w * at(d, c, i, j) + (1 - w) * at(x, c, i, j);
        CHECK(std::abs(at(values_of(trace, "output"), c, i, j) - want) <= 1e-12);
      }
    }
  }
}

TEST_CASE("attention fusion: without weights the mean of both, resized") {
  const Tensor x = random_tensor({2, 4, 6}, "x");
  AttentionFusion settings{.deeper = random_tensor({2, 2, 3}, "deeper")};
  settings.attention = Convolution{.kernel = all_zero({2, 4})};
  for (const bool aligned : {false, true}) {
    settings.align_corners = aligned;
    const Trace trace = run_on(x, settings);
    const Tensor &u = values_of(trace, "upsampled"), &y = values_of(trace, "output");
    for (std::size_t c = 0; c < 2; ++c) CHECK(values_of(trace, "gate/vector").at(c) == 0.5);
    for (std::size_t i = 0; i < y.count(); ++i) CHECK(y.at(i) == 0.5 * u.at(i) + 0.5 * x.at(i));
  }
}

TEST_CASE("attention fusion: equal maps stay; shares lie between 0 and 1") {
  const Tensor x = random_tensor({2, 3, 4}, "x");
  AttentionFusion settings = random_settings();
  settings.deeper = x;
  const Trace trace = run_on(x, settings);
  CHECK(test::absolute_mismatch(test::shaped(values_of(trace, "output"), {2, 3, 4}), x, 1e-15) ==
        "");
  const Tensor& w = values_of(trace, "gate/vector");
  CHECK(w.shape() == std::vector<std::size_t>{2, 1, 1});
  for (std::size_t c = 0; c < 2; ++c) {
    CHECK(w.at(c) > 0);
    CHECK(w.at(c) < 1);
  }
}

TEST_CASE("attention fusion: the shares do not depend on where things are") {
  // A 1 × 1 convolution and a mean: turning both maps around changes no share.
  const Tensor x = random_tensor({2, 3, 4}, "x"), d = random_tensor({2, 3, 4}, "deeper");
  AttentionFusion settings = random_settings();
  settings.convolution = Convolution{.kernel = random_tensor({5, 4, 1, 1}, "point")};
  const auto turned = [](Tensor maps) {
    const auto values = maps.values<double>();
    for (std::size_t c = 0; c < 2; ++c) {
      std::reverse(values.begin() + static_cast<std::ptrdiff_t>(c * 12),
                   values.begin() + static_cast<std::ptrdiff_t>(c * 12 + 12));
    }
    return maps;
  };
  const Trace one = run_on(x, settings);
  settings.deeper = turned(d);
  const Trace other = run_on(turned(x), settings);
  CHECK(test::absolute_mismatch(values_of(other, "gate/vector"), values_of(one, "gate/vector"),
                                1e-15) == "");
}

TEST_CASE("attention fusion: what does not fit is refused, and where") {
  const auto refused = [](auto change) {
    AttentionFusion settings = random_settings();
    change(settings);
    return test::error_of([&] {
      run_maps(test::maps_task(random_tensor({2, 3, 4}, "x"), settings));
    });
  };
  CHECK(refused([](AttentionFusion& s) {
          s.deeper = random_tensor({3, 3, 4}, "d");
        }) == "/attention_fusion/deeper: expected 2 channels, as many as /maps, got 3");
  CHECK(refused([](AttentionFusion& s) {
          s.deeper = random_tensor({2, 3, 5}, "d");
        }) ==
        "/attention_fusion/deeper: expected maps of at most 3 × 4, as in /maps, got 3 × 5\n"
        "  hint: /maps are the finer ones");
  CHECK(refused([](AttentionFusion& s) {
          s.convolution->kernel = random_tensor({5, 4, 2, 3}, "k");
        }) ==
        "/attention_fusion/convolution/kernel: expected a kernel of odd sides, which has a middle, "
        "got 2 × 3\n  hint: pad it with a row or a column of zeros");
  CHECK(refused([](AttentionFusion& s) {
          s.convolution->kernel = random_tensor({5, 2, 3, 3}, "k");
        }).starts_with("/attention_fusion/convolution/kernel: expected a kernel of shape [out, 4"));
  CHECK(refused([](AttentionFusion& s) {
          s.attention->kernel = random_tensor({2, 4}, "k");
        }) ==
        "/attention_fusion/attention/kernel: expected a kernel of shape [out, 5], got [2, 4]");
  const std::string hint = "\n  hint: without \"attention\" the convolution has to give them";
  CHECK(refused([](AttentionFusion& s) {
          s.attention = Convolution{.kernel = random_tensor({3, 5}, "k")};
        }) ==
        "/attention_fusion/attention/kernel: expected 2 channels out, a share for each channel "
        "of /maps, got 3" +
            hint);
  CHECK(
      refused([](AttentionFusion& s) { s.attention.reset(); }) ==
      "/attention_fusion/convolution/kernel: expected 2 channels out, a share for each channel of "
      "/maps, got 5" +
          hint);
  CHECK(refused([](AttentionFusion& s) { s.attention.reset(), s.convolution.reset(); }) ==
        "/attention_fusion: expected 2 channels out, a share for each channel of /maps, got 4" +
            hint);
}

}  // namespace
}  // namespace attn_viz
