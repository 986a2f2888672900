// Convolution over rows on a grid: worked numbers and a naive loop over padded pictures.
#include <string>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using namespace test;

Attributes grid(double rows, double columns, std::vector<double> down, std::vector<double> right,
                const char* padding) {
  return {{"rows", rows},
          {"columns", columns},
          {"row_shifts", std::move(down)},
          {"column_shifts", std::move(right)},
          {"padding", padding}};
}

TEST_CASE("grid-convolution: the course's example with zeros, and with the nearest row") {
  const Tensor x = matrix({{1}, {2}, {4}, {8}, {16}});
  const Tensor k = Tensor({Axis{3}, Axis{1}, Axis{1}}, Buffer<double>{0.5, 1, -1});
  const auto run = [&](const char* padding) {
    return evaluate(ops::grid_convolution, {x, k}, grid(1, 5, {0, 0, 0}, {-1, 0, 1}, padding));
  };
  CHECK(run("zero").same_bits(matrix({{-1}, {-1.5}, {-3}, {-6}, {20}})));
  CHECK(run("replicate").same_bits(matrix({{-0.5}, {-1.5}, {-3}, {-6}, {4}})));
}

TEST_CASE("grid-convolution: the same as a loop over a picture with a border") {
  const std::size_t rows = 4, columns = 5, c = 2, c_out = 3;
  std::vector<double> down, right;
  for (int r = -2; r <= 2; r += 2) {
    for (int k = -1; k <= 1; ++k) down.push_back(r), right.push_back(k);
  }
  for (const DType dtype : kDTypes) {
    const Tensor x = random_tensor({rows * columns, c}, "X", dtype),
                 kernel = random_tensor({9, c, c_out}, "K", dtype),
                 bias = random_tensor({c_out}, "b", dtype);
    const Attributes places{
        {"rows", 4.0}, {"columns", 5.0}, {"row_border", 2.0}, {"column_border", 1.0}};
    const Tensor padded = evaluate(ops::pad_grid, {x}, places);
    REQUIRE(padded.rows() == 8 * 7);
    Tensor want(DType::kFloat64, {Axis{rows * columns}, Axis{c_out}});
    for (std::size_t i = 0; i < rows * columns; ++i) {
      for (std::size_t o = 0; o < c_out; ++o) {
        double sum = bias.at(o);
        for (std::size_t tap = 0; tap < 9; ++tap) {
          const auto row =
              static_cast<std::size_t>(static_cast<double>(i / columns) + 2 + down[tap]);
          const auto column =
              static_cast<std::size_t>(static_cast<double>(i % columns) + 1 + right[tap]);
          for (std::size_t a = 0; a < c; ++a) {
            sum += padded.at(row * 7 + column, a) * kernel.at((tap * c + a) * c_out + o);
          }
        }
        want.values<double>()[i * c_out + o] = sum;
      }
    }
    const Tensor got =
        evaluate(ops::grid_convolution, {x, kernel, bias}, grid(4, 5, down, right, "zero"));
    CHECK(product_mismatch(got, want, tolerance_of(dtype)) == "");
  }
}

TEST_CASE("quadratic-encoding: a 3 × 3 grid, the head that looks to the right") {
  const Tensor x = random_tensor({9, 1}, "X");
  const Attributes places{{"rows", 3.0}, {"columns", 3.0}};
  const Tensor r = evaluate(ops::quadratic_encoding, {x, x}, places);
  CHECK(r.shape() == std::vector<std::size_t>{9, 9, 3});
  // Δ = (0, 1), α = 1; the query in the middle.
  const Tensor s = evaluate(ops::encoding_scores, {r, vector_of({-1, 0, 2})});
  const Tensor a = evaluate(ops::softmax, {s});
  const Tensor want = tensor_of(load_reference("sequence-examples.json").at("cv_2d"));
  for (std::size_t j = 0; j < 9; ++j) CHECK(std::abs(a.at(4, j) - want.at(j)) <= 1e-12);
  // v · r_δ = −α ‖δ − Δ‖² + α ‖Δ‖², of every query and key; here the last term is 1.
  for (int query = 0; query < 9; ++query) {
    for (int key = 0; key < 9; ++key) {
      const int down = key / 3 - query / 3, right = key % 3 - query % 3 - 1;
      CHECK(s.at(query, key) == 1 - down * down - right * right);
    }
  }
  CHECK(error_of([&] {
          evaluate(ops::quadratic_encoding, {x, x}, {{"rows", 2.0}, {"columns", 3.0}});
        }) == "the grid and the rows have unequal sizes: 6 and 9");
}

}  // namespace
}  // namespace attn_viz
