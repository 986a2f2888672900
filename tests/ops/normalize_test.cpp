// Every normaliser: worked numbers, other programs' numbers, laws and edges.
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
using test::kInfinity;
using test::matrix;
using test::outcome_of;
using test::random_tensor;

/// A normaliser with its constants.
struct Normalizer {
  const Operation& operation;
  Attributes attributes = {};
};

Outcome outcome_of(const Normalizer& normalizer, const Tensor& scores) {
  return outcome_of(normalizer.operation, {scores}, normalizer.attributes);
}

Tensor weights_of(const Normalizer& normalizer, const Tensor& scores) {
  return outcome_of(normalizer, scores).values;
}

std::vector<Normalizer> all_normalizers() {
  return {{ops::softmax},
          {ops::softmax, {{"temperature", 0.5}}},
          {ops::softmax_off_by_one},
          {ops::sigmoid},
          {ops::sigmoid, {{"bias", "-log-keys"}}},
          {ops::relu},
          {ops::relu_mean},
          {ops::relu_normalized},
          {ops::sparsemax},
          {ops::entmax, {{"alpha", 1.25}}},
          {ops::entmax, {{"alpha", 1.5}}},
          {ops::entmax, {{"alpha", 3.0}}},
          {ops::hardmax},
          {ops::sample, {{"seed", 7.0}, {"stream", "layer0/head0"}}}};
}

double sum_of_row(const Tensor& weights, std::size_t row) {
  double sum = 0;
  for (std::size_t j = 0; j < weights.columns(); ++j) sum += weights.at(row, j);
  return sum;
}

TEST_CASE("normalisers: the worked row of the course") {
  static const json examples = test::load_reference("normalize-mask-examples.json");
  const auto off = [](const Normalizer& normalizer, const Tensor& scores, const char* name) {
    return test::absolute_mismatch(weights_of(normalizer, scores),
                                   test::tensor_of(json::array({examples.at(name)})), 1e-12);
  };
  const Tensor z = matrix({{1.2, 0.6, -0.4}});
  CHECK(off({ops::softmax}, z, "nz_soft") == "");
  CHECK(off({ops::softmax, {{"temperature", 0.5}}}, z, "nz_t05") == "");
  CHECK(off({ops::softmax, {{"temperature", 2.0}}}, z, "nz_t2") == "");
  CHECK(off({ops::relu}, z, "nz_relu") == "");
  CHECK(off({ops::relu_mean}, z, "nz_reluL") == "");
  CHECK(off({ops::relu_normalized}, z, "nz_relun") == "");
  CHECK(off({ops::sigmoid}, z, "nz_sig") == "");
  CHECK(off({ops::sigmoid, {{"bias", "-log-keys"}}}, z, "nz_sigb") == "");
  CHECK(off({ops::sigmoid, {{"bias", -std::log(3.0)}}}, z, "nz_sigb") == "");
  CHECK(off({ops::softmax_off_by_one}, z, "nz_s1") == "");
  CHECK(off({ops::sparsemax}, z, "nz_sp") == "");
  CHECK(off({ops::entmax, {{"alpha", 1.5}}}, z, "nz_en") == "");

  const Tensor u = matrix({{1, 0.8, 0.1}});
  CHECK(off({ops::softmax}, u, "so2") == "");
  CHECK(off({ops::sparsemax}, u, "sp2") == "");
  CHECK(off({ops::entmax, {{"alpha", 1.5}}}, u, "en2") == "");

  // The thresholds: sparsemax z − τ; entmax (z/2 − max/2 − τ)².
  const double tau = examples.at("sp2tau"), half = examples.at("en2tau");
  CHECK(std::abs(1 - weights_of({ops::sparsemax}, u).at(0) - tau) <= 1e-12);
  const double root = std::sqrt(weights_of({ops::entmax, {{"alpha", 1.5}}}, u).at(0));
  CHECK(std::abs(-root - half) <= 1e-12);
  CHECK(std::abs(1.2 - weights_of({ops::sparsemax}, z).at(0) -
                 examples.at("nz_sptau").get<double>()) <= 1e-12);
  CHECK(std::abs(-std::sqrt(weights_of({ops::entmax, {{"alpha", 1.5}}}, z).at(0)) -
                 examples.at("nz_entau").get<double>()) <= 1e-12);
}

TEST_CASE("soft and hard attention over a memory: the worked example") {
  static const json examples = test::load_reference("normalize-mask-examples.json");
  const auto row = [](const char* name) {
    return test::tensor_of(json::array({examples.at(name)}));
  };
  const Tensor memory = matrix({{1, 0}, {0, 1}, {1, 1}});
  const Tensor s = evaluate(ops::dot_product, {matrix({{1, 2}}), memory});
  CHECK(test::absolute_mismatch(s, row("me_s"), 1e-12) == "");
  const Tensor soft = evaluate(ops::softmax, {s});
  CHECK(test::absolute_mismatch(soft, row("me_a"), 1e-12) == "");
  CHECK(test::absolute_mismatch(evaluate(ops::matmul, {soft, memory}), row("me_att"), 1e-12) == "");
  const Tensor hard = evaluate(ops::hardmax, {s});
  CHECK(test::absolute_mismatch(evaluate(ops::matmul, {hard, memory}), row("me_hard"), 0) == "");
}

TEST_CASE("normalisers as in deep-spin/entmax and PyTorch") {
  const json file = test::load_reference("normalisers.json");
  REQUIRE(file["cases"].size() == 13);
  const struct {
    const char* name;
    Normalizer normalizer;
    double tolerance = 1e-12;
  } columns[] = {
      {"softmax", {ops::softmax}},
      {"sparsemax", {ops::sparsemax}},
      {"entmax15", {ops::entmax, {{"alpha", 1.5}}}},
      {"entmax_bisect_2.0", {ops::entmax, {{"alpha", 2.0}}}},
      {"relu", {ops::relu}},
      {"relu_l1_normalised", {ops::relu_normalized}},
      {"relu_div_n", {ops::relu_mean}},
      {"sigmoid", {ops::sigmoid}},
      // Their halving "is accurate to ~1e-9 or better".
      {"entmax_bisect_1.25", {ops::entmax, {{"alpha", 1.25}}}, 1e-9},
      {"entmax_bisect_1.5", {ops::entmax, {{"alpha", 1.5}}}, 1e-9},
      {"entmax_bisect_1.75", {ops::entmax, {{"alpha", 1.75}}}, 1e-9},
      {"entmax_bisect_3.0", {ops::entmax, {{"alpha", 3.0}}}, 1e-9},
  };
  for (const DType dtype : test::kDTypes) {
    for (const json& entry : file["cases"]) {
      for (const auto& column : columns) {
        CAPTURE(entry["name"].get<std::string>(), column.name, name_of(dtype));
        // The references are float64: rounded scores are other scores.
        const Tensor scores = test::tensor_of(json::array({entry["scores"]}), dtype);
        const double size = dtype == DType::kFloat64 ? column.tolerance
                                                     : 1e-5 * std::max(1.0, std::abs(scores.at(0)));
        CHECK(test::absolute_mismatch(weights_of(column.normalizer, scores),
                                      test::tensor_of(json::array({entry[column.name]})),
                                      size) == "");
      }
      const auto support = [&](const Normalizer& normalizer) {
        const Tensor weights =
            weights_of(normalizer, test::tensor_of(json::array({entry["scores"]}), dtype));
        std::size_t count = 0;
        for (std::size_t j = 0; j < weights.count(); ++j) count += weights.at(j) > 0;
        return count;
      };
      if (dtype == DType::kFloat64) {
        CAPTURE(entry["name"].get<std::string>());
        CHECK(support({ops::sparsemax}) == entry["sparsemax_support"].get<std::size_t>());
        CHECK(support({ops::entmax, {{"alpha", 1.5}}}) ==
              entry["entmax15_support"].get<std::size_t>());
      }
    }
  }
}

TEST_CASE("normalisers: a masked key gets 0, and the others the weights they have without it") {
  const Tensor scores = random_tensor({11, 5}, "s", DType::kFloat64, 3);
  // The same with hidden keys in between.
  Tensor wide(DType::kFloat64, {Axis{11}, Axis{9}});
  const std::size_t at[] = {1, 2, 4, 7, 8};
  for (double& s : wide.values<double>()) s = -kInfinity;
  for (std::size_t i = 0; i < 11; ++i) {
    for (std::size_t j = 0; j < 5; ++j) wide.values<double>()[i * 9 + at[j]] = scores.at(i, j);
  }
  for (const DType dtype : test::kDTypes) {
    for (const Normalizer& normalizer : all_normalizers()) {
      CAPTURE(normalizer.operation.name, name_of(dtype));
      const Tensor plain = weights_of(normalizer, scores.as(dtype));
      Tensor want(DType::kFloat64, {Axis{11}, Axis{9}});
      for (double& w : want.values<double>()) w = 0;
      for (std::size_t i = 0; i < 11; ++i) {
        for (std::size_t j = 0; j < 5; ++j) want.values<double>()[i * 9 + at[j]] = plain.at(i, j);
      }
      CHECK(weights_of(normalizer, wide.as(dtype)).same_bits(want.as(dtype)));
    }
  }
}

TEST_CASE("normalisers: a row without a visible key is all 0 and listed") {
  const Tensor scores = matrix({{-kInfinity, -kInfinity}, {1, 2}, {-kInfinity, -kInfinity}});
  for (const DType dtype : test::kDTypes) {
    for (const Normalizer& normalizer : all_normalizers()) {
      CAPTURE(normalizer.operation.name);
      const Outcome outcome = outcome_of(normalizer, scores.as(dtype));
      for (const std::size_t row : {0, 2}) {
        CHECK(outcome.values.at(row, 0) == 0);
        CHECK(outcome.values.at(row, 1) == 0);
      }
      CHECK(sum_of_row(outcome.values, 1) > 0);
      CHECK(outcome.findings == Attributes{{"empty_rows", std::vector<double>{0, 2}}});
    }
  }
}

TEST_CASE("relu: a row without a positive score is all 0 and listed apart from empty rows") {
  const Tensor scores = matrix({{-1, 0}, {1, -0.0}, {-kInfinity, -kInfinity}, {0, -kInfinity}});
  for (const Operation* relu : {&ops::relu, &ops::relu_mean, &ops::relu_normalized}) {
    CAPTURE(relu->name);
    const Outcome outcome = test::outcome_of(*relu, {scores});
    CHECK(outcome.findings == Attributes{{"empty_rows", std::vector<double>{2}},
                                         {"zero_rows", std::vector<double>{0, 3}}});
    const double share = relu == &ops::relu_mean ? 0.5 : 1;
    CHECK(outcome.values.same_bits(matrix({{0, 0}, {share, 0}, {0, 0}, {0, 0}})));
  }
}

TEST_CASE("normalisers: rows sum to 1 where the operation says so, else between 0 and the keys") {
  for (const DType dtype : test::kDTypes) {
    for (const double size : {1e-300, 1e-3, 1.0, 30.0, 1e4, 1e30}) {
      const Tensor scores = random_tensor({23, 61}, "s", dtype, size);
      for (const Normalizer& normalizer : all_normalizers()) {
        CAPTURE(normalizer.operation.name, size, name_of(dtype));
        const Outcome outcome = outcome_of(normalizer, scores);
        const bool zero_rows = !outcome.findings.empty();  // float32 makes 0 of 1e-300
        for (std::size_t i = 0; i < 23; ++i) {
          const double sum = sum_of_row(outcome.values, i);
          if (normalizer.operation.rows_sum_to_one && !zero_rows) {
            CHECK(std::abs(sum - 1) <= (dtype == DType::kFloat64 ? 1e-12 : 1e-6));
          }
          for (std::size_t j = 0; j < 61; ++j) {
            const double weight = outcome.values.at(i, j);
            if (!(std::isfinite(weight) && weight >= 0)) FAIL("weight " << weight);
          }
        }
      }
    }
  }
}

TEST_CASE("normalisers: scores at the ends of the range make no NaN") {
  const Tensor scores =
      matrix({{1.7e308, -1.7e308, 1.7e308}, {-1.7e308, -1.7e308, -1e308}, {1e200, -1e200, 0}});
  for (const Normalizer& normalizer : all_normalizers()) {
    CAPTURE(normalizer.operation.name);
    const Tensor weights = weights_of(normalizer, scores);
    for (std::size_t i = 0; i < weights.count(); ++i) {
      if (!(std::isfinite(weights.at(i)) && weights.at(i) >= 0)) FAIL("weight " << weights.at(i));
    }
  }
  const Tensor halves = matrix({{0.5, 0, 0.5}, {0, 0, 1}, {1, 0, 0}});
  for (const double alpha : {1 + 1e-15, 1.2, 1.5, 2.0, 3.0, 1e3, 1e300}) {
    CAPTURE(alpha);
    CHECK(test::mismatch(weights_of({ops::entmax, {{"alpha", alpha}}}, scores), halves, 1e-12) ==
          "");
  }
  CHECK(weights_of({ops::relu_normalized}, scores)
            .same_bits(matrix({{0.5, 0, 0.5}, {0, 0, 0}, {1, 0, 0}})));
}

TEST_CASE("entmax: alpha near 1 tends to softmax, the nearer the closer") {
  const Tensor scores = random_tensor({7, 50}, "s", DType::kFloat64, 4);
  const Tensor soft = evaluate(ops::softmax, {scores});
  for (const double step : {1e-3, 1e-5, 1e-7, 1e-9, 1e-12}) {
    CAPTURE(step);
    const Tensor weights = weights_of({ops::entmax, {{"alpha", 1 + step}}}, scores);
    CHECK(test::absolute_mismatch(weights, soft, 10 * step + 1e-11) == "");
  }
  // The law is not empty.
  CHECK(test::absolute_mismatch(weights_of({ops::entmax, {{"alpha", 1.5}}}, scores), soft, 1e-3) !=
        "");
}

TEST_CASE("entmax: exact formulas equal the halving") {
  for (const double size : {0.1, 1.0, 10.0}) {
    const Tensor scores = random_tensor({9, 40}, "s", DType::kFloat64, size);
    const auto at = [&](double alpha) {
      return weights_of({ops::entmax, {{"alpha", alpha}}}, scores);
    };
    CHECK(at(2).same_bits(evaluate(ops::sparsemax, {scores})));
    // The next number on either side is computed by halving.
    for (const double exact : {1.5, 2.0}) {
      for (const double toward : {1.0, 3.0}) {
        CAPTURE(size, exact, toward);
        CHECK(test::absolute_mismatch(at(std::nextafter(exact, toward)), at(exact), 1e-12) == "");
      }
    }
  }
}

TEST_CASE("softmax: temperature near 0 tends to hardmax, of a single largest score") {
  const Tensor scores = random_tensor({20, 12}, "s", DType::kFloat64, 2);
  const Tensor hard = evaluate(ops::hardmax, {scores});
  CHECK(evaluate(ops::softmax, {scores}, {{"temperature", 1e-9}}).same_bits(hard));
  CHECK(weights_of({ops::entmax, {{"alpha", 1e12}}}, scores).same_bits(hard));
}

TEST_CASE("hardmax: of equal scores the first wins; a masked key never does") {
  for (const DType dtype : test::kDTypes) {
    CHECK(evaluate(ops::hardmax,
                   {matrix({{1, 3, 3}, {2, 2, 2}, {-kInfinity, -5, -5}, {-7, -9, -7}}, dtype)})
              .same_bits(matrix({{0, 1, 0}, {1, 0, 0}, {0, 1, 0}, {1, 0, 0}}, dtype)));
  }
}

TEST_CASE("sample: one key a row, never a masked one, and the same again") {
  Tensor scores = random_tensor({200, 6}, "s", DType::kFloat64, 2);
  for (std::size_t i = 0; i < 200; ++i) scores.values<double>()[i * 6 + i % 6] = -kInfinity;
  const Attributes constants{{"seed", 3.0}, {"stream", "layer0/head1"}};
  const Tensor drawn = evaluate(ops::sample, {scores}, constants);
  for (std::size_t i = 0; i < 200; ++i) {
    CHECK(sum_of_row(drawn, i) == 1);
    CHECK(drawn.at(i, i % 6) == 0);
  }
  CHECK(evaluate(ops::sample, {scores}, constants).same_bits(drawn));
  for (const Attributes& other : {Attributes{{"seed", 4.0}, {"stream", "layer0/head1"}},
                                  Attributes{{"seed", 3.0}, {"stream", "layer0/head0"}}}) {
    CHECK_FALSE(evaluate(ops::sample, {scores}, other).same_bits(drawn));
  }
  // Of one possible key there is no choice, whatever the temperature.
  CHECK(evaluate(ops::sample, {matrix({{1e308, -1e308}})}, {{"seed", 0.0}, {"temperature", 1e-300}})
            .same_bits(matrix({{1, 0}})));
}

TEST_CASE("sample: the mean of many draws is the softmax") {
  for (const double temperature : {1.0, 0.5}) {
    constexpr std::size_t kDraws = 40000;
    Tensor scores(DType::kFloat64, {Axis{kDraws}, Axis{4}});
    const double z[] = {1.2, 0.6, -0.4, -kInfinity};
    for (std::size_t i = 0; i < scores.count(); ++i) scores.values<double>()[i] = z[i % 4];
    const Tensor drawn =
        evaluate(ops::sample, {scores}, {{"seed", 1.0}, {"temperature", temperature}});
    const Tensor soft =
        evaluate(ops::softmax, {matrix({{1.2, 0.6, -0.4}})}, {{"temperature", temperature}});
    for (std::size_t j = 0; j < 3; ++j) {
      double count = 0;
      for (std::size_t i = 0; i < kDraws; ++i) count += drawn.at(i, j);
      // Five standard deviations of a mean of so many.
      const double p = soft.at(j), spread = std::sqrt(p * (1 - p) / kDraws);
      CHECK(std::abs(count / kDraws - p) <= 5 * spread);
    }
  }
}

TEST_CASE("sigmoid: halves at 0, and mirrors its argument") {
  CHECK(evaluate(ops::sigmoid, {matrix({{0, -0.0}})}).same_bits(matrix({{0.5, 0.5}})));
  const Tensor scores = random_tensor({3, 30}, "s", DType::kFloat64, 40);
  Tensor negative = scores;
  for (double& s : negative.values<double>()) s = -s;
  const Tensor w = evaluate(ops::sigmoid, {scores}), v = evaluate(ops::sigmoid, {negative});
  for (std::size_t i = 0; i < w.count(); ++i) CHECK(std::abs(w.at(i) + v.at(i) - 1) <= 1e-15);
  CHECK(evaluate(ops::sigmoid, {matrix({{1e308, -1e308}})}, {{"bias", 1e308}})
            .same_bits(matrix({{1, 0.5}})));
}

TEST_CASE("entmax: alpha must be above 1") {
  CHECK(test::error_of([] {
          return evaluate(ops::entmax, {matrix({{1, 2}})}, {{"alpha", 1.0}});
        }) == "alpha: expected a number > 1");
  CHECK(test::error_of([] {
          return evaluate(ops::entmax, {matrix({{1, 2}})});
        }) == "the attribute \"alpha\" is missing or has the wrong type");
}

}  // namespace
}  // namespace attn_viz
