// Every operation against loops written for reading.
#include <cmath>
#include <functional>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::evaluate;
using test::matrix;
using test::mismatch;
using test::product_mismatch;
using test::random_tensor;
using test::tolerance_of;

/// The matrix whose value at (i, j) is given, in float64.
Tensor from_cells(std::size_t n, std::size_t m,
                  const std::function<double(std::size_t, std::size_t)>& cell) {
  Tensor result(DType::kFloat64, {Axis{n}, Axis{m}});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) result.values<double>()[i * m + j] = cell(i, j);
  }
  return result;
}

double dot(const Tensor& a, std::size_t i, const Tensor& b, std::size_t j) {
  double sum = 0;
  for (std::size_t t = 0; t < a.columns(); ++t) sum += a.at(i, t) * b.at(j, t);
  return sum;
}

/// Rows, depth, columns: single values, primes, and what takes more than one parallel block: 40
/// rows of a product at 101 × 211, 45 of an additive and 896 of a softmax at 37 columns.
struct Sizes {
  std::size_t n, d, m;
};
const Sizes kSizes[] = {{1, 1, 1},     {1, 5, 3},   {3, 1, 2},    {2, 3, 1},     {7, 13, 11},
                        {53, 67, 131}, {131, 7, 3}, {1031, 2, 1}, {1031, 2, 37}, {83, 101, 211}};

struct SizedCase {
  DType dtype;
  Sizes size;
};

std::vector<SizedCase> all_cases() {
  std::vector<SizedCase> cases;
  for (const DType dtype : test::kDTypes) {
    for (const Sizes& size : kSizes) cases.push_back({dtype, size});
  }
  return cases;
}

TEST_CASE("linear: every row times the matrix, plus the bias") {
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    CAPTURE(name_of(dtype), size.n, size.d, size.m);
    const Tensor x = random_tensor({size.n, size.d}, "x", dtype);
    const Tensor w = random_tensor({size.d, size.m}, "w", dtype);
    const Tensor b = random_tensor({size.m}, "b", dtype);
    const Tensor columns = test::transposed(w);
    const Tensor want =
        from_cells(size.n, size.m, [&](auto i, auto j) { return dot(x, i, columns, j); });
    const Tensor want_with_bias =
        from_cells(size.n, size.m, [&](auto i, auto j) { return want.at(i, j) + b.at(j); });
    CHECK(product_mismatch(evaluate(ops::linear, {x, w}), want, tolerance_of(dtype)) == "");
    CHECK(product_mismatch(evaluate(ops::matmul, {x, w}), want, tolerance_of(dtype)) == "");
    CHECK(product_mismatch(evaluate(ops::linear, {x, w, b}), want_with_bias, tolerance_of(dtype)) ==
          "");
    CHECK(evaluate(ops::linear, {x, w}).dtype() == dtype);
  }
}

TEST_CASE("dot-product and cosine: every query with every key") {
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    CAPTURE(name_of(dtype), size.n, size.d, size.m);
    const Tensor q = random_tensor({size.n, size.d}, "q", dtype);
    const Tensor k = random_tensor({size.m, size.d}, "k", dtype);
    const double tolerance = tolerance_of(dtype);
    CHECK(product_mismatch(
              evaluate(ops::dot_product, {q, k}),
              from_cells(size.n, size.m, [&](auto i, auto j) { return dot(q, i, k, j); }),
              tolerance) == "");
    const auto cosine = [&](auto i, auto j) {
      return dot(q, i, k, j) / std::sqrt(dot(q, i, q, i) * dot(k, j, k, j));
    };
    CHECK(product_mismatch(evaluate(ops::cosine, {q, k}), from_cells(size.n, size.m, cosine),
                           tolerance) == "");
  }
}

TEST_CASE("bilinear: queries and keys of different sizes, through a matrix") {
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    const std::size_t d_q = std::min<std::size_t>(size.d, 67), d_k = size.m % 23 + 1;
    CAPTURE(name_of(dtype), size.n, d_q, d_k);
    const Tensor q = random_tensor({size.n, d_q}, "q", dtype);
    const Tensor k = random_tensor({size.m, d_k}, "k", dtype);
    const Tensor w = random_tensor({d_q, d_k}, "w", dtype);
    const Tensor want = from_cells(size.n, size.m, [&](auto i, auto j) {
      double sum = 0;
      for (std::size_t s = 0; s < d_q; ++s) {
        for (std::size_t t = 0; t < d_k; ++t) sum += q.at(i, s) * w.at(s, t) * k.at(j, t);
      }
      return sum;
    });
    CHECK(product_mismatch(evaluate(ops::bilinear, {q, k, w}), want, tolerance_of(dtype)) == "");
  }
}

TEST_CASE("additive: v · tanh(q W_query + k W_key + bias)") {
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    const std::size_t d_q = size.d % 29 + 1, d_k = size.m % 31 + 1, a = size.n % 17 + 1;
    CAPTURE(name_of(dtype), size.n, size.m, d_q, d_k, a);
    const Tensor q = random_tensor({size.n, d_q}, "q", dtype);
    const Tensor k = random_tensor({size.m, d_k}, "k", dtype);
    const Tensor w_query = random_tensor({d_q, a}, "w_query", dtype);
    const Tensor w_key = random_tensor({d_k, a}, "w_key", dtype);
    const Tensor v = random_tensor({a}, "v", dtype), bias = random_tensor({a}, "bias", dtype);
    const auto want = [&](bool with_bias) {
      return from_cells(size.n, size.m, [&, with_bias](auto i, auto j) {
        double score = 0;
        for (std::size_t t = 0; t < a; ++t) {
          double inner = with_bias ? bias.at(t) : 0;
          for (std::size_t s = 0; s < d_q; ++s) inner += q.at(i, s) * w_query.at(s, t);
          for (std::size_t s = 0; s < d_k; ++s) inner += k.at(j, s) * w_key.at(s, t);
          score += v.at(t) * std::tanh(inner);
        }
        return score;
      });
    };
    const double tolerance = tolerance_of(dtype);
    CHECK(product_mismatch(evaluate(ops::additive, {q, k, w_query, w_key, v}), want(false),
                           tolerance) == "");
    CHECK(product_mismatch(evaluate(ops::additive, {q, k, w_query, w_key, v, bias}), want(true),
                           tolerance) == "");
  }
}

TEST_CASE("scale, softcap, add: value by value") {
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    CAPTURE(name_of(dtype), size.n, size.m);
    const Tensor s = random_tensor({size.n, size.m}, "s", dtype, 20);
    const Tensor b = random_tensor({size.n, size.m}, "b", dtype, 20);
    const double tolerance = tolerance_of(dtype);
    CHECK(mismatch(evaluate(ops::scale, {s}, {{"scale", 0.3}}),
                   from_cells(size.n, size.m, [&](auto i, auto j) { return 0.3 * s.at(i, j); }),
                   tolerance) == "");
    CHECK(mismatch(evaluate(ops::softcap, {s}, {{"cap", 5.0}}),
                   from_cells(size.n, size.m,
                              [&](auto i, auto j) { return 5 * std::tanh(s.at(i, j) / 5); }),
                   tolerance) == "");
    CHECK(mismatch(
              evaluate(ops::add, {s, b}),
              from_cells(size.n, size.m, [&](auto i, auto j) { return s.at(i, j) + b.at(i, j); }),
              tolerance) == "");
  }
}

TEST_CASE("scale and softcap: more values than one parallel block holds") {
  const Tensor s = random_tensor({541, 739}, "large", DType::kFloat64, 9);
  CHECK(mismatch(evaluate(ops::scale, {s}, {{"scale", -2.0}}),
                 from_cells(541, 739, [&](auto i, auto j) { return -2 * s.at(i, j); }), 0) == "");
}

TEST_CASE("concat: columns side by side") {
  for (const DType dtype : test::kDTypes) {
    const Tensor a = random_tensor({5, 2}, "a", dtype), b = random_tensor({5, 1}, "b", dtype),
                 c = random_tensor({5, 4}, "c", dtype);
    const Tensor whole = evaluate(ops::concat, {a, b, c});
    CHECK(whole.shape() == std::vector<std::size_t>{5, 7});
    CHECK(whole.slice_columns(0, 2).same_bits(a));
    CHECK(whole.slice_columns(2, 1).same_bits(b));
    CHECK(whole.slice_columns(3, 4).same_bits(c));
    CHECK(evaluate(ops::concat, {a}).same_bits(a));
  }
}

TEST_CASE("softmax: exponentials divided by their sum") {
  const double temperature = GENERATE(1.0, 0.25, 3.0);
  for (const SizedCase& entry : all_cases()) {
    const DType dtype = entry.dtype;
    const Sizes size = entry.size;
    CAPTURE(name_of(dtype), size.n, size.m, temperature);
    const Tensor s = random_tensor({size.n, size.m}, "s", dtype, 5);
    const Tensor want = from_cells(size.n, size.m, [&](auto i, auto j) {
      double sum = 0;
      for (std::size_t t = 0; t < size.m; ++t) sum += std::exp(s.at(i, t) / temperature);
      return std::exp(s.at(i, j) / temperature) / sum;
    });
    CHECK(mismatch(evaluate(ops::softmax, {s}, {{"temperature", temperature}}), want,
                   tolerance_of(dtype)) == "");
  }
}

TEST_CASE("mask: every condition against its definition, and all of them together") {
  const std::size_t n = GENERATE(1U, 6U, 311U), m = GENERATE(1U, 9U, 211U);
  for (const DType dtype : test::kDTypes) {
    CAPTURE(name_of(dtype), n, m);
    const Tensor x = random_tensor({n, 2}, "x", dtype), y = random_tensor({m, 3}, "y", dtype);
    Tensor allow = random_tensor({n, m}, "allow", DType::kFloat64);
    for (double& value : allow.values<double>()) value = value < 0.5 ? 1 : 0;
    std::vector<bool> padding(m);
    for (std::size_t j = 0; j < m; ++j) padding[j] = j % 5 != 3;
    const double left = 2, right = 1;
    const auto in_window = [=](std::size_t i, std::size_t j) {
      return j + 2 >= i && j <= i + 1;  // left 2, right 1
    };
    const Attributes window{{"window", std::vector<double>{left, right}}};
    const auto cells = [&](auto visible) {
      return from_cells(n, m, [&](auto i, auto j) { return visible(i, j) ? 1 : 0; });
    };
    CHECK(mismatch(evaluate(ops::mask, {x, y}, {{"causal", true}}),
                   cells([](auto i, auto j) { return j <= i; }), 0) == "");
    CHECK(mismatch(evaluate(ops::mask, {x, y}, window), cells(in_window), 0) == "");
    CHECK(mismatch(evaluate(ops::mask, {x, y}, {{"padding", padding}}),
                   cells([&](auto, auto j) { return padding[j]; }), 0) == "");
    CHECK(mismatch(evaluate(ops::mask, {x, y, allow.as(dtype)}), allow, 0) == "");
    const Attributes all{
        {"causal", true}, {"window", std::vector<double>{left, right}}, {"padding", padding}};
    const auto all_agree = [&](auto i, auto j) {
      return j <= i && in_window(i, j) && padding[j] && allow.at(i, j) == 1;
    };
    CHECK(mismatch(evaluate(ops::mask, {x, y, allow.as(dtype)}, all), cells(all_agree), 0) == "");
    CHECK(evaluate(ops::mask, {x, y}).dtype() == dtype);
  }
}

TEST_CASE("mask-scores: −∞ where the mask is 0, else the very score") {
  for (const DType dtype : test::kDTypes) {
    const Tensor s = random_tensor({307, 701}, "s", dtype);
    Tensor mask = random_tensor({307, 701}, "mask", DType::kFloat64);
    for (double& value : mask.values<double>()) value = value < 0 ? 1 : 0;
    const Tensor want = from_cells(307, 701, [&](auto i, auto j) {
      return mask.at(i, j) == 1 ? s.at(i, j) : -test::kInfinity;
    });
    CHECK(evaluate(ops::mask_scores, {s, mask.as(dtype)}).same_bits(want.as(dtype)));
  }
}

TEST_CASE("operations: sizes that do not fit are refused") {
  const auto refused = [](const Operation& operation, std::vector<Tensor> inputs) {
    return test::error_of([&] { evaluate(operation, inputs); });
  };
  const Tensor a = random_tensor({2, 3}, "a"), b = random_tensor({2, 4}, "b"),
               v = random_tensor({5}, "v");
  CHECK(refused(ops::linear, {a, b}) ==
        "the columns of the left and the rows of the right matrix have unequal sizes: 3 and 2");
  CHECK(refused(ops::linear, {b, random_tensor({4, 2}, "w"), v}) ==
        "the columns of the matrix and the bias have unequal sizes: 2 and 5");
  CHECK(refused(ops::dot_product, {a, b}) == "a query and a key have unequal sizes: 3 and 4");
  CHECK(refused(ops::cosine, {a, b}) == "a query and a key have unequal sizes: 3 and 4");
  CHECK(refused(ops::concat, {a, random_tensor({3, 1}, "c")}) ==
        "the parts have unequal sizes: 3 and 2");
  CHECK(refused(ops::add, {a, b}) == "the columns of the summands have unequal sizes: 3 and 4");
  CHECK(refused(ops::mask_scores, {a, b}) == "the scores and the mask have unequal sizes: 6 and 8");
  CHECK(refused(ops::bilinear, {a, b, random_tensor({4, 3}, "w")}) ==
        "the columns of the left and the rows of the right matrix have unequal sizes: 3 and 4");
  CHECK(refused(ops::linear, {a}) == "expected at least 2 inputs, got 1");
  CHECK(refused(ops::additive, {a, b, a, b}) == "expected at least 5 inputs, got 4");
  CHECK(refused(ops::softmax, {}) == "expected at least 1 inputs, got 0");
  CHECK(refused(ops::scale, {a}) == "the attribute \"scale\" is missing or has the wrong type");
}

TEST_CASE("operations: each is found by its name, and says what it does") {
  for (const char* name :
       {"input", "parameter", "linear", "matmul", "concat", "dot-product", "additive", "cosine",
        "bilinear", "scale", "softcap", "add", "mask", "mask-scores", "softmax"}) {
    const Operation* operation = find_operation(name);
    REQUIRE(operation != nullptr);
    CHECK(operation->name == name);
    CHECK_FALSE(operation->meaning.empty());
  }
  CHECK(find_operation("soft-max") == nullptr);
  CHECK(find_operation("") == nullptr);
}

TEST_CASE("operations: equations put the symbols in") {
  const auto equation = [](const Operation& operation, std::vector<std::string> symbols,
                           const Attributes& attributes = {}) {
    return operation.equation(symbols, attributes);
  };
  CHECK(equation(ops::linear, {"X", "W_Q"}) == "X W_Q");
  CHECK(equation(ops::linear, {"X", "W_Q", "b_Q"}) == "X W_Q + b_Q");
  CHECK(equation(ops::matmul, {"A", "V"}) == "A V");
  CHECK(equation(ops::concat, {"O_0", "O_1"}) == "[O_0, O_1]");
  CHECK(equation(ops::dot_product, {"Q", "K"}) == "Q Kᵀ");
  CHECK(equation(ops::additive, {"Q", "K", "W_query", "W_key", "v"}) ==
        "v · tanh(Q W_query + K W_key)");
  CHECK(equation(ops::additive, {"Q", "K", "W_query", "W_key", "v", "b"}) ==
        "v · tanh(Q W_query + K W_key + b)");
  CHECK(equation(ops::cosine, {"Q", "K"}) == "cos(Q, K)");
  CHECK(equation(ops::bilinear, {"Q", "K", "W"}) == "Q W Kᵀ");
  CHECK(equation(ops::scale, {"S"}) == "scale · S");
  CHECK(equation(ops::softcap, {"S"}) == "cap · tanh(S / cap)");
  CHECK(equation(ops::add, {"S", "bias"}) == "S + bias");
  CHECK(equation(ops::mask, {"X", "Y", "allow"},
                 {{"causal", true},
                  {"window", std::vector<double>{1, 0}},
                  {"padding", std::vector<bool>{true}}}) ==
        "j ≤ i ∧ i − left ≤ j ≤ i + right ∧ real(j) ∧ allow(i, j)");
  CHECK(equation(ops::mask_scores, {"S", "M"}) == "S where M, else −∞");
  CHECK(equation(ops::softmax, {"S"}) == "softmax(S)");
  CHECK(equation(ops::softmax, {"S"}, {{"temperature", 2.0}}) == "softmax(S / temperature)");
}

}  // namespace
}  // namespace attn_viz
