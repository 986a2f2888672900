// Laws of softmax, and its edges.
#include <cmath>
#include <limits>
#include <numeric>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::evaluate;
using test::kInfinity;
using test::matrix;
using test::mismatch;
using test::random_tensor;

const Tensor& checked_finite(const Tensor& tensor) {
  for (std::size_t i = 0; i < tensor.count(); ++i) {
    if (!std::isfinite(tensor.at(i))) FAIL("value " << i << " is " << tensor.at(i));
  }
  return tensor;
}

TEST_CASE("softmax: the weights of a row sum to 1") {
  const double size = GENERATE(1e-300, 1.0, 30.0, 1e4, 1e30);
  for (const DType dtype : test::kDTypes) {
    const Tensor weights = evaluate(ops::softmax, {random_tensor({61, 97}, "s", dtype, size)});
    for (std::size_t i = 0; i < weights.rows(); ++i) {
      double sum = 0;
      for (std::size_t j = 0; j < weights.columns(); ++j) {
        CHECK_FALSE(weights.at(i, j) < 0);
        sum += weights.at(i, j);
      }
      if (!(std::abs(sum - 1) <= (dtype == DType::kFloat64 ? 1e-12 : 1e-6))) {
        FAIL("row " << i << " sums to " << sum);
      }
    }
  }
}

TEST_CASE("softmax: adding a constant to a row changes nothing") {
  // Multiples of 1/8 and a constant of 1024: the sum is exact, so the weights have the same bits.
  Tensor scores = random_tensor({19, 23}, "s", DType::kFloat64, 8);
  for (double& s : scores.values<double>()) s = std::round(s * 8) / 8;
  Tensor shifted = scores;
  for (double& s : shifted.values<double>()) s += 1024;
  for (const DType dtype : test::kDTypes) {
    CHECK(evaluate(ops::softmax, {scores.as(dtype)})
              .same_bits(evaluate(ops::softmax, {shifted.as(dtype)})));
  }
}

TEST_CASE("softmax: permuting the keys permutes the weights") {
  const Tensor scores = random_tensor({5, 8}, "s", DType::kFloat64, 4);
  const std::vector<std::size_t> order{3, 0, 7, 1, 6, 2, 5, 4};
  const auto permuted = [&](const Tensor& rows) {
    return test::transposed(test::reordered(test::transposed(rows), order));
  };
  CHECK(mismatch(evaluate(ops::softmax, {permuted(scores)}),
                 permuted(evaluate(ops::softmax, {scores})), 1e-15) == "");
}

TEST_CASE("softmax: of one key, the weight is 1, whatever its score") {
  for (const DType dtype : test::kDTypes) {
    for (const double score : {0.0, 1.0, -1e30, 1e30, 1e-45}) {
      CHECK(evaluate(ops::softmax, {matrix({{score}}, dtype)}).at(0) == 1);
    }
  }
  CHECK(evaluate(ops::softmax, {matrix({{-1e308}})}).at(0) == 1);
}

TEST_CASE("softmax: equal scores give equal weights") {
  CHECK(evaluate(ops::softmax, {matrix({{7, 7, 7, 7}})})
            .same_bits(matrix({{0.25, 0.25, 0.25, 0.25}})));
}

TEST_CASE("softmax: worked numbers") {
  CHECK(mismatch(evaluate(ops::softmax, {matrix({{0, std::log(3)}})}), matrix({{0.25, 0.75}}),
                 1e-15) == "");
}

TEST_CASE("softmax: a masked key gets exactly 0, the others share the rest") {
  for (const DType dtype : test::kDTypes) {
    const Tensor weights = evaluate(
        ops::softmax, {matrix({{1, -kInfinity, 1}, {-kInfinity, -50, -kInfinity}}, dtype)});
    CHECK(weights.same_bits(matrix({{0.5, 0, 0.5}, {0, 1, 0}}, dtype)));
  }
}

TEST_CASE("softmax: a fully masked row is all 0, and the finding names it") {
  for (const DType dtype : test::kDTypes) {
    const Outcome outcome = test::outcome_of(
        ops::softmax,
        {matrix({{-kInfinity, -kInfinity}, {0, -kInfinity}, {-kInfinity, -kInfinity}}, dtype)});
    CHECK(outcome.values.same_bits(matrix({{0, 0}, {1, 0}, {0, 0}}, dtype)));
    CHECK(outcome.findings == Attributes{{"empty_rows", std::vector<double>{0, 2}}});
    CHECK(test::outcome_of(ops::softmax, {matrix({{1, 2}}, dtype)}).findings.empty());
  }
}

TEST_CASE("softmax: empty rows are listed in order, however many blocks they fall into") {
  Tensor scores = random_tensor({60000, 20}, "s");
  std::vector<double> want;
  for (std::size_t i = 0; i < scores.rows(); ++i) {
    if (i % 7 != 2) continue;
    want.push_back(static_cast<double>(i));
    for (std::size_t j = 0; j < 20; ++j) scores.values<double>()[i * 20 + j] = -kInfinity;
  }
  const Outcome outcome = test::outcome_of(ops::softmax, {scores});
  CHECK(outcome.findings.get<std::vector<double>>("empty_rows") == want);
}

TEST_CASE("softmax: huge scores make no NaN") {
  const auto weights = [](const Tensor& scores) {
    return checked_finite(evaluate(ops::softmax, {scores}));
  };
  CHECK(weights(matrix({{1e300, -1e300}, {1e300, 1e300}, {-1e300, -1e300}}))
            .same_bits(matrix({{1, 0}, {0.5, 0.5}, {0.5, 0.5}})));
  // Their difference overflows to −∞, whose exponential is 0.
  CHECK(
      weights(matrix({{1e308, -1e308}, {-1.7e308, 1.7e308}})).same_bits(matrix({{1, 0}, {0, 1}})));
  CHECK(weights(matrix({{1e300, -kInfinity}})).same_bits(matrix({{1, 0}})));
  CHECK(weights(matrix({{3e38, -3e38}, {3e38, 3e38}}, DType::kFloat32))
            .same_bits(matrix({{1, 0}, {0.5, 0.5}}, DType::kFloat32)));
}

TEST_CASE("softmax: extreme temperatures pick the largest or make all equal, without NaN") {
  for (const DType dtype : test::kDTypes) {
    CAPTURE(name_of(dtype));
    const Tensor scores = matrix({{1, 2, 2, -kInfinity}, {-3, -1, -2, 0}}, dtype);
    const auto at = [&](double temperature) {
      return evaluate(ops::softmax, {scores}, {{"temperature", temperature}});
    };
    const Tensor hard = matrix({{0, 0.5, 0.5, 0}, {0, 0, 0, 1}}, dtype);
    for (const double cold : {1e-300, 5e-324, 1e-45, 1e-39}) {
      CAPTURE(cold);
      CHECK(mismatch(at(cold), hard, 0) == "");
    }
    const double third = dtype == DType::kFloat64 ? 1.0 / 3 : static_cast<double>(1.0F / 3);
    const Tensor even = matrix({{third, third, third, 0}, {0.25, 0.25, 0.25, 0.25}}, dtype);
    for (const double hot : {1e300, 1e39}) {
      CAPTURE(hot);
      CHECK(mismatch(at(hot), even, 0) == "");
    }
  }
}

TEST_CASE("softmax: NaN and +∞ are refused, naming query and key") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const DType dtype : test::kDTypes) {
    for (const double wrong : {nan, kInfinity}) {
      CHECK(test::error_of([&] {
              evaluate(ops::softmax, {matrix({{1, 2, 3}, {4, 5, wrong}}, dtype)});
            }) == "the score of query 1 and key 2 is not finite");
    }
  }
}

TEST_CASE("softmax: temperature divides the scores") {
  const Tensor scores = random_tensor({6, 9}, "s", DType::kFloat64, 3);
  const Tensor halved = evaluate(ops::scale, {scores}, {{"scale", 0.5}});
  CHECK(evaluate(ops::softmax, {scores}, {{"temperature", 2.0}})
            .same_bits(evaluate(ops::softmax, {halved})));
  CHECK(evaluate(ops::softmax, {scores}, {{"temperature", 1.0}})
            .same_bits(evaluate(ops::softmax, {scores})));
}

TEST_CASE("softcap: stays within ±cap, keeps the sign, and bends small scores little") {
  for (const DType dtype : test::kDTypes) {
    const Tensor capped =
        evaluate(ops::softcap, {matrix({{0, 1e-3, -1e-3, 1e30, -1e30}}, dtype)}, {{"cap", 5.0}});
    CHECK(capped.at(0) == 0);
    CHECK(capped.at(1) == Approx(1e-3).epsilon(1e-5));
    CHECK(capped.at(2) == -capped.at(1));
    CHECK(capped.at(3) == 5);
    CHECK(capped.at(4) == -5);
  }
}

TEST_CASE("softcap: extreme caps make no NaN") {
  for (const DType dtype : test::kDTypes) {
    CAPTURE(name_of(dtype));
    const Tensor scores = matrix({{0, 2, -3}}, dtype);
    for (const double cap : {1e-300, 1e-45, 1e39, 1e300}) {
      CAPTURE(cap);
      const Tensor capped = checked_finite(evaluate(ops::softcap, {scores}, {{"cap", cap}}));
      CHECK(capped.at(0) == 0);
      CHECK(capped.at(1) == Approx(cap < 1 ? cap : 2).margin(1e-40));
      CHECK(capped.at(2) == Approx(cap < 1 ? -cap : -3).margin(1e-40));
    }
  }
}

}  // namespace
}  // namespace attn_viz
