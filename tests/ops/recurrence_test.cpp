// Recurrent cells: worked numbers, naive loops, two directions, exact texts of errors.
#include <cmath>
#include <string>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using namespace test;

/// A column of numbers.
Tensor column(const nlohmann::json& numbers) {
  const Tensor row = tensor_of(numbers);
  return row.with_axes({Axis{row.count()}, Axis{1}});
}

Tensor reversed(const Tensor& rows) {
  std::vector<std::size_t> order;
  for (std::size_t i = rows.rows(); i-- > 0;) order.push_back(i);
  return reordered(rows, order);
}

TEST_CASE("rnn: the course's example, forward, backward, and its derivatives") {
  const Tensor x = matrix({{1}, {0}, {0}}), u = matrix({{0.5}});
  CHECK(absolute_mismatch(evaluate(ops::rnn, {x, u}), column(worked("rnn_h")), 1e-12) == "");
  CHECK(absolute_mismatch(evaluate(ops::rnn, {x, u}, {{"reverse", true}}), column(worked("rnn_hb")),
                          1e-12) == "");
  // ∂h₃ / ∂x_s by central differences.
  for (std::size_t s = 0; s < 3; ++s) {
    Tensor more = x, less = x;
    constexpr double kStep = 1e-5;
    more.values<double>()[s] += kStep, less.values<double>()[s] -= kStep;
    const double slope =
        (evaluate(ops::rnn, {more, u}).at(2) - evaluate(ops::rnn, {less, u}).at(2)) / (2 * kStep);
    CHECK(std::abs(slope - worked("rnn_J")[s].get<double>()) <= 1e-9);
  }
}

TEST_CASE("rnn: the same as a naive loop, with and without a first state") {
  const std::size_t n = 7, h = 5;
  for (const DType dtype : kDTypes) {
    const Tensor p = random_tensor({n, h}, "P", dtype), u = random_tensor({h, h}, "U", dtype),
                 first = random_tensor({h}, "h_0", dtype);
    for (const bool given : {false, true}) {
      const Tensor got = given ? evaluate(ops::rnn, {p, u, first}) : evaluate(ops::rnn, {p, u});
      Tensor want(DType::kFloat64, p.axes());
      for (std::size_t t = 0; t < n; ++t) {
        for (std::size_t j = 0; j < h; ++j) {
          double sum = p.at(t, j);
          for (std::size_t k = 0; k < h; ++k) {
            sum += (t > 0 ? want.at(t - 1, k) : given ? first.at(k) : 0) * u.at(k, j);
          }
          want.values<double>()[t * h + j] = std::tanh(sum);
        }
      }
      CHECK(product_mismatch(got, want, tolerance_of(dtype)) == "");
    }
  }
}

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST_CASE("gru: the same as the equations of Cho et al., one number at a time") {
  const std::size_t n = 6, h = 4;
  for (const DType dtype : kDTypes) {
    std::vector<Tensor> in;
    for (const char* name : {"P_z", "P_r", "P"})
      in.push_back(random_tensor({n, h}, name, dtype, 2));
    for (const char* name : {"U_z", "U_r", "U"}) in.push_back(random_tensor({h, h}, name, dtype));
    in.push_back(random_tensor({h}, "h_0", dtype));
    const Tensor got = evaluate(ops::gru, in);
    REQUIRE(got.columns() == 4 * h);
    std::vector<double> before(h), now(h);
    for (std::size_t k = 0; k < h; ++k) before[k] = in[6].at(k);
    Tensor want(DType::kFloat64, got.axes());
    for (std::size_t t = 0; t < n; ++t) {
      const auto gate = [&](std::size_t g, std::size_t j, const std::vector<double>& state) {
        double sum = in[g].at(t, j);
        for (std::size_t k = 0; k < h; ++k) sum += state[k] * in[g + 3].at(k, j);
        return sum;
      };
      std::vector<double> kept(h);
      for (std::size_t k = 0; k < h; ++k) kept[k] = sigmoid(gate(1, k, before)) * before[k];
      for (std::size_t j = 0; j < h; ++j) {
        const double z = sigmoid(gate(0, j, before)), candidate = std::tanh(gate(2, j, kept));
        now[j] = (1 - z) * before[j] + z * candidate;
        double* row = want.values<double>().data() + t * 4 * h + j;
        row[0] = z, row[h] = sigmoid(gate(1, j, before)), row[2 * h] = candidate;
        row[3 * h] = now[j];
      }
      before = now;
    }
    CHECK(product_mismatch(got, want, tolerance_of(dtype)) == "");
  }
}

TEST_CASE("recurrence: a sequence from its end is the reversed sequence, reversed") {
  const Tensor p = random_tensor({5, 3}, "P"), u = random_tensor({3, 3}, "U");
  const Attributes reverse{{"reverse", true}};
  CHECK(evaluate(ops::rnn, {p, u}, reverse)
            .same_bits(reversed(evaluate(ops::rnn, {reversed(p), u}))));
  CHECK(evaluate(ops::gru, {p, p, p, u, u, u}, reverse)
            .same_bits(
                reversed(evaluate(ops::gru, {reversed(p), reversed(p), reversed(p), u, u, u}))));
}

TEST_CASE("gru: a shut gate keeps the state, an open one takes the candidate") {
  const Tensor shut = matrix({{-1000}, {-1000}}), open = matrix({{1000}, {1000}}),
               x = matrix({{2}, {-3}}), u = matrix({{0}}), first = vector_of({0.25});
  const Tensor kept = evaluate(ops::gru, {shut, shut, x, u, u, u, first});
  CHECK((kept.at(0, 3) == 0.25 && kept.at(1, 3) == 0.25));
  const Tensor taken = evaluate(ops::gru, {open, shut, x, u, u, u, first});
  CHECK((taken.at(0, 3) == std::tanh(2.0) && taken.at(1, 3) == std::tanh(-3.0)));
}

TEST_CASE("recurrence: shapes that do not fit") {
  const Tensor p = random_tensor({5, 3}, "P"), u = random_tensor({3, 3}, "U");
  CHECK(error_of([&] { evaluate(ops::rnn, {p}); }) == "expected at least 2 inputs, got 1");
  CHECK(error_of([&] {
          evaluate(ops::rnn, {p, random_tensor({2, 3}, "U")});
        }) == "the rows of U and a hidden state have unequal sizes: 2 and 3");
  CHECK(error_of([&] {
          evaluate(ops::rnn, {p, u, vector_of({1})});
        }) == "the first state and a hidden state have unequal sizes: 1 and 3");
  CHECK(error_of([&] {
          evaluate(ops::gru, {p, p, random_tensor({4, 3}, "P"), u, u, u});
        }) == "the rows of the gates have unequal sizes: 4 and 5");
}

}  // namespace
}  // namespace attn_viz
