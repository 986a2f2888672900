// Positions on the scores: ALiBi, the buckets of T5, the relative vectors of Shaw et al.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using nlohmann::json;
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::random_tensor;
using test::tensor_of;

Tensor alibi(std::size_t n, std::size_t m, double slope) {
  return evaluate(ops::alibi, {random_tensor({n, 2}, "x"), random_tensor({m, 2}, "y")},
                  {{"slope", slope}});
}

TEST_CASE("alibi: minus the slope times the distance, on both sides") {
  CHECK(mismatch(alibi(3, 4, 0.5),
                 matrix({{0, -0.5, -1, -1.5}, {-0.5, 0, -0.5, -1}, {-1, -0.5, 0, -0.5}}), 0) == "");
  const Tensor none = alibi(3, 3, 0);
  for (std::size_t t = 0; t < 9; ++t) {
    CHECK(none.at(t) == 0);
    CHECK_FALSE(std::signbit(none.at(t)));
  }
}

// ---- T5 ----

/// The bucket of each distance j − i from −most to most.
std::vector<std::size_t> buckets(std::size_t count, bool bidirectional, double max_distance,
                                 std::size_t most) {
  Tensor table(DType::kFloat64, {Axis{count}});
  for (std::size_t b = 0; b < count; ++b) table.values<double>()[b] = static_cast<double>(b);
  const Tensor x = random_tensor({most + 1, 1}, "x");
  const Tensor bias = evaluate(ops::t5_bias, {x, x, table},
                               {{"bidirectional", bidirectional}, {"max_distance", max_distance}});
  std::vector<std::size_t> found;
  for (std::size_t i = most; i > 0; --i) found.push_back(static_cast<std::size_t>(bias.at(i, 0)));
  for (std::size_t j = 0; j <= most; ++j) found.push_back(static_cast<std::size_t>(bias.at(0, j)));
  return found;
}

TEST_CASE("t5: the worked buckets and where they begin") {
  const json examples = test::load_reference("position-examples.json");
  const auto both = buckets(32, true, 128, 500), causal = buckets(32, false, 128, 500);
  const auto at = [](const auto& found, std::ptrdiff_t distance) {
    return found[static_cast<std::size_t>(500 + distance)];
  };
  for (std::size_t i = 0; i < examples["t5_d"].size(); ++i) {
    CHECK(at(both, examples["t5_d"][i]) == examples["t5_b"][i]);
  }
  for (std::size_t i = 0; i < examples["t5_cd"].size(); ++i) {
    CHECK(at(causal, -examples["t5_cd"][i].get<std::ptrdiff_t>()) == examples["t5_c"][i]);
  }
  for (std::size_t k = 0; k < 8; ++k) {
    const std::ptrdiff_t start = examples["t5_t8"][k];
    CHECK(at(both, -start) == 8 + k);
    CHECK(at(both, -start + 1) == 7 + k);
    CHECK(at(both, start) == 24 + k);
  }
  for (std::size_t k = 0; k < 16; ++k) {
    const std::ptrdiff_t start = examples["t5_t16"][k];
    CHECK(at(causal, -start) == 16 + k);
    CHECK(at(causal, -start + 1) == 15 + k);
    CHECK(at(causal, start) == 0);
  }
}

TEST_CASE("t5: buckets as in transformers") {
  const json file = test::load_reference("t5_relative.json");
  REQUIRE(file["cases"].size() == 8);
  for (const json& entry : file["cases"]) {
    CAPTURE(entry["name"].get<std::string>());
    const auto got =
        buckets(entry["num_buckets"], entry["bidirectional"], entry["max_distance"], 200);
    REQUIRE(got.size() == entry["buckets"].size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      CAPTURE(file["relative_positions"][i].get<int>());
      CHECK(got[i] == entry["buckets"][i]);
    }
  }
}

TEST_CASE("t5: biases as in transformers") {
  const json file = test::load_reference("t5_relative.json");
  for (const json& entry : file["bias"]) {
    const Tensor table = tensor_of(entry["embedding"]);
    for (const DType dtype : test::kDTypes) {
      for (std::size_t head = 0; head < 4; ++head) {
        const Tensor column = table.slice_columns(head, 1).with_axes({Axis{8}});
        const Tensor bias = evaluate(ops::t5_bias,
                                     {random_tensor({7, 2}, "x", dtype),
                                      random_tensor({9, 2}, "y", dtype), column.as(dtype)},
                                     {{"bidirectional", entry["name"] == "encoder"},
                                      {"max_distance", entry["max_distance"].get<double>()}});
        CHECK(mismatch(bias, tensor_of(entry["bias_7x9"][head]), 0) == "");
      }
    }
  }
}

TEST_CASE("t5: buckets grow with the distance, without a gap, whatever their number") {
  for (const std::size_t count : {2u, 3u, 5u, 8u, 31u, 200u}) {
    for (const double most : {300.0, 512.0, 1e6}) {
      const auto found = buckets(count, false, most, 600);
      for (std::size_t i = 1; i < 601; ++i) {
        CHECK(found[600 - i] >= found[601 - i]);
        CHECK(found[600 - i] <= std::min(i, count - 1));
        if (most <= 600 && static_cast<double>(i) >= most) CHECK(found[600 - i] == count - 1);
      }
    }
  }
}

TEST_CASE("t5: a table that does not fit is refused") {
  const auto refused = [](std::size_t count, double most) {
    return test::error_of([=] { buckets(count, true, most, 3); });
  };
  CHECK(refused(2, 128) == "the buckets and the largest distance do not fit together");
  CHECK(refused(32, 8) == "the buckets and the largest distance do not fit together");
  CHECK(refused(32, 9) == "no error");
}

// ---- relative vectors ----

TEST_CASE("relative: keys and values plus the vector of their distance, pair by pair") {
  for (const DType dtype : test::kDTypes) {
    for (const std::size_t reach : {0u, 1u, 2u, 9u}) {
      const Tensor q = random_tensor({5, 3}, "q", dtype), k = random_tensor({7, 3}, "k", dtype);
      const Tensor v = random_tensor({7, 2}, "v", dtype), a = random_tensor({5, 7}, "a", dtype);
      const Tensor keys = random_tensor({2 * reach + 1, 3}, "a_K", dtype);
      const Tensor values = random_tensor({2 * reach + 1, 2}, "a_V", dtype);
      Tensor s(DType::kFloat64, {Axis{5}, Axis{7}}), o(DType::kFloat64, {Axis{5}, Axis{2}});
      std::fill(s.values<double>().begin(), s.values<double>().end(), 0);
      std::fill(o.values<double>().begin(), o.values<double>().end(), 0);
      for (int i = 0; i < 5; ++i) {
        for (int j = 0; j < 7; ++j) {
          const int r = static_cast<int>(reach), distance = std::max(-r, std::min(r, j - i));
          const auto row = static_cast<std::size_t>(distance + r);
          const auto x = static_cast<std::size_t>(i), y = static_cast<std::size_t>(j);
          for (std::size_t c = 0; c < 3; ++c) {
            s.values<double>()[x * 7 + y] += q.at(x, c) * (k.at(y, c) + keys.at(row, c));
          }
          for (std::size_t c = 0; c < 2; ++c) {
            o.values<double>()[x * 2 + c] += a.at(x, y) * (v.at(y, c) + values.at(row, c));
          }
        }
      }
      const double tolerance = test::tolerance_of(dtype);
      CHECK(mismatch(evaluate(ops::relative_dot_product, {q, k, keys}), s, tolerance) == "");
      CHECK(mismatch(evaluate(ops::relative_matmul, {a, v, values}), o, tolerance) == "");
    }
  }
}

TEST_CASE("relative: tables of zeros change nothing, an even table is refused") {
  const Tensor q = random_tensor({4, 3}, "q"),
               zeros = random_tensor({5, 3}, "zeros", DType::kFloat64, 0);
  CHECK(mismatch(evaluate(ops::relative_dot_product, {q, q, zeros}),
                 evaluate(ops::dot_product, {q, q}), 1e-15) == "");
  CHECK(test::error_of([&] {
          evaluate(ops::relative_dot_product, {q, q, random_tensor({4, 3}, "even")});
        }) == "expected a table with an odd number of rows, got 4");
}

}  // namespace
}  // namespace attn_viz
