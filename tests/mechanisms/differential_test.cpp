// Heads that subtract: worked numbers and laws.
#include <cmath>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"
#include "support/reference.hpp"
#include "support/running_example.hpp"

namespace attn_viz {
namespace {

using test::error_of;
using test::first_other_step;
using test::head_values;
using test::matrix;
using test::off;
using test::problem_of;
using test::random_tensor;
using test::running_example;
using test::values_of;
using test::vector_of;
using test::worked;

Problem differential_example() {
  Problem problem = running_example();
  problem.attention.differential = {.lambda = {},
                                    .lambda_q1 = vector_of({0.5}),
                                    .lambda_k1 = vector_of({0.4}),
                                    .lambda_q2 = vector_of({0.1}),
                                    .lambda_k2 = vector_of({0.2}),
                                    .lambda_init = {},
                                    .depth = 1,
                                    .norm = true};
  return problem;
}

TEST_CASE("differential: the worked example") {
  const Trace trace = run_attention(differential_example());
  CHECK(std::abs(values_of(trace, "layer0/lambda").at(0) - worked("df_lam").get<double>()) <=
        1e-12);
  const Tensor& a = head_values(trace, 0, "weights");
  CHECK(off(a, "df_A") == "");
  Tensor sums(DType::kFloat64, {Axis{3}});
  for (std::size_t i = 0; i < 3; ++i) {
    sums.values<double>()[i] = a.at(i, 0) + a.at(i, 1) + a.at(i, 2);
  }
  CHECK(off(sums, "df_rs") == "");
  CHECK(off(head_values(trace, 0, "output"), "df_O") == "");
  CHECK(off(head_values(trace, 0, "normalized_output"), "df_N") == "");
  CHECK(off(values_of(trace, "layer0/attention_output"), "df_N") == "");
  CHECK(first_other_step(trace) == "");
  CHECK(test::ids_of(trace) == std::vector<std::string>{"input/embeddings",
                                                        "layer0/lambda_q1",
                                                        "layer0/lambda_k1",
                                                        "layer0/lambda_q2",
                                                        "layer0/lambda_k2",
                                                        "layer0/lambda",
                                                        "layer0/head0/W_Q",
                                                        "layer0/head0/W_K",
                                                        "layer0/head0/W_V",
                                                        "layer0/head0/query",
                                                        "layer0/head0/key",
                                                        "layer0/head0/value",
                                                        "layer0/head0/query_1",
                                                        "layer0/head0/key_1",
                                                        "layer0/head0/query_2",
                                                        "layer0/head0/key_2",
                                                        "layer0/head0/scores_1",
                                                        "layer0/head0/weights_1",
                                                        "layer0/head0/scores_2",
                                                        "layer0/head0/weights_2",
                                                        "layer0/head0/weights",
                                                        "layer0/head0/output",
                                                        "layer0/head0/normalized_output",
                                                        "layer0/concat",
                                                        "layer0/W_O",
                                                        "layer0/attention_output"});
}

TEST_CASE("differential: λ at the start of a layer, by its depth") {
  const Tensor wanted = test::tensor_of(worked("df_li"));
  std::size_t i = 0;
  for (const std::size_t depth : {1, 2, 12}) {
    Problem problem = differential_example();
    problem.attention.differential->depth = depth;
    for (auto* vector :
         {&problem.attention.differential->lambda_q1, &problem.attention.differential->lambda_q2}) {
      *vector = vector_of({0});
    }
    const double got = values_of(run_attention(problem), "layer0/lambda").at(0);
    CHECK(std::abs(got - wanted.at(i++)) <= 1e-12);
  }
}

TEST_CASE("differential: λ 0 leaves the first map, which is plain attention") {
  for (const DType dtype : test::kDTypes) {
    const Tensor x = random_tensor({6, 4}, "x", dtype);
    const Tensor q = random_tensor({4, 2}, "q", dtype), k = random_tensor({4, 2}, "k", dtype);
    const Tensor other = random_tensor({4, 2}, "other", dtype);
    const auto beside = [&](const Tensor& m) { return test::evaluate(ops::concat, {m, other}); };
    Problem plain = problem_of(x);
    plain.attention.mask.causal = true;
    Problem both = plain;
    plain.attention.weights = GivenWeights{.w_q = q, .w_k = k};
    both.attention.weights = GivenWeights{.w_q = beside(q), .w_k = beside(k)};
    both.attention.differential = Differential{.lambda = 0};
    CHECK(values_of(run_attention(both), "layer0/attention_output")
              .same_bits(values_of(run_attention(plain), "layer0/attention_output")));
  }
}

TEST_CASE("differential: all that may happen to scores happens to both maps") {
  Problem problem = problem_of(random_tensor({6, 8}, "x"));
  problem.attention.heads = 2;
  problem.attention.key_value_heads = 1;
  problem.attention.weights = RandomWeights{1};
  problem.attention.differential = Differential{.lambda = 0.75, .norm = true};
  problem.attention.softcap = 2;
  problem.attention.bias = random_tensor({6, 6}, "bias");
  problem.attention.mask.padding = {true, true, true, false, true, true};
  const Trace trace = run_attention(problem);
  CHECK(head_values(trace, 1, "query").shape() == std::vector<std::size_t>{6, 4});
  CHECK(head_values(trace, 1, "value").shape() == std::vector<std::size_t>{6, 4});
  for (const char* map : {"_1", "_2"}) {
    for (const char* name : {"query", "key", "scores", "scaled_scores", "capped_scores",
                             "biased_scores", "masked_scores", "weights"}) {
      CHECK(trace.find(std::string("layer0/head1/") + name + map) != nullptr);
    }
  }
  CHECK(first_other_step(trace) == "");
  const Tensor& a = head_values(trace, 1, "weights");
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 6; ++j) sum += a.at(i, j);
    CHECK(std::abs(sum - 0.25) <= 1e-12);
    CHECK(a.at(i, 3) == 0);
  }
  CHECK(figure::heatmaps(trace, {.all_steps = true}).size() > 40);
  CHECK(scores_behind(trace, *trace.find("layer0/head1/weights")) ==
        trace.find("layer0/head1/masked_scores_1"));
}

TEST_CASE("differential: a query that sees no key gets weights 0, and the figure says so") {
  Problem problem = differential_example();
  problem.attention.mask.causal = true;
  problem.attention.mask.padding = {false, true, true};
  const Trace trace = run_attention(problem);
  CHECK(trace.find("layer0/head0/weights_1")->findings ==
        Attributes{{"empty_rows", std::vector<double>{0}}});
  for (std::size_t j = 0; j < 3; ++j) CHECK(head_values(trace, 0, "weights").at(0, j) == 0);
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK(head_values(trace, 0, "normalized_output").at(0, j) == 0);
  }
  const auto figures = figure::heatmaps(trace);
  REQUIRE(figures.size() == 2);
  CHECK(figures[1].figure.notes ==
        std::vector<std::string>{"No key is visible to: 0; all its weights are 0."});
}

TEST_CASE("differential: negative weights are drawn from −1 to 1") {
  Problem problem = differential_example();
  problem.attention.differential->lambda = 0.9;
  const Trace trace = run_attention(problem);
  const auto figures = figure::heatmaps(trace);
  CHECK(figures[0].figure.scale.map == figure::ColorMap::kDiverging);
  CHECK(figures[0].figure.scale.low == -1);
  CHECK(figures[0].figure.scale.high == 1);
  CHECK(figures[0].figure.scale.note == "weight, −1 to 1 (it may be negative)");

  problem.attention.differential->lambda = 0;  // none is negative, but they might be
  const Trace none = run_attention(problem);
  CHECK(figure::heatmaps(none)[0].figure.scale.low == -1);

  problem.attention.differential->lambda = 4;
  const Trace large = run_attention(problem);
  const figure::ColorScale scale = figure::heatmaps(large)[0].figure.scale;
  CHECK(scale.low < -1);
  CHECK(scale.high == -scale.low);
}

TEST_CASE("differential: weights that do not sum to 1 − λ are not drawn") {
  Trace trace = run_attention(differential_example());
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/weights") step.values.values<double>()[4] += 0.5;
  }
  CHECK(error_of([&] { figure::heatmaps(trace); }) ==
        "layer0/head0/weights: row 1: expected weights with sum 0.598799, got sum 1.0988");
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/weights") step.inputs.pop_back();
  }
  CHECK(error_of([&] { figure::heatmaps(trace); }) ==
        "layer0/head0/weights: expected two maps of its shape, and λ");
}

TEST_CASE("differential: what does not fit") {
  Problem problem = differential_example();
  problem.attention.differential->lambda_k2 = vector_of({1, 2});
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/differential/lambda_k2: expected shape [1] (head size), got [2]");
  problem = differential_example();
  problem.attention.weights = GivenWeights{.w_q = matrix({{1, 0, 0}, {0, 1, 0}})};
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/weights/W_Q: expected an even number of columns a head, got 3\n"
        "  hint: differential attention has two queries and two keys a head");
  problem = differential_example();
  problem.attention.head_size = 2;
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/weights/W_Q: expected shape [2, 4] (embedding × head size · 2), got [2, 2]");
  problem = problem_of(random_tensor({2, 6}, "x"));
  problem.attention.heads = 2;
  problem.attention.differential = Differential{.lambda = 0.5};
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/heads: expected heads whose double divides the embedding size 6, got 2\n"
        "  hint: a head of differential attention has two queries and keys; give head_size");
  problem = differential_example();
  problem.attention.differential->lambda_q1 = problem.attention.differential->lambda_k1 =
      vector_of({40});
  CHECK(error_of([&] { run_attention(problem); })
            .find("layer0/lambda: the value of row 0, column "
                  "0 overflows float64") == 0);
}

}  // namespace
}  // namespace attn_viz
