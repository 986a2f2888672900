// Operations on feature maps: worked numbers, PyTorch's, and loops written for reading.
#include <algorithm>
#include <cmath>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using nlohmann::json;
using test::absolute_mismatch;
using test::error_of;
using test::evaluate;
using test::kDTypes;
using test::matrix;
using test::off;
using test::random_tensor;
using test::tensor_of;

Tensor kernel_of(std::initializer_list<std::initializer_list<double>> rows) {
  Tensor kernel = matrix(rows);
  const std::size_t height = kernel.size(0), width = kernel.size(1);
  return std::move(kernel).with_axes({Axis{1}, Axis{1}, Axis{height}, Axis{width}});
}

Attributes convolution(double dilation, const char* padding) {
  return {{"dilation", dilation}, {"padding", padding}};
}

Attributes grid(std::size_t rows, std::size_t columns) {
  return {{"rows", rows}, {"columns", columns}};
}

Attributes resized(std::size_t rows, std::size_t columns, bool aligned,
                   const char* method = "bilinear") {
  Attributes attributes = grid(rows, columns);
  attributes.set("method", method);
  attributes.set("align_corners", aligned);
  return attributes;
}

const Tensor kSixteen = matrix({{1, 2, 3, 4}, {5, 6, 7, 8}, {9, 10, 11, 12}, {13, 14, 15, 16}});

// ---- convolution ----

/// Every output by its own sum.
Tensor naive_convolution(const Tensor& x, const Tensor& kernel, const Tensor& bias, long dilation,
                         const std::string& padding) {
  const auto c_in = static_cast<long>(x.size(0)), height = static_cast<long>(x.size(1)),
             width = static_cast<long>(x.size(2)), c_out = static_cast<long>(kernel.size(0)),
             k = static_cast<long>(kernel.size(2)), l = static_cast<long>(kernel.size(3));
  const bool same = padding != "none";
  const long down = same ? dilation * (k - 1) / 2 : 0, across = same ? dilation * (l - 1) / 2 : 0;
  const long rows = same ? height : height - dilation * (k - 1);
  const long columns = same ? width : width - dilation * (l - 1);
  Tensor y(DType::kFloat64, {Axis{kernel.size(0)}, Axis{static_cast<std::size_t>(rows)},
                             Axis{static_cast<std::size_t>(columns)}});
  for (long o = 0; o < c_out; ++o) {
    for (long i = 0; i < rows; ++i) {
      for (long j = 0; j < columns; ++j) {
        double sum = bias.at(static_cast<std::size_t>(o));
        for (long c = 0; c < c_in; ++c) {
          for (long a = 0; a < k; ++a) {
            for (long b = 0; b < l; ++b) {
              long row = i + a * dilation - down, column = j + b * dilation - across;
              const bool out = row < 0 || row >= height || column < 0 || column >= width;
              if (out && padding == "zeros") continue;
              row = std::clamp(row, 0L, height - 1), column = std::clamp(column, 0L, width - 1);
              sum += kernel.at(static_cast<std::size_t>(((o * c_in + c) * k + a) * l + b)) *
                     x.at(static_cast<std::size_t>((c * height + row) * width + column));
            }
          }
        }
        y.values<double>()[static_cast<std::size_t>((o * rows + i) * columns + j)] = sum;
      }
    }
  }
  return y;
}

TEST_CASE("convolution: fast against naive, for all paddings, dilations and shapes of kernels") {
  const Tensor bias = random_tensor({2}, "bias");
  for (const char* padding : {"zeros", "replicate", "none"}) {
    for (const double dilation : {1.0, 2.0, 3.0}) {
      for (const auto& [k, l] :
           {std::pair<std::size_t, std::size_t>{3, 3}, {1, 3}, {3, 1}, {1, 1}, {5, 3}}) {
        const Tensor x = random_tensor({3, 13, 9}, "x"), kernel = random_tensor({2, 3, k, l}, "k");
        INFO(padding << ", dilation " << dilation << ", kernel " << k << " × " << l);
        const Tensor want =
            naive_convolution(x, kernel, bias, static_cast<long>(dilation), padding);
        for (const DType dtype : kDTypes) {
          const Tensor got =
              evaluate(ops::convolution_2d, {x.as(dtype), kernel.as(dtype), bias.as(dtype)},
                       convolution(dilation, padding));
          CHECK(absolute_mismatch(got, want, dtype == DType::kFloat64 ? 1e-13 : 1e-5) == "");
        }
      }
    }
  }
}

TEST_CASE("convolution: worked numbers, in one dimension as a map of one row") {
  const Tensor dilated =
      evaluate(ops::convolution_2d, {matrix({{1, 2, 3, 4, 5, 6, 7}}), kernel_of({{1, 1, 1}})},
               convolution(2, "none"));
  CHECK(off(dilated.with_axes({Axis{3}}), "di") == "");
  const Tensor true_convolution =
      evaluate(ops::convolution_2d, {matrix({{1, 2, 4, 8, 16}}), kernel_of({{0.5, 1, -1}})},
               convolution(1, "zeros"));
  CHECK(off(true_convolution.with_axes({Axis{5}}), "cv_conv") == "");
}

TEST_CASE("convolution: what is refused") {
  const auto error = [](const Tensor& x, const Tensor& kernel, double dilation,
                        const char* padding = "zeros") {
    return error_of([&] {
      evaluate(ops::convolution_2d, {x, kernel}, convolution(dilation, padding));
    });
  };
  const Tensor x = matrix({{1, 2, 3}, {4, 5, 6}});
  CHECK(error(x, kernel_of({{1, 1}}), 1) ==
        "expected a kernel of odd sides, which has a middle, got 1 × 2\n"
        "  hint: or take the padding \"none\"");
  CHECK(error(x, kernel_of({{1, 1}}), 1, "none") == "no error");
  CHECK(error(x, kernel_of({{1, 1, 1}}), 0) ==
        "expected a whole number ≥ 1 as attribute \"dilation\"");
  CHECK(error(x, kernel_of({{1, 1, 1}}), 2, "none") ==
        "expected maps of at least 5 columns (so far the kernel reaches), got 3\n"
        "  hint: take a smaller kernel, a smaller dilation, or padding");
  CHECK(error(x, random_tensor({1, 2, 3, 3}, "k"), 1) ==
        "the channels of the kernel and the maps have unequal sizes: 2 and 1");
  CHECK(error(Tensor(DType::kFloat64, {Axis{0}, Axis{3}}), kernel_of({{1}}), 1) ==
        "expected maps [channels, rows, columns] with at least one of each, got the shape [0, 3]");
  CHECK(error(x, kernel_of({{1}}), 1, "mirror") ==
        "there is no padding \"mirror\"\n  hint: expected zeros, replicate or none");
}

// ---- pooling ----

TEST_CASE("adaptive pooling: worked numbers") {
  CHECK(off(evaluate(ops::adaptive_average_pool, {kSixteen}, grid(1, 1)), "pp1") == "");
  CHECK(off(evaluate(ops::adaptive_average_pool, {kSixteen}, grid(2, 2)), "pp2") == "");
  CHECK(off(evaluate(ops::adaptive_average_pool, {kSixteen}, grid(3, 3)), "pp3") == "");
  const Tensor spp =
      evaluate(ops::flatten_maps, {evaluate(ops::adaptive_maximum_pool, {kSixteen}, grid(1, 1)),
                                   evaluate(ops::adaptive_maximum_pool, {kSixteen}, grid(2, 2))});
  CHECK(off(spp, "spp") == "");
}

TEST_CASE("adaptive pooling: as many bins as pixels change nothing, more repeat them") {
  const Tensor x = random_tensor({2, 3, 4}, "x");
  CHECK(evaluate(ops::adaptive_average_pool, {x}, grid(3, 4)).same_bits(x));
  CHECK(evaluate(ops::adaptive_maximum_pool, {x}, grid(3, 4)).same_bits(x));
  CHECK(absolute_mismatch(evaluate(ops::adaptive_average_pool, {matrix({{1, 2}})}, grid(2, 4)),
                          matrix({{1, 1, 2, 2}, {1, 1, 2, 2}}), 0) == "");
}

TEST_CASE("strip pooling: PyTorch's means, and one strip alone changes nothing") {
  const json reference = test::load_reference("strip_pooling_plain.json");
  const Tensor x = tensor_of(reference["x"]);
  const Tensor rows = evaluate(ops::strip_pool, {x}, {{"strips", "rows"}});
  const Tensor columns = evaluate(ops::strip_pool, {x}, {{"strips", "columns"}});
  CHECK(absolute_mismatch(rows, tensor_of(reference["rows_mean_Hx1"]), 1e-14) == "");
  CHECK(absolute_mismatch(columns, tensor_of(reference["cols_mean_1xW"]), 1e-14) == "");
  CHECK(absolute_mismatch(evaluate(ops::expand_strips, {rows, columns}),
                          tensor_of(reference["sum_broadcast"]), 1e-14) == "");
  for (const auto& [name, h, w] :
       {std::tuple<const char*, std::size_t, std::size_t>{"adaptive_3x2", 3, 2},
        {"adaptive_3x4", 3, 4}}) {
    CHECK(absolute_mismatch(evaluate(ops::adaptive_average_pool, {x}, grid(h, w)),
                            tensor_of(reference[name]), 1e-14) == "");
  }
  const Tensor flat = random_tensor({2, 1, 5}, "flat");
  CHECK(evaluate(ops::strip_pool, {flat}, {{"strips", "columns"}}).same_bits(flat));
}

// ---- interpolation ----

TEST_CASE("interpolation: PyTorch's maps, of every method") {
  const json reference = test::load_reference("interpolate.json");
  const Tensor x = tensor_of(reference["x"]);
  std::size_t compared = 0;
  for (const auto& [name, want] : reference.items()) {
    const Tensor wanted = name == "x" || name == "producer" ? Tensor() : tensor_of(want);
    if (wanted.rank() != 3) continue;
    const char* method = name.find("nearest") != std::string::npos   ? "nearest"
                         : name.find("bicubic") != std::string::npos ? "bicubic"
                                                                     : "bilinear";
    const bool aligned = name.find("align_True") != std::string::npos;
    INFO(name);
    const Tensor got =
        evaluate(ops::interpolate, {x}, resized(wanted.size(1), wanted.size(2), aligned, method));
    CHECK(absolute_mismatch(got, wanted, 1e-14) == "");
    ++compared;
  }
  CHECK(compared == 12);
}

TEST_CASE("interpolation: worked numbers, and a single pixel becomes a constant") {
  const Tensor x = matrix({{0, 4}, {8, 12}});
  CHECK(off(evaluate(ops::interpolate, {x}, resized(4, 4, false)), "bi_F") == "");
  CHECK(off(evaluate(ops::interpolate, {x}, resized(4, 4, true)), "bi_T") == "");
  for (const bool aligned : {false, true}) {
    for (const char* method : {"bilinear", "nearest", "bicubic"}) {
      const Tensor constant =
          evaluate(ops::interpolate, {matrix({{3}})}, resized(2, 3, aligned, method));
      CHECK(absolute_mismatch(constant, matrix({{3, 3, 3}, {3, 3, 3}}), 1e-14) == "");
    }
  }
  CHECK(error_of([&] { evaluate(ops::interpolate, {x}, resized(0, 4, true)); }) ==
        "expected a whole number ≥ 1 as attribute \"rows\"");
}

// ---- rows and masks ----

TEST_CASE("maps as rows, and back") {
  const Tensor x = random_tensor({3, 4, 5}, "x");
  const Tensor rows = evaluate(ops::pixels_as_rows, {x});
  CHECK(rows.shape() == std::vector<std::size_t>{20, 3});
  CHECK(rows.at(7, 2) == x.at(2 * 20 + 7));
  CHECK(evaluate(ops::rows_as_maps, {rows, x}).same_bits(x));
}

TEST_CASE("criss-cross mask: H + W − 1 pixels, and two rounds reach every pixel") {
  const Tensor mask = evaluate(ops::criss_cross_mask, {random_tensor({2, 3, 4}, "x")});
  for (std::size_t p = 0; p < 12; ++p) {
    double seen = 0;
    for (std::size_t q = 0; q < 12; ++q) {
      seen += mask.at(p, q);
      double twice = 0;
      for (std::size_t r = 0; r < 12; ++r) twice += mask.at(p, r) * mask.at(r, q);
      CHECK(twice > 0);
    }
    CHECK(seen == 3 + 4 - 1);
  }
}

TEST_CASE("maps: unequal sizes are refused") {
  const Tensor a = random_tensor({1, 2, 3}, "a"), b = random_tensor({1, 3, 3}, "b");
  CHECK(error_of([&] {
          evaluate(ops::concat_maps, {a, b});
        }) == "maps of unequal size: 2 × 3 and 3 × 3");
  CHECK(error_of([&] {
          evaluate(ops::squared_error, {a, b}, {{"reduction", "mean"}});
        }) == "maps of unequal size: 2 × 3 and 3 × 3");
  CHECK(error_of([&] {
          evaluate(ops::expand_strips, {a, b});
        }) == "a strip of rows and a single column have unequal sizes: 3 and 1");
}

// ---- distillation ----

TEST_CASE("energy maps, spatial softmax and their distance: worked numbers") {
  const Tensor a =
      matrix({{1, -2}, {0, 1}, {2, 0}, {-1, 1}}).with_axes({Axis{2}, Axis{2}, Axis{2}});
  const Tensor b = matrix({{0, 1}, {1, 0}, {1, 1}, {0, 2}}).with_axes({Axis{2}, Axis{2}, Axis{2}});
  const auto energy = [](const Tensor& x, const char* reduction, double power) {
    return evaluate(ops::channel_energy, {x}, {{"reduction", reduction}, {"power", power}});
  };
  CHECK(off(energy(a, "sum", 1), "sad_G1") == "");
  CHECK(off(energy(a, "sum", 2), "sad_G2") == "");
  CHECK(off(energy(a, "maximum", 2), "sad_Gm") == "");
  CHECK(off(energy(b, "sum", 2), "sad_G2n") == "");
  const Tensor p = evaluate(ops::spatial_softmax, {energy(a, "sum", 2)});
  const Tensor q = evaluate(ops::spatial_softmax, {energy(b, "sum", 2)});
  CHECK(off(p, "sad_P1") == "");
  CHECK(off(q, "sad_P2") == "");
  static const json examples = test::load_reference("map-examples.json");
  for (const auto& [reduction, name] :
       {std::pair{"sum", "sad_sum"}, {"mean", "sad_mean"}, {"norm", "sad_l2"}}) {
    const double error = evaluate(ops::squared_error, {p, q}, {{"reduction", reduction}}).at(0);
    CHECK(std::abs(error - examples.at(name).get<double>()) <= 1e-12);
  }
}

TEST_CASE("energy maps: the largest power favours one strong channel over many weak ones") {
  // Two pixels: four channels at 1, and one channel at 1.5.
  const Tensor x =
      matrix({{1, 1.5}, {1, 0}, {1, 0}, {1, 0}}).with_axes({Axis{4}, Axis{1}, Axis{2}});
  const auto second_is_more = [&](const char* reduction, double power) {
    const Tensor g =
        evaluate(ops::channel_energy, {x}, {{"reduction", reduction}, {"power", power}});
    return g.at(1) > g.at(0);
  };
  CHECK_FALSE(second_is_more("sum", 1));
  CHECK_FALSE(second_is_more("sum", 2));
  CHECK(second_is_more("sum", 4));
  CHECK(second_is_more("maximum", 2));  // how many channels fire does not matter
}

TEST_CASE("spatial softmax: sums to 1, ignores a constant, is even over zeros, never overflows") {
  const Tensor x = random_tensor({2, 5, 7}, "x", DType::kFloat64, 300);
  Tensor shifted = x;
  for (double& value : shifted.values<double>()) value += 1000;
  const Tensor p = evaluate(ops::spatial_softmax, {x});
  for (std::size_t c = 0; c < 2; ++c) {
    double sum = 0;
    for (std::size_t i = 0; i < 35; ++i) sum += p.at(c * 35 + i);
    CHECK(std::abs(sum - 1) <= 1e-12);
  }
  CHECK(absolute_mismatch(evaluate(ops::spatial_softmax, {shifted}), p, 1e-12) == "");
  CHECK(evaluate(ops::spatial_softmax, {matrix({{0, 0}, {0, 0}})}).at(3) == 0.25);
}

TEST_CASE("lane losses: worked numbers and their bounds") {
  // 10 predicted, 8 true, 6 common lane pixels.
  Tensor predicted(DType::kFloat64, {Axis{4}, Axis{5}}), labels = predicted;
  for (std::size_t i = 0; i < 20; ++i) {
    predicted.values<double>()[i] = i < 10;
    labels.values<double>()[i] = i >= 4 && i < 12 ? 2 : 0;
  }
  const Outcome iou = test::outcome_of(ops::lane_iou_loss, {predicted, labels});
  CHECK(iou.values.at(0) == 0.5);
  CHECK(iou.findings == Attributes{{"predicted", 10.0}, {"labelled", 8.0}, {"common", 6.0}});
  CHECK(evaluate(ops::lane_iou_loss, {labels, labels}).at(0) == 0);
  // The misprint of third-party notes, N_p in the numerator, would come to another number.
  const auto count = [&](const char* name) { return iou.findings.get<double>(name); };
  const double misprint =
      1 - count("predicted") / (count("predicted") + count("labelled") - count("common"));
  CHECK(std::abs(misprint - test::load_reference("map-examples.json")["iou_pr"].get<double>()) <=
        1e-15);
  CHECK(misprint < iou.values.at(0));

  // Logits that say nothing: ln K for each pixel, whatever the weights; ln 2 for existence.
  const Tensor zeros(std::vector<Axis>{Axis{3}, Axis{4}, Axis{5}}, Buffer<double>(60, 0));
  const Attributes weights{{"class_weights", std::vector<double>{0.4, 1, 1}}};
  CHECK(std::abs(evaluate(ops::pixel_cross_entropy, {zeros, labels}, weights).at(0) -
                 std::log(3)) <= 1e-12);
  CHECK(std::abs(
            evaluate(ops::binary_cross_entropy, {test::vector_of({0, 0}), test::vector_of({0, 1})})
                .at(0) -
            std::log(2)) <= 1e-15);
  // By hand: one pixel of class 0 with p = 1/4 and weight 0.4, one of class 1 with p = 3/4.
  const Tensor two =
      Tensor({Axis{2}, Axis{1}, Axis{2}}, Buffer<double>{0, 0, std::log(3.0), std::log(3.0)});
  const double want = (0.4 * std::log(4.0) + std::log(4 / 3.0)) / 1.4;
  CHECK(std::abs(evaluate(ops::pixel_cross_entropy, {two, matrix({{0, 1}})},
                          {{"class_weights", std::vector<double>{0.4, 1}}})
                     .at(0) -
                 want) <= 1e-15);
  CHECK(error_of([&] {
          evaluate(ops::pixel_cross_entropy, {two, matrix({{0, 2}})},
                   {{"class_weights", std::vector<double>{0.4, 1}}});
        }) == "expected the number of a class, 0 to 1, for row 0, column 1");
  CHECK(std::isfinite(
      evaluate(ops::binary_cross_entropy, {test::vector_of({-1e4}), test::vector_of({1})}).at(0)));
}

}  // namespace
}  // namespace attn_viz
