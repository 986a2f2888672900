// The operations of cheaper attention on their own.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::evaluate;
using test::matrix;
using test::random_tensor;
using test::transposed;

Tensor product(const Tensor& a, const Tensor& b) {
  return evaluate(ops::matmul, {a, b});
}

TEST_CASE("elu-plus-one: both branches, and none overflows") {
  const Tensor x = matrix({{-1000, -1, 0, 2, 1e300}});
  const Tensor want = matrix({{0, std::exp(-1.0), 1, 3, 1e300}});
  CHECK(absolute_mismatch(evaluate(ops::elu_plus_one, {x}), want, 1e-15) == "");
}

TEST_CASE("random-features: Gaussian numbers, orthogonal where asked") {
  const Tensor k = random_tensor({2, 5}, "k");
  const auto drawn = [&](double count, bool orthogonal) {
    return evaluate(ops::random_features, {k},
                    {{"count", count}, {"seed", 7.0}, {"stream", "s"}, {"orthogonal", orthogonal}});
  };
  const Tensor many = drawn(4000, false);
  double sum = 0, squares = 0, fourth = 0;
  for (std::size_t i = 0; i < many.count(); ++i) {
    sum += many.at(i);
    squares += many.at(i) * many.at(i);
    fourth += std::pow(many.at(i), 4);
  }
  const double n = static_cast<double>(many.count());
  CHECK(std::abs(sum / n) < 0.02);
  CHECK(std::abs(squares / n - 1) < 0.03);
  CHECK(std::abs(fourth / n - 3) < 0.2);

  const Tensor orthogonal = drawn(12, true), plain = drawn(12, false);
  for (std::size_t i = 0; i < 12; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double dot = 0, length = 0;
      for (std::size_t c = 0; c < 5; ++c) {
        dot += orthogonal.at(i, c) * orthogonal.at(j, c);
        length += plain.at(i, c) * plain.at(i, c);
      }
      CAPTURE(i, j);
      if (i == j) CHECK(std::abs(dot - length) < 1e-12 * length);
      if (i != j && i / 5 == j / 5) CHECK(std::abs(dot) < 1e-12);
    }
  }
}

TEST_CASE("random-features: the same numbers in every release") {
  const Tensor w = evaluate(ops::random_features, {matrix({{0, 0}})},
                            {{"count", 2.0}, {"seed", 1.0}, {"stream", "layer0/head0/features"}});
  CHECK(absolute_mismatch(w,
                          matrix({{1.4418460939048796, -1.1660409077445313},
                                  {-1.2815303901993442, 1.9053879909601126}}),
                          1e-14) == "");
}

TEST_CASE("key sums: fast and running sums against a naive loop") {
  const Tensor k = random_tensor({6, 3}, "k"), v = random_tensor({6, 2}, "v");
  const std::vector<bool> real{true, false, true, true, false, true};
  const Attributes padding{{"padding", real}};
  const Tensor states = evaluate(ops::running_key_values, {k, v}, padding);
  const Tensor sums = evaluate(ops::running_key_sum, {k}, padding);
  Tensor state(DType::kFloat64, {Axis{3}, Axis{2}}), sum(DType::kFloat64, {Axis{3}});
  for (double& value : state.values<double>()) value = 0;
  for (double& value : sum.values<double>()) value = 0;
  for (std::size_t j = 0; j < 6; ++j) {
    for (std::size_t a = 0; real[j] && a < 3; ++a) {
      sum.values<double>()[a] += k.at(j, a);
      for (std::size_t b = 0; b < 2; ++b) {
        state.values<double>()[a * 2 + b] += k.at(j, a) * v.at(j, b);
      }
    }
    CHECK(absolute_mismatch(states.part(j), state, 1e-15) == "");
    CHECK(absolute_mismatch(sums.part(j), sum, 1e-15) == "");
  }
  CHECK(absolute_mismatch(evaluate(ops::key_value_sum, {k, v}, padding), state, 1e-15) == "");
  CHECK(absolute_mismatch(evaluate(ops::key_sum, {k}, padding), sum, 1e-15) == "");
}

TEST_CASE("pseudo-inverse: the four conditions of Penrose, also without full rank") {
  const Tensor full = random_tensor({5, 5}, "a");
  const Tensor deficient = product(random_tensor({5, 2}, "b"), random_tensor({2, 5}, "c"));
  for (const Tensor& a : {full, deficient}) {
    const Outcome outcome = test::outcome_of(ops::pseudo_inverse, {a});
    const Tensor& z = outcome.values;
    CHECK(absolute_mismatch(product(product(a, z), a), a, 1e-9) == "");
    CHECK(absolute_mismatch(product(product(z, a), z), z, 1e-9) == "");
    CHECK(absolute_mismatch(product(a, z), transposed(product(a, z)), 1e-9) == "");
    CHECK(absolute_mismatch(product(z, a), transposed(product(z, a)), 1e-9) == "");
  }
  CHECK(test::outcome_of(ops::pseudo_inverse, {full}).findings.empty());
  CHECK(test::outcome_of(ops::pseudo_inverse, {deficient}).findings == Attributes{{"rank", 2.0}});
}

TEST_CASE("pseudo-inverse: iterations tend to the exact one") {
  const Tensor weights = evaluate(ops::softmax, {random_tensor({6, 6}, "s", DType::kFloat64, 3)});
  const Tensor exact = evaluate(ops::pseudo_inverse, {weights});
  const auto off = [&](double iterations) {
    const Tensor z = evaluate(ops::pseudo_inverse, {weights}, {{"iterations", iterations}});
    double most = 0;
    for (std::size_t i = 0; i < z.count(); ++i) {
      most = std::max(most, std::abs(z.at(i) - exact.at(i)));
    }
    return most;
  };
  CHECK(off(1) > 1e-3);
  CHECK(off(40) < 1e-9);
  // Of nothing it is nothing, not NaN.
  const Tensor zero = matrix({{0, 0}, {0, 0}});
  CHECK(absolute_mismatch(evaluate(ops::pseudo_inverse, {zero}), zero, 0) == "");
  CHECK(absolute_mismatch(evaluate(ops::pseudo_inverse, {zero}, {{"iterations", 6.0}}), zero, 0) ==
        "");
}

TEST_CASE("segment-means: of runs of equal length") {
  const Tensor x = matrix({{1, 2}, {3, 4}, {5, 6}, {7, 10}});
  CHECK(absolute_mismatch(evaluate(ops::segment_means, {x}, {{"segments", 2.0}}),
                          matrix({{2, 3}, {6, 8}}), 0) == "");
  CHECK(test::error_of([&] {
          evaluate(ops::segment_means, {x}, {{"segments", 3.0}});
        }) == "segments: expected a divisor of the number of rows, 4");
}

TEST_CASE("distance: the largest and the mean difference, and that of the outputs") {
  const Tensor got = evaluate(ops::distance, {matrix({{0.5, 0.5}}), matrix({{0.75, 0.25}}),
                                              matrix({{1, 4}}), matrix({{1, 2}, {3, 4}})});
  // The exact output is [1.5, 2.5].
  CHECK(absolute_mismatch(got, test::vector_of({0.25, 0.25, 1.5}), 1e-15) == "");
}

TEST_CASE("attention-weights: the same as step by step, with a mask") {
  for (const DType dtype : test::kDTypes) {
    const Tensor q = random_tensor({5, 3}, "q", dtype), k = random_tensor({4, 3}, "k", dtype);
    const Tensor mask = evaluate(ops::mask, {q, k}, {{"causal", true}});
    const Tensor scores =
        evaluate(ops::scale, {evaluate(ops::dot_product, {q, k})}, {{"scale", 0.3}});
    const Tensor want = evaluate(ops::softmax, {evaluate(ops::mask_scores, {scores, mask})});
    CHECK(evaluate(ops::attention_weights, {q, k, mask}, {{"scale", 0.3}}).same_bits(want));
  }
}

}  // namespace
}  // namespace attn_viz
