// Settings side by side: the measures of D1, D3 and D7, and the exact tables.
#include "attn_viz/analysis/comparison.hpp"

#include <cmath>

#include "attn_viz/analysis/comparison_text.hpp"
#include "attn_viz/analysis/measures.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/tensors.hpp"

namespace attn_viz::analysis {
namespace {

/// The running example of the mathematics, where S = [[1, 0, 1], [2, 2, 4], [3, 2, 5]].
Problem running_example() {
  Problem problem = test::problem_of(test::matrix({{1, 0}, {0, 1}, {1, 1}}));
  GivenWeights weights;
  weights.w_q = test::matrix({{1, 0}, {0, 2}});
  weights.w_k = test::matrix({{1, 1}, {0, 1}});
  problem.attention.weights = weights;
  return problem;
}

Variant variant(const Problem& problem, std::string name) {
  return variant_of(run_attention(problem), std::move(name), 0, std::nullopt);
}

TEST_CASE("measures: entropy of the running example (D1), with scale and causal") {
  // H of the rows of softmax(X Xᵀ / √2): 1.053363, 0.858917, 0.748502 (attention-math D1).
  const Variant plain = variant(running_example(), "plain");
  const double expected[] = {1.053363, 0.858917, 0.748502};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(entropy(plain.weights.values<double>().subspan(3 * i, 3)) ==
          Approx(expected[i]).margin(1e-6));
  }
  CHECK(*plain.entropy == Approx((1.053363 + 0.858917 + 0.748502) / 3).margin(1e-6));
  CHECK(*plain.normalized_entropy == Approx((0.958812 + 0.781820 + 0.681316) / 3).margin(1e-6));
  CHECK(plain.largest == Approx(0.602545).margin(1e-6));  // D3
  Problem causal = running_example();
  causal.attention.mask.causal = true;
  const Variant hidden = variant(causal, "causal");
  CHECK(*hidden.entropy == Approx((0 + 0.693147 + 0.748502) / 3).margin(1e-6));
  CHECK(*hidden.normalized_entropy == Approx((0 + 1 + 0.681316) / 3).margin(1e-6));
}

TEST_CASE("measures: entropy and divergence at their ends") {
  const std::vector<double> one{1, 0, 0}, other{0, 0, 1}, even{1.0 / 3, 1.0 / 3, 1.0 / 3};
  CHECK(entropy(one) == 0);
  CHECK(entropy(even) == Approx(std::log(3)));
  CHECK(jensen_shannon(one, one) == 0);
  CHECK(jensen_shannon(one, other) == Approx(std::log(2)));
  CHECK(jensen_shannon(one, even) == jensen_shannon(even, one));
  CHECK(argmax(std::vector<double>{0.2, 0.4, 0.4}) == 1);
}

TEST_CASE("comparison: a variant compared with itself") {
  const Comparison same =
      compare({variant(running_example(), "a"), variant(running_example(), "b")});
  REQUIRE(same.pairs.size() == 1);
  CHECK(same.pairs[0].largest == 0);
  CHECK(*same.pairs[0].jensen_shannon == 0);
  CHECK(same.pairs[0].agreement == 1);
}

TEST_CASE("comparison: heads of D7, one against the other") {
  AttentionSettings settings;
  settings.heads = 2;
  const Problem problem = test::problem_of(test::random_tensor({6, 4}, "x"), settings);
  const Trace trace = run_attention(problem);
  const Variant first = variant_of(trace, "head 0", 0, 0),
                second = variant_of(trace, "head 1", 0, 1);
  const Variant mean = variant_of(trace, "mean", 0, std::nullopt);
  for (std::size_t i = 0; i < 36; ++i) {
    CHECK(mean.weights.at(i) ==
          Approx((first.weights.at(i) + second.weights.at(i)) / 2).epsilon(1e-15));
  }
  // Against the definition, row by row.
  const Comparison both = compare({first, second});
  double sum = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      const double p = first.weights.at(i, j), q = second.weights.at(i, j), m = (p + q) / 2;
      sum += 0.5 * (p * std::log(p / m) + q * std::log(q / m));
    }
  }
  CHECK(*both.pairs[0].jensen_shannon == Approx(sum / 6).epsilon(1e-12));
  for (std::size_t i = 0; i < 36; ++i) {
    CHECK(both.pairs[0].difference.at(i) == second.weights.at(i) - first.weights.at(i));
  }
}

TEST_CASE("measures: causal linear attention counts the keys that its mask shows") {
  Problem causal = running_example();
  causal.attention.mask.causal = true;
  causal.attention.approximation = ApproximationSettings{.type = ApproximationType::kLinear};
  const Variant linear = variant(causal, "linear");
  // Row 0 sees one key, row 1 two, row 2 three.
  double normalized = 0;
  for (std::size_t i = 1; i < 3; ++i) {
    const auto row = linear.weights.values<double>().subspan(3 * i, i + 1);
    normalized += entropy(row) / std::log(static_cast<double>(i + 1)) / 3;
  }
  CHECK(*linear.normalized_entropy == Approx(normalized).epsilon(1e-12));
  CHECK(linear.weights.at(0, 1) == -test::kInfinity);
}

TEST_CASE("comparison: what has no entropy says so") {
  Problem relu = running_example();
  relu.attention.normalize.type = NormalizerType::kRelu;
  const Comparison comparison =
      compare({variant(running_example(), "softmax"), variant(relu, "relu")});
  CHECK_FALSE(comparison.variants[1].entropy);
  CHECK_FALSE(comparison.pairs[0].jensen_shannon);
  CHECK(comparison_table(comparison, TableFormat::kJson).find("\"entropy\": null") !=
        std::string::npos);
}

TEST_CASE("comparison: masked rows are left out and counted") {
  Problem masked = running_example();
  masked.attention.mask.allow = test::matrix({{0, 0, 0}, {1, 1, 1}, {1, 1, 0}});
  const Comparison comparison =
      compare({variant(running_example(), "all"), variant(masked, "masked")});
  CHECK(comparison.variants[1].empty_rows == 1);
  CHECK(comparison.pairs[0].skipped_rows == 1);
  CHECK(comparison.variants[1].weights.at(2, 2) == -test::kInfinity);
  CHECK(comparison.pairs[0].difference.at(2, 2) == -comparison.variants[0].weights.at(2, 2));
}

TEST_CASE("comparison: shapes that differ, and what is not there") {
  const Problem longer = test::problem_of(test::random_tensor({4, 2}, "x"));
  CHECK_THROWS_WITH(compare({variant(running_example(), "a"), variant(longer, "b")}),
                    R"("a" has weights [3, 3], "b" has [4, 4]: they cannot be compared)");
  const Trace trace = run_attention(running_example());
  CHECK_THROWS_WITH(variant_of(trace, "a", 0, 3), "there is no head 3 in layer 0");
  CHECK_THROWS_WITH(variant_of(trace, "a", 2, std::nullopt),
                    "there is no layer 2 with attention weights");
}

TEST_CASE("comparison: the exact tables") {
  Problem cosine = running_example();
  cosine.attention.score.type = ScoreType::kCosine;
  const Comparison comparison =
      compare({variant(running_example(), "scaled"), variant(cosine, "cosine | 2")});
  const std::string meaning =
      "entropy: nats, mean over the queries; of largest: its share of ln(visible keys).\n"
      "largest weight: of a query, mean over the queries.\n"
      "divergence: Jensen-Shannon, nats (0 to ln 2 = 0.6931), mean over the queries.\n"
      "agreement: share of queries whose largest weight is at the same key.\n";
  CHECK(comparison_table(comparison, TableFormat::kText) ==
        "setting     entropy  of largest  largest weight\n"
        "scaled       0.8869      0.8073          0.6025\n"
        "cosine | 2   1.0830      0.9858          0.3902\n"
        "\n"
        "settings             divergence  agreement  largest difference\n"
        "scaled / cosine | 2      0.0467     0.6667              0.3828\n"
        "\n" +
            meaning);
  const std::string markdown = comparison_table(comparison, TableFormat::kMarkdown);
  CHECK(markdown.rfind("| setting | entropy | of largest | largest weight |\n"
                       "| :-- | --: | --: | --: |\n"
                       "| scaled | 0.8869 | 0.8073 | 0.6025 |\n"
                       "| cosine \\| 2 | ",
                       0) == 0);
}

}  // namespace
}  // namespace attn_viz::analysis
