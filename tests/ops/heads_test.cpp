// Operations between heads and inside of one.
#include <cmath>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::error_of;
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::random_tensor;
using test::vector_of;

TEST_CASE("mix-heads: a column of P weighs the heads") {
  const Tensor first = matrix({{1, 2}}), second = matrix({{10, 20}});
  const Tensor p = matrix({{1, 0.5}, {0, 2}});
  CHECK(evaluate(ops::mix_heads, {first, second, p}, {{"to", 0.0}}).same_bits(first));
  CHECK(mismatch(evaluate(ops::mix_heads, {first, second, p}, {{"to", 1.0}}), matrix({{20.5, 41}}),
                 0) == "");
}

TEST_CASE("mix-heads: with the identity each head hears only itself, bit for bit") {
  for (const DType dtype : test::kDTypes) {
    std::vector<Tensor> inputs;
    for (const char* stream : {"a", "b", "c"}) {
      inputs.push_back(random_tensor({5, 7}, stream, dtype, 100));
    }
    inputs.push_back(identity_matrix(3, dtype));
    for (std::size_t to = 0; to < 3; ++to) {
      CHECK(evaluate(ops::mix_heads, inputs, {{"to", to}}).same_bits(inputs[to]));
    }
  }
}

TEST_CASE("mix-heads: what does not fit") {
  const Tensor x = matrix({{1}}), p = identity_matrix(1, DType::kFloat64);
  CHECK(error_of([&] {
          evaluate(ops::mix_heads, {x, p}, {{"to", 1.0}});
        }) == "the mixing matrix has no column 1");
  CHECK(error_of([&] {
          evaluate(ops::mix_heads, {x, x, p}, {{"to", 0.0}});
        }) == "the rows of the mixing matrix and the heads have unequal sizes: 1 and 2");
  CHECK(error_of([&] {
          evaluate(ops::mix_heads, {x, p}, {{"to", 0.5}});
        }) == "expected a whole number ≥ 0 as to");
}

TEST_CASE("slice-columns: some columns") {
  const Tensor x = matrix({{1, 2, 3}, {4, 5, 6}});
  CHECK(evaluate(ops::slice_columns, {x}, {{"first", 1.0}, {"columns", 2.0}})
            .same_bits(matrix({{2, 3}, {5, 6}})));
  CHECK(error_of([&] {
          evaluate(ops::slice_columns, {x}, {{"first", 2.0}, {"columns", 2.0}});
        }) == "there are only 3 columns, expected 4");
}

TEST_CASE("differential-lambda: vectors of 0 leave the start") {
  const Tensor zero = vector_of({0, 0}), one = vector_of({1, 1});
  const Attributes start{{"lambda_init", 0.2}};
  CHECK(evaluate(ops::differential_lambda, {zero, one, one, zero}, start).at(0) == 0.2);
  CHECK(std::abs(evaluate(ops::differential_lambda, {one, one, zero, zero}, start).at(0) -
                 (std::exp(2.0) - 0.8)) <= 1e-12);
}

TEST_CASE("differential: a map minus itself is nothing") {
  for (const DType dtype : test::kDTypes) {
    const Tensor a = random_tensor({9, 4}, "a", dtype), b = random_tensor({9, 4}, "b", dtype);
    const Tensor none = evaluate(ops::differential, {a, a, vector_of({1}, dtype)});
    for (std::size_t i = 0; i < none.count(); ++i) CHECK(none.at(i) == 0);
    CHECK(evaluate(ops::differential, {a, b, vector_of({0}, dtype)}).same_bits(a));
  }
}

TEST_CASE("scaled-rms-norm: every row gets the root mean square that the factor says") {
  const Attributes tiny{{"epsilon", 1e-30}, {"factor", 0.8}};
  const Tensor y = evaluate(ops::scaled_rms_norm, {random_tensor({6, 5}, "x")}, tiny);
  for (std::size_t i = 0; i < 6; ++i) {
    double squares = 0;
    for (std::size_t j = 0; j < 5; ++j) squares += y.at(i, j) * y.at(i, j);
    CHECK(std::abs(std::sqrt(squares / 5) - 0.8) <= 1e-12);
  }
}

TEST_CASE("scaled-rms-norm: epsilon counts, 0 stays 0, and large rows do not overflow") {
  const Attributes usual{{"epsilon", 1e-5}, {"factor", 1.0}};
  const Tensor x = matrix({{0, 0}, {1e-3, -1e-3}, {1e300, 0}, {3, 4}});
  const Tensor y = evaluate(ops::scaled_rms_norm, {x}, usual);
  const double small = 1e-3 / std::sqrt(1e-6 + 1e-5), rms = std::sqrt(12.5 + 1e-5);
  CHECK(mismatch(y, matrix({{0, 0}, {small, -small}, {std::sqrt(2), 0}, {3 / rms, 4 / rms}}),
                 1e-14) == "");
}

TEST_CASE("gat: equal to the formula pair by pair") {
  for (const DType dtype : test::kDTypes) {
    const Tensor q = random_tensor({70, 3}, "q", dtype), k = random_tensor({41, 3}, "k", dtype);
    const Tensor a = random_tensor({6}, "a", dtype);
    const Tensor s = evaluate(ops::gat, {q, k, a}, {{"slope", 0.25}});
    Tensor naive(DType::kFloat64, {Axis{70}, Axis{41}});
    for (std::size_t i = 0; i < 70; ++i) {
      for (std::size_t j = 0; j < 41; ++j) {
        double e = 0;
        for (std::size_t t = 0; t < 3; ++t) e += a.at(t) * q.at(i, t) + a.at(3 + t) * k.at(j, t);
        naive.values<double>()[i * 41 + j] = e > 0 ? e : 0.25 * e;
      }
    }
    CHECK(mismatch(s, naive, test::tolerance_of(dtype)) == "");
  }
}

TEST_CASE("gat: slope 1 is linear, slope 0 is a relu") {
  const Tensor q = matrix({{1}, {-2}}), k = matrix({{0.5}}), a = vector_of({1, 1});
  CHECK(evaluate(ops::gat, {q, k, a}, {{"slope", 1.0}}).same_bits(matrix({{1.5}, {-1.5}})));
  CHECK(absolute_mismatch(evaluate(ops::gat, {q, k, a}, {{"slope", 0.0}}), matrix({{1.5}, {0}}),
                          0) == "");
  CHECK(error_of([&] {
          evaluate(ops::gat, {q, k, vector_of({1})}, {{"slope", 0.2}});
        }) == "a query beside a key, and a have unequal sizes: 2 and 1");
}

}  // namespace
}  // namespace attn_viz
