// Derivatives of operations: those written by hand against those of the terms, and both against
// central differences.
#include "attn_viz/ops/derivative.hpp"

#include <cmath>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::matrix;
using test::random_tensor;
using test::vector_of;

/// An operation at some inputs.
struct Case {
  const Operation& operation;
  std::vector<Tensor> inputs;
  Attributes attributes = {};
  std::vector<bool> wanted = {};  ///< empty: all

  std::vector<const Tensor*> pointers() const {
    std::vector<const Tensor*> all;
    for (const Tensor& input : inputs) all.push_back(&input);
    return all;
  }
  bool wants(std::size_t input) const { return wanted.empty() || wanted[input]; }
  Tensor evaluate() const { return operation.evaluate(pointers(), attributes).values; }
};

/// All derivatives of all cells: [cells of the result, cells of all wanted inputs].
std::vector<std::vector<double>> jacobian(const Operation& operation, const Case& c) {
  const Tensor values = c.evaluate();
  std::vector<bool> wanted(c.inputs.size(), true);
  if (!c.wanted.empty()) wanted = c.wanted;
  const Derivative derivative(operation, c.pointers(), c.attributes, values, wanted);
  std::vector<std::vector<double>> rows;
  for (std::size_t cell = 0; cell < values.count(); ++cell) {
    std::vector<double> from(values.count(), 0);
    from[cell] = 1;
    std::vector<std::vector<double>> by(c.inputs.size());
    std::vector<std::span<double>> into;
    for (std::size_t k = 0; k < by.size(); ++k) {
      if (wanted[k]) by[k].assign(c.inputs[k].count(), 0);
      into.push_back(by[k]);
    }
    derivative.pull(from, into);
    rows.emplace_back();
    for (const auto& each : by) rows.back().insert(rows.back().end(), each.begin(), each.end());
  }
  return rows;
}

std::vector<std::vector<double>> central_differences(Case c) {
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> rows(c.evaluate().count());
  for (std::size_t k = 0; k < c.inputs.size(); ++k) {
    if (!c.wants(k)) continue;
    for (double& x : c.inputs[k].values<double>()) {
      const double at = x;
      x = at + kStep;
      const Tensor above = c.evaluate();
      x = at - kStep;
      const Tensor below = c.evaluate();
      x = at;
      for (std::size_t cell = 0; cell < rows.size(); ++cell) {
        const double a = above.at(cell), b = below.at(cell);
        rows[cell].push_back(a == b ? 0 : (a - b) / (2 * kStep));  // −∞ − (−∞) is no change
      }
    }
  }
  return rows;
}

/// "" if both are equal within a tolerance, relative to the largest.
std::string difference(const std::vector<std::vector<double>>& got,
                       const std::vector<std::vector<double>>& want, double tolerance) {
  double largest = 1;
  for (const auto& row : want) {
    for (const double each : row) largest = std::max(largest, std::abs(each));
  }
  if (got.size() != want.size()) return "other cells";
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i].size() != want[i].size()) return "other inputs";
    for (std::size_t j = 0; j < got[i].size(); ++j) {
      if (std::abs(got[i][j] - want[i][j]) <= tolerance * largest) continue;  // NaN does not pass
      return "cell " + std::to_string(i) + " by " + std::to_string(j) + ": expected " +
             std::to_string(want[i][j]) + ", got " + std::to_string(got[i][j]);
    }
  }
  return "";
}

std::vector<Case> cases_by_hand() {
  const Tensor q = random_tensor({3, 2}, "q"), k = random_tensor({4, 2}, "k"),
               w = random_tensor({2, 2}, "w");
  const Tensor scores = random_tensor({3, 4}, "s", DType::kFloat64, 2);
  const Tensor visible = matrix({{1, 1, 0, 1}, {0, 0, 0, 0}, {0, 1, 1, 1}});
  const std::vector<const Tensor*> both{&scores, &visible};
  const Tensor masked = ops::mask_scores.evaluate(both, {}).values;
  const Tensor maps = random_tensor({2, 3, 2}, "m");
  std::vector<Case> cases{
      {ops::linear, {q, w, vector_of({0.5, -1})}},
      {ops::matmul, {random_tensor({3, 4}, "a"), k}},
      {ops::dot_product, {q, k}},
      {ops::bilinear, {q, k, w}},
      {ops::cosine, {q, k}},
      {ops::additive,
       {q, k, random_tensor({2, 3}, "wq"), random_tensor({2, 3}, "wk"), random_tensor({3}, "v"),
        random_tensor({3}, "b")}},
      {ops::additive,
       {q, k, random_tensor({2, 3}, "wq"), random_tensor({2, 3}, "wk"), random_tensor({3}, "v")}},
      {ops::attention_weights, {q, k}, {{"scale", 0.7}}},
      {ops::attention_weights, {q, k, visible}, {{"scale", 1.0}}, {true, true, false}},
      {ops::layer_norm,
       {scores, random_tensor({4}, "g"), random_tensor({4}, "b")},
       {{"epsilon", 1e-5}}},
      {ops::layer_norm, {scores}, {{"epsilon", 1e-5}}},
      {ops::rms_norm, {scores, random_tensor({4}, "g")}, {{"epsilon", 1e-6}}},
      {ops::spatial_softmax, {maps}},
      {ops::convolution_2d,
       {maps, random_tensor({3, 2, 3, 1}, "k"), random_tensor({3}, "b")},
       {{"dilation", 2.0}, {"padding", "zeros"}}},
      {ops::convolution_2d,
       {maps, random_tensor({1, 2, 3, 3}, "k")},
       {{"dilation", 1.0}, {"padding", "replicate"}}},
      {ops::convolution_2d,
       {maps, random_tensor({2, 2, 2, 2}, "k")},
       {{"dilation", 1.0}, {"padding", "none"}}},
      {ops::map_l2_normalize, {maps}},
  };
  for (const Tensor& s : {scores, masked}) {
    cases.push_back({ops::softmax, {s}});
    cases.push_back({ops::softmax, {s}, {{"temperature", 0.5}}});
    cases.push_back({ops::softmax_off_by_one, {s}});
    cases.push_back({ops::softmax_with_sink, {s}, {{"sink", 0.5}, {"temperature", 2.0}}});
    cases.push_back({ops::sigmoid, {s}});
    cases.push_back({ops::sigmoid, {s}, {{"bias", "-log-keys"}}});
    cases.push_back({ops::relu, {s}});
    cases.push_back({ops::relu_mean, {s}});
    cases.push_back({ops::relu_normalized, {s}});
    cases.push_back({ops::sparsemax, {s}});
  }
  return cases;
}

TEST_CASE("derivatives by hand are those of the terms, and of central differences") {
  for (const Case& c : cases_by_hand()) {
    INFO(c.operation.name);
    REQUIRE(c.operation.pull != nullptr);
    Operation without = c.operation;
    without.pull = nullptr;
    const auto by_hand = jacobian(c.operation, c);
    CHECK(difference(by_hand, jacobian(without, c), 1e-12) == "");
    CHECK(difference(by_hand, central_differences(c), 1e-8) == "");
  }
}

TEST_CASE("derivatives of what is searched: entmax, pseudo-inverses") {
  const Tensor scores = random_tensor({3, 4}, "s", DType::kFloat64, 2);
  const Tensor square = random_tensor({3, 3}, "a");
  // Rows of different sums: where several sums are the largest, the norm has a kink.
  const Tensor positive = matrix({{0.5, 0.2, 0.4}, {0.1, 0.6, 0.2}, {0.3, 0.1, 0.7}});
  std::vector<Case> cases{{ops::pseudo_inverse, {square}},
                          {ops::pseudo_inverse, {random_tensor({2, 3}, "wide")}},
                          {ops::pseudo_inverse, {random_tensor({3, 2}, "tall")}},
                          {ops::pseudo_inverse, {positive}, {{"iterations", 6.0}}},
                          {ops::pseudo_inverse, {square}, {{"iterations", 3.0}}}};
  for (const double alpha : {1.25, 1.5, 2.0, 3.0}) {
    cases.push_back({ops::entmax, {scores}, {{"alpha", alpha}}});
  }
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const Case& c = cases[i];
    INFO(c.operation.name << ", case " << i);
    CHECK(difference(jacobian(c.operation, c), central_differences(c), 1e-6) == "");
  }
}

TEST_CASE("derivatives of the terms: operations that no other test reaches") {
  const Tensor x = random_tensor({3, 4}, "x"), f = random_tensor({2, 4}, "f");
  const Tensor maps = random_tensor({2, 5, 4}, "m");
  const Tensor score = random_tensor({3, 4}, "s"),
               most = test::evaluate(ops::online_maximum, {score});
  const std::vector<Case> cases{
      {ops::positive_features, {x, f}, {{"factor", 0.8}}},
      {ops::positive_features, {x, f}, {{"factor", 0.8}, {"stabilize", "rows"}}},
      {ops::positive_features, {x, f}, {{"factor", 0.8}, {"stabilize", "all"}}},
      {ops::elu_plus_one, {x}},
      {ops::gat, {x, f, random_tensor({8}, "a")}, {{"slope", 0.2}}},
      {ops::softcap, {x}, {{"cap", 0.7}}},
      {ops::l2_normalize, {x}},
      {ops::rms_normalize, {x}, {{"epsilon", 1e-6}}},
      {ops::scaled_rms_norm, {x}, {{"epsilon", 1e-6}, {"factor", 0.5}}},
      {ops::rotate, {x}, {{"layout", "half"}, {"base", 100.0}}},
      {ops::online_sum, {score, most}},
      {ops::online_accumulator, {score, most, random_tensor({4, 2}, "v")}},
      {ops::channel_energy, {maps}, {{"reduction", "sum"}, {"power", 3.0}}},
      {ops::channel_energy, {maps}, {{"reduction", "maximum"}, {"power", 2.0}}},
      {ops::adaptive_average_pool, {maps}, {{"rows", 2.0}, {"columns", 3.0}}},
      {ops::adaptive_maximum_pool, {maps}, {{"rows", 2.0}, {"columns", 3.0}}},
      {ops::channel_softmax, {maps}},
      {ops::squared_error, {maps, random_tensor({2, 5, 4}, "n")}, {{"reduction", "norm"}}},
      {ops::binary_cross_entropy,
       {x, matrix({{1, 0, 0, 1}, {0, 1, 1, 1}, {0, 0, 1, 0}})},
       {},
       {true, false}},
      {ops::rnn, {x, random_tensor({4, 4}, "u")}},
      {ops::rnn, {x, random_tensor({4, 4}, "u"), random_tensor({4}, "h")}, {{"reverse", true}}},
      {ops::gru,
       {x, random_tensor({3, 4}, "r"), random_tensor({3, 4}, "h"), random_tensor({4, 4}, "uz"),
        random_tensor({4, 4}, "ur"), random_tensor({4, 4}, "u")}},
      {ops::gru,
       {x, random_tensor({3, 4}, "r"), random_tensor({3, 4}, "h"), random_tensor({4, 4}, "uz"),
        random_tensor({4, 4}, "ur"), random_tensor({4, 4}, "u"), random_tensor({4}, "h0")},
       {{"reverse", true}}},
  };
  for (const Case& c : cases) {
    INFO(c.operation.name);
    CHECK(difference(jacobian(c.operation, c), central_differences(c), 1e-6) == "");
  }
  for (const char* function :
       {"relu", "gelu", "gelu-tanh", "silu", "sigmoid", "tanh", "identity"}) {
    const Case c{ops::activation, {x}, {{"function", function}}};
    INFO(function);
    CHECK(difference(jacobian(c.operation, c), central_differences(c), 1e-8) == "");
  }
}

TEST_CASE("derivatives of sums of many terms, which explanations give as one number") {
  const Tensor large = random_tensor({1, 70, 60}, "large");
  const Case c{
      ops::squared_error, {large, random_tensor({1, 70, 60}, "other")}, {{"reduction", "sum"}}};
  const auto got = jacobian(c.operation, c);
  for (std::size_t p = 0; p < large.count(); p += 97) {
    CHECK(got[0][p] == Approx(2 * (c.inputs[0].at(p) - c.inputs[1].at(p))).epsilon(1e-12));
  }
}

TEST_CASE("derivatives at kinks and jumps are numbers, and what the documentation says") {
  const Case zeros{ops::activation, {matrix({{0, 0}})}, {{"function", "relu"}}};
  CHECK(jacobian(zeros.operation, zeros) == std::vector<std::vector<double>>{{1, 0}, {0, 1}});
  const Case lengths{ops::l2_normalize, {matrix({{0, 0}})}};
  CHECK(jacobian(lengths.operation, lengths) == std::vector<std::vector<double>>{{0, 0}, {0, 0}});
  const Case hard{ops::hardmax, {matrix({{1, 2}})}};
  CHECK(jacobian(hard.operation, hard) == std::vector<std::vector<double>>{{0, 0}, {0, 0}});
  for (const std::string_view name : operation_names()) {
    const Operation& operation = *find_operation(name);
    INFO(name);
    CHECK((operation.terms != nullptr || operation.equation == nullptr));
  }
}

}  // namespace
}  // namespace attn_viz
