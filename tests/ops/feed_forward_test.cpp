// The operations of feed-forward networks, norms and pools.
#include <cmath>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::random_tensor;
using test::vector_of;

Tensor activate(const Tensor& x, const char* function) {
  return evaluate(ops::activation, {x}, {{"function", function}});
}

TEST_CASE("activation: known values") {
  const Tensor x = matrix({{-2, -1, 0, 1, 3}});
  CHECK(mismatch(activate(x, "relu"), matrix({{0, 0, 0, 1, 3}}), 0) == "");
  CHECK(mismatch(activate(x, "identity"), x, 0) == "");
  CHECK(mismatch(activate(x, "tanh"),
                 matrix({{std::tanh(-2.0), std::tanh(-1.0), 0, std::tanh(1.0), std::tanh(3.0)}}),
                 1e-15) == "");
  // x Φ(x), with Φ(1) and Φ(2) from tables.
  CHECK(absolute_mismatch(activate(matrix({{-2, -1, 1, 2}}), "gelu"),
                          matrix({{-0.0455002638963584, -0.1586552539314571, 0.8413447460685429,
                                   1.9544997361036416}}),
                          1e-15) == "");
  CHECK(absolute_mismatch(activate(matrix({{1, -1}}), "gelu-tanh"),
                          matrix({{0.8411919906082768, -0.1588080093917232}}), 1e-15) == "");
  CHECK(absolute_mismatch(activate(matrix({{1, -1}}), "silu"),
                          matrix({{0.7310585786300049, -0.2689414213699951}}), 1e-15) == "");
}

TEST_CASE("activation: large numbers give no NaN") {
  for (const DType dtype : test::kDTypes) {
    for (const char* name : {"relu", "gelu", "gelu-tanh", "silu", "tanh"}) {
      const double large = dtype == DType::kFloat64 ? 1e300 : 1e38;
      const Tensor y = activate(matrix({{-large, large}}, dtype), name);
      CAPTURE(name);
      CHECK(std::abs(y.at(0)) == (std::string(name) == "tanh" ? 1 : 0));
      CHECK(std::isfinite(y.at(1)));
    }
  }
}

TEST_CASE("activation: gelu and silu tend to relu, and gelu-tanh is near gelu") {
  const Tensor x = random_tensor({4, 9}, "x", DType::kFloat64, 4);
  CHECK(absolute_mismatch(activate(x, "gelu-tanh"), activate(x, "gelu"), 1e-3) == "");
  const Tensor far = matrix({{-40, 40}});
  CHECK(absolute_mismatch(activate(far, "silu"), activate(far, "relu"), 1e-12) == "");
  CHECK(absolute_mismatch(activate(far, "gelu"), activate(far, "relu"), 1e-12) == "");
}

TEST_CASE("activation: an unknown function is refused") {
  CHECK(test::error_of([] { activate(matrix({{1}}), "swish"); }) ==
        "there is no activation function \"swish\"");
}

TEST_CASE("layer norm: rows have mean 0 and variance 1") {
  for (const DType dtype : test::kDTypes) {
    const Tensor x = random_tensor({6, 16}, "x", dtype, 5);
    const Tensor y = evaluate(ops::layer_norm, {x}, {{"epsilon", 1e-12}});
    for (std::size_t i = 0; i < 6; ++i) {
      double mean = 0, variance = 0;
      for (std::size_t j = 0; j < 16; ++j) mean += y.at(i, j) / 16;
      for (std::size_t j = 0; j < 16; ++j)
        variance += (y.at(i, j) - mean) * (y.at(i, j) - mean) / 16;
      CHECK(std::abs(mean) <= test::tolerance_of(dtype));
      CHECK(std::abs(variance - 1) <= test::tolerance_of(dtype));
    }
  }
}

TEST_CASE("layer norm: shift and scale of a row change nothing; gain and bias come after") {
  const Tensor x = random_tensor({3, 8}, "x");
  Tensor moved = x;
  for (double& value : moved.values<double>()) value = 3 * value + 7;
  const Attributes attributes{{"epsilon", 1e-14}};
  const Tensor y = evaluate(ops::layer_norm, {x}, attributes);
  CHECK(mismatch(evaluate(ops::layer_norm, {moved}, attributes), y, 1e-11) == "");

  const Tensor gain = random_tensor({8}, "gain"), bias = random_tensor({8}, "bias");
  Tensor want = y;
  for (std::size_t i = 0; i < want.count(); ++i) {
    want.values<double>()[i] = want.at(i) * gain.at(i % 8) + bias.at(i % 8);
  }
  CHECK(mismatch(evaluate(ops::layer_norm, {x, gain, bias}, attributes), want, 1e-14) == "");
}

TEST_CASE("layer norm: equal numbers become 0, also a row of one number") {
  const Attributes attributes{{"epsilon", 1e-5}};
  CHECK(mismatch(evaluate(ops::layer_norm, {matrix({{4, 4, 4}})}, attributes), matrix({{0, 0, 0}}),
                 0) == "");
  CHECK(mismatch(evaluate(ops::layer_norm, {matrix({{4}, {5}})}, attributes), matrix({{0}, {0}}),
                 0) == "");
}

TEST_CASE("layer norm: numbers whose squares overflow") {
  const Tensor x = matrix({{1e200, -1e200}, {3e300, 1e300}});
  CHECK(mismatch(evaluate(ops::layer_norm, {x}, {{"epsilon", 1e-5}}), matrix({{1, -1}, {1, -1}}),
                 1e-15) == "");
}

TEST_CASE("rms norm: mean square 1, and the mean stays where it is") {
  const Tensor y = evaluate(ops::rms_norm, {matrix({{3, 4}, {-1, 1}})}, {{"epsilon", 1e-15}});
  const double size = std::sqrt(12.5);
  CHECK(mismatch(y, matrix({{3 / size, 4 / size}, {-1, 1}}), 1e-14) == "");
}

TEST_CASE("norms: what does not fit is refused") {
  const Tensor x = matrix({{1, 2}});
  const auto refused = [&](const std::vector<Tensor>& inputs, const Attributes& attributes) {
    return test::error_of([&] { evaluate(ops::layer_norm, inputs, attributes); });
  };
  CHECK(refused({x, vector_of({1})}, {{"epsilon", 1.0}}) ==
        "the columns and the gain have unequal sizes: 2 and 1");
  CHECK(refused({x, vector_of({1, 1}), vector_of({1})}, {{"epsilon", 1.0}}) ==
        "the columns and the bias have unequal sizes: 2 and 1");
  CHECK(refused({x}, {{"epsilon", -1.0}}) == "expected an epsilon > 0");
  CHECK(refused({x}, {}) == "the attribute \"epsilon\" is missing or has the wrong type");
}

TEST_CASE("multiply and identity") {
  const Tensor a = matrix({{1, 2}, {3, 4}}), b = matrix({{5, 0}, {-1, 2}});
  CHECK(mismatch(evaluate(ops::multiply, {a, b}), matrix({{5, 0}, {-3, 8}}), 0) == "");
  CHECK(evaluate(ops::identity, {a}).same_bits(a));
  CHECK(test::error_of([&] {
          evaluate(ops::multiply, {a, matrix({{1, 2}})});
        }) == "the rows of the factors have unequal sizes: 2 and 1");
}

TEST_CASE("pools: the mean of the rows, and one row") {
  const Tensor x = matrix({{1, 2}, {3, 6}, {5, 1}});
  CHECK(mismatch(evaluate(ops::mean_rows, {x}), matrix({{3, 3}}), 0) == "");
  CHECK(mismatch(evaluate(ops::select_row, {x}, {{"row", 1.0}}), matrix({{3, 6}}), 0) == "");
  for (const double row : {3.0, -1.0, 0.5}) {
    CHECK(test::error_of([&] {
            evaluate(ops::select_row, {x}, {{"row", row}});
          }) == "expected the number of one of the 3 rows as attribute \"row\"");
  }
}

}  // namespace
}  // namespace attn_viz
