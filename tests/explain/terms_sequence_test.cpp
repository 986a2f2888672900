// The arithmetic of the operations on sequences: first and last rows, borders, equals.
#include "catch.hpp"
#include "support/tensors.hpp"
#include "terms.hpp"

namespace attn_viz {
namespace {

using test::matrix;
using test::off;
using test::random_tensor;
using test::vector_of;

void look_at_recurrence(DType dtype) {
  const auto random = [&](std::vector<std::size_t> shape, const char* stream, double factor = 1) {
    return random_tensor(std::move(shape), stream, dtype, factor);
  };
  const Tensor u = random({3, 3}, "u"), h = random({3}, "h");
  std::vector<Tensor> gates;
  for (const char* stream : {"z", "r", "c"}) gates.push_back(random({4, 3}, stream, 3));
  for (const char* stream : {"uz", "ur", "uc"}) gates.push_back(random({3, 3}, stream));
  for (const bool reverse : {false, true}) {
    const Attributes attributes{{"reverse", reverse}};
    CHECK(off(ops::rnn, {gates[0], u}, attributes) == "");
    CHECK(off(ops::rnn, {gates[0], u, h}, attributes) == "");
    CHECK(off(ops::gru, gates, attributes) == "");
    std::vector<Tensor> with_state = gates;
    with_state.push_back(h);
    CHECK(off(ops::gru, with_state, attributes) == "");
  }
  // A gate far beyond the range of exp.
  gates[0] = matrix({{-800, 800, 0}, {800, -800, 1}}, dtype);
  gates[1] = gates[2] = matrix({{1, -1, 0}, {2, 3, 1}}, dtype);
  CHECK(off(ops::gru, gates) == "");
}

void look_at_rows() {
  const Tensor x = random_tensor({4, 3}, "x"), y = random_tensor({2, 3}, "y"),
               row = random_tensor({3}, "r");
  CHECK(off(ops::shift_rows, {x}) == "");
  CHECK(off(ops::shift_rows, {x, row}) == "");
  CHECK(off(ops::repeat_rows, {row, x}) == "");
  CHECK(off(ops::repeat_rows, {random_tensor({1, 2}, "c"), x}) == "");
  CHECK(off(ops::stack_rows, {x}) == "");
  CHECK(off(ops::stack_rows, {y, row, random_tensor({0, 3}, "empty"), x}) == "");
  CHECK(off(ops::join_rows, {x}) == "");
  CHECK(off(ops::slice_rows, {x}, {{"first", 1.0}, {"rows", 2.0}}) == "");
  CHECK(off(ops::fixed_weights, {x, y}) == "");
  CHECK(off(ops::fixed_weights, {y, x}, {{"key", 3.0}}) == "");
  CHECK(off(ops::subtract, {x, random_tensor({4, 3}, "z")}) == "");
}

void look_at_alignment(DType dtype) {
  const Tensor p = matrix({{1}, {0.3}, {3.7}, {-2}}, dtype), k = random_tensor({5, 2}, "k", dtype);
  CHECK(off(ops::row_numbers, {k}) == "");
  for (const double width : {0.0, 1.0, 1.3}) {
    CHECK(off(ops::local_window, {p, k}, {{"half_width", width}}) == "");
  }
  CHECK(off(ops::local_gaussian, {p, k}, {{"sigma", 0.7}}) == "");
  CHECK(off(ops::network, {random_tensor({3, 3}, "q", dtype), k, random_tensor({5, 4}, "w", dtype),
                           random_tensor({4}, "b", dtype), random_tensor({4}, "v", dtype),
                           random_tensor({1}, "c", dtype)}) == "");
  // Equal scores, and more rows than keys: the last ones find nothing left.
  const Tensor s = matrix({{1, 3, 3}, {1, 9, 1}, {0, 0, 0}, {5, 6, 7}, {1, 2, 3}}, dtype);
  CHECK(off(ops::pointer_mask, {s}) == "");
  CHECK(off(ops::pointer_mask, {random_tensor({4, 6}, "s", dtype)}) == "");
  CHECK(off(ops::argmax, {s}) == "");
}

void look_at_grids() {
  const Tensor x = random_tensor({6, 2}, "x"), kernel = random_tensor({3, 2, 4}, "k"),
               bias = random_tensor({4}, "b");
  for (const char* padding : {"zeros", "replicate"}) {
    const Attributes attributes{{"rows", 2.0},
                                {"columns", 3.0},
                                {"row_shifts", std::vector<double>{-1, 0, 5}},
                                {"column_shifts", std::vector<double>{1, 0, -2}},
                                {"padding", padding}};
    CHECK(off(ops::grid_convolution, {x, kernel}, attributes) == "");
    CHECK(off(ops::grid_convolution, {x, kernel, bias}, attributes) == "");
  }
  Attributes grid{{"rows", 2.0}, {"columns", 3.0}};
  CHECK(off(ops::pad_grid, {x}, grid) == "");
  CHECK(off(ops::quadratic_encoding, {x, x}, grid) == "");
  grid = {{"rows", 2.0}, {"columns", 3.0}, {"row_border", 1.0}, {"column_border", 2.0}};
  CHECK(off(ops::pad_grid, {x}, grid) == "");
  CHECK(off(ops::quadratic_encoding, {x, random_tensor({28, 1}, "y")}, grid) == "");
  CHECK(off(ops::encoding_scores, {random_tensor({2, 5, 3}, "r"), vector_of({1, -2, 0.5})}) == "");
}

}  // namespace

void test::look_at_sequences() {
  for (const DType dtype : test::kDTypes) {
    look_at_recurrence(dtype);
    look_at_alignment(dtype);
  }
  look_at_rows();
  look_at_grids();
}

TEST_CASE("terms: the operations on sequences") {
  test::look_at_sequences();
}

}  // namespace attn_viz
