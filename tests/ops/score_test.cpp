// Laws of the scores, and their edges.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::evaluate;
using test::matrix;
using test::mismatch;
using test::random_tensor;
using test::vector_of;

TEST_CASE("cosine: a zero vector scores 0 and is named") {
  for (const DType dtype : test::kDTypes) {
    const Outcome outcome = test::outcome_of(
        ops::cosine, {matrix({{1, 0}, {0, 0}}, dtype), matrix({{0, 0}, {2, 0}, {-0.0, 0}}, dtype)});
    CHECK(mismatch(outcome.values, matrix({{0, 1, 0}, {0, 0, 0}}), 0) == "");
    CHECK(outcome.findings == Attributes{{"zero_queries", std::vector<double>{1}},
                                         {"zero_keys", std::vector<double>{0, 2}}});
    CHECK(test::outcome_of(ops::cosine, {matrix({{1}}, dtype), matrix({{1}}, dtype)})
              .findings.empty());
  }
}

TEST_CASE("cosine: lengths do not matter, not even ±1e300 or the smallest") {
  const Tensor want = matrix({{0.8, -0.8, 1}});
  for (const double size : {1.0, 1e300, -1e300, 1e-300, 5e-324 * 1024}) {
    CAPTURE(size);
    const double sign = size < 0 ? -1 : 1;
    const Tensor q = matrix({{2 * size, size}});
    const Tensor k = matrix({{sign, 2 * sign}, {-size, -2 * size}, {2e300 * sign, 1e300 * sign}});
    CHECK(absolute_mismatch(evaluate(ops::cosine, {q, k}), want, 1e-15) == "");
  }
  for (const double size : {1e38, 1e-38}) {
    const Tensor q = matrix({{2 * size, size}}, DType::kFloat32);
    CHECK(absolute_mismatch(
              evaluate(ops::cosine, {q, matrix({{1, 2}, {-1, -2}, {2, 1}}, DType::kFloat32)}), want,
              1e-6) == "");
  }
}

TEST_CASE("cosine: never beyond ±1, and symmetric") {
  const Tensor x = random_tensor({200, 3}, "x");
  const Tensor scores = evaluate(ops::cosine, {x, x});
  for (std::size_t i = 0; i < scores.count(); ++i) {
    if (!(std::abs(scores.at(i)) <= 1)) FAIL("out of range: " << scores.at(i));
  }
  for (std::size_t i = 0; i < 200; ++i) CHECK(scores.at(i, i) == Approx(1).margin(1e-15));
  CHECK(absolute_mismatch(test::transposed(scores), scores, 1e-15) == "");
}

TEST_CASE("scores: permuting the keys permutes the columns, to the bit") {
  const Tensor q = random_tensor({6, 5}, "q"), k = random_tensor({9, 5}, "k"),
               w = random_tensor({5, 5}, "w"), v = random_tensor({5}, "v");
  const std::vector<std::size_t> order{8, 2, 5, 0, 1, 7, 3, 6, 4};
  const Tensor permuted = test::reordered(k, order);
  const auto check = [&](const Operation& operation, std::vector<Tensor> further) {
    const auto scores = [&](const Tensor& keys) {
      std::vector<Tensor> inputs{q, keys};
      inputs.insert(inputs.end(), further.begin(), further.end());
      return test::transposed(evaluate(operation, inputs));
    };
    CAPTURE(operation.name);
    CHECK(mismatch(scores(permuted), test::reordered(scores(k), order), 1e-14) == "");
  };
  check(ops::dot_product, {});
  check(ops::cosine, {});
  check(ops::bilinear, {w});
  check(ops::additive, {w, w, v});
}

TEST_CASE("scores: special cases of one another") {
  const Tensor q = random_tensor({4, 6}, "q"), k = random_tensor({7, 6}, "k");
  const Tensor identity = identity_matrix(6, DType::kFloat64);
  const Tensor dot = evaluate(ops::dot_product, {q, k});
  CHECK(mismatch(evaluate(ops::bilinear, {q, k, identity}), dot, 1e-15) == "");
  CHECK(mismatch(evaluate(ops::dot_product, {k, q}), test::transposed(dot), 1e-14) == "");
  // An additive score is bounded by the sum of |v|.
  const Tensor v = vector_of({1, -2, 3, 0.5, -0.5, 1});
  const Tensor additive =
      evaluate(ops::additive,
               {random_tensor({4, 6}, "q", DType::kFloat64, 1e300), k, identity, identity, v});
  for (std::size_t i = 0; i < additive.count(); ++i) CHECK(std::abs(additive.at(i)) <= 8);
}

TEST_CASE("scores: the worked numbers of one query and one key") {
  const auto want = test::load_reference("attention-examples.json");
  // x = [1, 2] is the key, q = [2, 1] the query; W works on x, U on q.
  const Tensor x = matrix({{1, 2}}), q = matrix({{2, 1}});
  const Tensor w = matrix({{1, 0}, {0, 0.5}}), u = matrix({{0.5, 0}, {0, 1}});
  const Tensor v = vector_of({1, -0.5}), b = matrix({{1, 2}, {0, 1}});
  const auto near = [](const nlohmann::json& number) {
    return Approx(number.get<double>()).margin(1e-12).epsilon(0);
  };
  CHECK(evaluate(ops::additive, {q, x, u, w, v}).at(0) == near(want["sc_add"]));
  CHECK(evaluate(ops::dot_product, {q, x}).at(0) == near(want["sc_dot"]));
  CHECK(evaluate(ops::scale, {evaluate(ops::dot_product, {q, x})}, {{"scale", std::sqrt(0.5)}})
            .at(0) == near(want["sc_sdot"]));
  // xᵀ B q has the key on the left: the matrix is turned.
  CHECK(evaluate(ops::bilinear, {q, x, test::transposed(b)}).at(0) == near(want["sc_bil"]));
  CHECK(evaluate(ops::cosine, {q, x}).at(0) == near(want["sc_cos"]));
  // The low-rank bilinear score is the dot product of projections.
  const Tensor key = evaluate(ops::linear, {x, matrix({{1}, {1}})});
  const Tensor query = evaluate(ops::linear, {q, matrix({{2}, {-1}})});
  CHECK(evaluate(ops::dot_product, {query, key}).at(0) == near(want["sc_lr"]));
  // Concatenation is the additive score with W and U stacked.
  CHECK(evaluate(ops::additive, {q, x, u, w, v}).at(0) == near(want["sc_cat"]));
}

TEST_CASE("scores: two vectors of length 2 and the angle between them") {
  const double half = std::sqrt(3.0);
  const Tensor dots =
      evaluate(ops::dot_product, {matrix({{2, 0}}), matrix({{2, 0}, {1, half}, {0, 2}, {-2, 0}})});
  CHECK(absolute_mismatch(dots, matrix({{4, 2, 0, -4}}), 1e-12) == "");
  const Tensor cosines =
      evaluate(ops::cosine, {matrix({{2, 0}}), matrix({{2, 0}, {1, half}, {0, 2}, {-2, 0}})});
  CHECK(absolute_mismatch(cosines, matrix({{1, 0.5, 0, -1}}), 1e-12) == "");
}

TEST_CASE("scores: 64 independent entries of variance 1 give a deviation of 8, scaled of 1") {
  CHECK(test::load_reference("attention-examples.json")["var_ex"] ==
        "d=64: std 8 unscaled vs 1 scaled");
  const auto signs = [](const char* stream) {
    Tensor x = random_tensor({300, 64}, stream);
    for (double& value : x.values<double>()) value = value < 0 ? -1 : 1;
    return x;
  };
  const auto deviation = [](const Tensor& scores) {
    double squares = 0;
    for (std::size_t i = 0; i < scores.count(); ++i) squares += scores.at(i) * scores.at(i);
    return std::sqrt(squares / static_cast<double>(scores.count()));
  };
  const Tensor scores = evaluate(ops::dot_product, {signs("q"), signs("k")});
  CHECK(deviation(scores) == Approx(8).epsilon(0.02));
  CHECK(deviation(evaluate(ops::scale, {scores}, {{"scale", 1 / std::sqrt(64.0)}})) ==
        Approx(1).epsilon(0.02));
}

TEST_CASE("softmax: the worked numbers of three temperatures") {
  const auto want = test::load_reference("attention-examples.json");
  const Tensor z = matrix({{1.2, 0.6, -0.4}});
  const auto check = [&](double temperature, const char* name) {
    CAPTURE(name);
    CHECK(absolute_mismatch(evaluate(ops::softmax, {z}, {{"temperature", temperature}}),
                            test::tensor_of(nlohmann::json::array({want[name]})), 1e-12) == "");
  };
  check(1, "nz_soft");
  check(0.5, "nz_t05");
  check(2, "nz_t2");
}

TEST_CASE("softmax: a score less the logarithm of its weight is the row's logsumexp") {
  const auto want = test::load_reference("attention-examples.json");
  const Tensor scores = test::tensor_of(want["run_Ss"]);
  const Tensor weights = evaluate(ops::softmax, {scores});
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(scores.at(i, j) - std::log(weights.at(i, j)) ==
            Approx(want["lse"][i].get<double>()).margin(1e-12).epsilon(0));
    }
  }
}

TEST_CASE("scores: keys and values, in three stages") {
  const auto want = test::load_reference("attention-examples.json");
  const Tensor q = matrix({{1, 0.5}}), keys = matrix({{1, 0}, {0, 1}, {3, 3}}),
               values = matrix({{10}, {20}, {30}});
  const auto check = [&](const Operation& score, const std::string& suffix) {
    CAPTURE(score.name);
    const auto expected = [&](const std::string& stage) {
      return test::tensor_of(nlohmann::json::array({want["kv_" + stage + suffix]}));
    };
    const Tensor similarity = evaluate(score, {q, keys});
    const Tensor weights = evaluate(ops::softmax, {similarity});
    CHECK(absolute_mismatch(similarity, expected("s"), 1e-12) == "");
    CHECK(absolute_mismatch(weights, expected("a"), 1e-12) == "");
    CHECK(absolute_mismatch(evaluate(ops::matmul, {weights, values}), expected("o"), 1e-12) == "");
  };
  check(ops::dot_product, "d");
  check(ops::cosine, "c");
}

}  // namespace
}  // namespace attn_viz
