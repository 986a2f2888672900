// Rows moved and put together; what alignment, memory and pointers have beside scores.
#include <cmath>
#include <string>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using namespace test;

TEST_CASE("shift-rows, repeat-rows, stack-rows, join-rows, slice-rows") {
  const Tensor x = matrix({{1, 2}, {3, 4}, {5, 6}});
  CHECK(evaluate(ops::shift_rows, {x}).same_bits(matrix({{0, 0}, {1, 2}, {3, 4}})));
  CHECK(evaluate(ops::shift_rows, {x, vector_of({7, 8})})
            .same_bits(matrix({{7, 8}, {1, 2}, {3, 4}})));
  CHECK(evaluate(ops::repeat_rows, {matrix({{9, 8}}), x})
            .same_bits(matrix({{9, 8}, {9, 8}, {9, 8}})));
  CHECK(evaluate(ops::stack_rows, {matrix({{9, 8}}), x}).rows() == 4);
  CHECK(evaluate(ops::stack_rows, {x, x}, {{"axis", "target"}}).axes()[0] == Axis{6, "target"});
  CHECK(evaluate(ops::join_rows, {x}).same_bits(matrix({{1, 2, 3, 4, 5, 6}})));
  CHECK(evaluate(ops::slice_rows, {x}, {{"first", 1.0}, {"rows", 2.0}})
            .same_bits(matrix({{3, 4}, {5, 6}})));
  CHECK(evaluate(ops::subtract, {x, x}).same_bits(matrix({{0, 0}, {0, 0}, {0, 0}})));
  CHECK(error_of([&] {
          evaluate(ops::slice_rows, {x}, {{"first", 2.0}, {"rows", 2.0}});
        }) == "expected attributes \"first\" and \"rows\" within the 3 rows");
  CHECK(error_of([&] {
          evaluate(ops::repeat_rows, {x, x});
        }) == "the rows to repeat and one row have unequal sizes: 3 and 1");
}

TEST_CASE("fixed-weights: even, or all on one key") {
  const Tensor q = matrix({{0}, {0}}), k = matrix({{0}, {0}, {0}, {0}});
  CHECK(evaluate(ops::fixed_weights, {q, k})
            .same_bits(matrix({{0.25, 0.25, 0.25, 0.25}, {0.25, 0.25, 0.25, 0.25}})));
  CHECK(evaluate(ops::fixed_weights, {q, k}, {{"key", 2.0}})
            .same_bits(matrix({{0, 0, 1, 0}, {0, 0, 1, 0}})));
  CHECK(error_of([&] {
          evaluate(ops::fixed_weights, {q, k}, {{"key", 4.0}});
        }) == "there is no such key");
}

TEST_CASE("local attention: Luong's window and bell over the course's scores") {
  const Tensor p({Axis{1}, Axis{1}}, Buffer<double>{worked("lu_p").get<double>()});
  const Tensor keys = random_tensor({6, 1}, "K");
  const Tensor window = evaluate(ops::local_window, {p, keys}, {{"half_width", 2.0}});
  CHECK(window.same_bits(matrix({{0, 1, 1, 1, 1, 0}})));
  const Tensor scores = matrix({{0.1, 0.4, 0.3, 0.9, 0.2, 0.5}});
  const Tensor align = evaluate(ops::softmax, {evaluate(ops::mask_scores, {scores, window})});
  const auto row = [](const char* name) {
    return tensor_of(worked(name)).with_axes({Axis{1}, Axis{6}});
  };
  CHECK(absolute_mismatch(align, row("lu_a"), 1e-12) == "");
  const Tensor bell = evaluate(ops::local_gaussian, {p, keys}, {{"sigma", 1.0}});
  CHECK(absolute_mismatch(evaluate(ops::multiply, {align, bell}), row("lu_ag"), 1e-12) == "");
}

TEST_CASE("network: the course's example, and the same as additive but for b_2") {
  const Tensor q = matrix({{1, 0.5}}), k = matrix({{1, 0}, {0, 1}, {3, 3}});
  const Tensor w_1 = matrix({{1, 0}, {0, 1}, {1, 0}, {0, -1}});
  const Tensor got =
      evaluate(ops::network, {q, k, w_1, vector_of({0, 0}), vector_of({1, 1}), vector_of({0})});
  CHECK(absolute_mismatch(got, tensor_of(worked("kv_sm")).with_axes({Axis{1}, Axis{3}}), 1e-12) ==
        "");
  for (const DType dtype : kDTypes) {
    const Tensor queries = random_tensor({4, 3}, "Q", dtype),
                 keys = random_tensor({5, 2}, "K", dtype);
    const Tensor upper = random_tensor({3, 6}, "W_q", dtype),
                 lower = random_tensor({2, 6}, "W_k", dtype);
    const Tensor b = random_tensor({6}, "b", dtype), v = random_tensor({6}, "v", dtype);
    const Tensor both = evaluate(ops::stack_rows, {upper, lower});
    const Tensor shifted =
        evaluate(ops::network, {queries, keys, both, b, v, vector_of({2}, dtype)});
    Tensor want = evaluate(ops::additive, {queries, keys, upper, lower, v, b}).as(DType::kFloat64);
    for (double& value : want.values<double>()) value += 2;
    CHECK(product_mismatch(shifted, want, tolerance_of(dtype)) == "");
  }
}

TEST_CASE("pointer-mask: no column is chosen twice, the first of equals first") {
  CHECK(evaluate(ops::pointer_mask, {matrix({{1, 3, 2}, {1, 3, 2}, {1, 3, 2}})})
            .same_bits(matrix({{1, 1, 1}, {1, 0, 1}, {1, 0, 0}})));
  CHECK(evaluate(ops::pointer_mask, {matrix({{1, 1}, {1, 1}, {1, 1}})})
            .same_bits(matrix({{1, 1}, {0, 1}, {0, 0}})));
  CHECK(evaluate(ops::argmax, {matrix({{1, 3, 3}, {-1, -2, -3}})}).same_bits(matrix({{1}, {0}})));
}

}  // namespace
}  // namespace attn_viz
