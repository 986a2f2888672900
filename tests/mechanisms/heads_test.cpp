// Heads that share, talk, or subtract, and graph attention: worked numbers and laws.
#include <cmath>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"
#include "support/reference.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::error_of;
using test::head_values;
using test::matrix;
using test::mismatch;
using test::problem_of;
using test::random_tensor;
using test::values_of;
using test::vector_of;

const nlohmann::json& examples() {
  static const nlohmann::json all = test::load_reference("attention-examples-heads.json");
  return all;
}

/// Compares with 1e-12, absolutely.
std::string off(const Tensor& got, const char* name) {
  return absolute_mismatch(got, test::tensor_of(examples().at(name)), 1e-12);
}

GivenWeights running_weights() {
  return {.w_q = matrix({{1, 0}, {0, 2}}),
          .w_k = matrix({{1, 1}, {0, 1}}),
          .w_v = matrix({{1, 0}, {2, 1}})};
}

Problem running_example() {
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}));
  problem.attention.weights = running_weights();
  return problem;
}

Problem talking_example() {
  Problem problem = running_example();
  problem.attention.heads = 2;
  problem.attention.talking_heads = {.scores = matrix({{1, 0.5}, {0, 1}}),
                                     .weights = matrix({{0.75, 0.25}, {0.25, 0.75}})};
  return problem;
}

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

/// Random tokens and matrices; W_K and W_V serve `groups` heads.
Problem random_problem(std::size_t heads, std::optional<std::size_t> groups, DType dtype) {
  Problem problem = problem_of(random_tensor({9, 8}, "x", dtype));
  problem.attention.heads = heads;
  problem.attention.head_size = 2;
  problem.attention.value_size = 3;
  problem.attention.key_value_heads = groups;
  problem.attention.weights = RandomWeights{4};
  return problem;
}

/// Whether two traces hold the same ids and values; their settings may differ.
bool same_steps(const Trace& a, const Trace& b) {
  if (test::ids_of(a) != test::ids_of(b)) return false;
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    if (!a.steps[i].values.same_bits(b.steps[i].values)) return false;
  }
  return true;
}

/// The first step that its operation, inputs and attributes do not give again, bit for bit.
std::string first_not_recomputed(const Trace& trace) {
  for (const Step& step : trace.steps) {
    if (step.equation.empty()) continue;
    const Operation* operation = find_operation(step.op);
    if (operation == nullptr) return step.id + ": no operation " + step.op;
    std::vector<const Tensor*> inputs;
    for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
    if (!operation->evaluate(inputs, step.attributes).values.same_bits(step.values)) return step.id;
  }
  return "";
}

// ---- grouped heads ----

TEST_CASE("multi-query: two queries share one key and value") {
  Problem problem = running_example();
  problem.attention.heads = 2;
  problem.attention.key_value_heads = 1;
  auto& given = std::get<GivenWeights>(problem.attention.weights);
  given.w_k = matrix({{1}, {1}});
  given.w_v = matrix({{0}, {1}});
  const Trace fused = run_attention(problem);
  CHECK(off(head_values(fused, 0, "weights"), "mqa_A1") == "");
  CHECK(off(head_values(fused, 1, "weights"), "mqa_A2") == "");
  CHECK(off(values_of(fused, "layer0/concat"), "mqa_C") == "");
  for (const char* name : {"W_K", "W_V", "key", "value"}) {
    CHECK(head_values(fused, 0, name).same_bits(head_values(fused, 1, name)));
  }
  // One matrix for each head of keys and values.
  given.w_k = given.w_k->with_axes({Axis{1}, Axis{2}, Axis{1}});
  given.w_v = given.w_v->with_axes({Axis{1}, Axis{2}, Axis{1}});
  CHECK(same_steps(run_attention(problem), fused));
}

TEST_CASE("grouped heads: query head i reads group ⌊i·g / h⌋") {
  Problem problem = problem_of(random_tensor({3, 8}, "x"));
  problem.attention.heads = 8;
  problem.attention.key_value_heads = 2;
  // Each group's key is the embedding's column of that number; so are its bias and its value.
  problem.attention.weights =
      GivenWeights{.w_k = identity_matrix(8, DType::kFloat64).slice_columns(0, 2),
                   .w_v = identity_matrix(8, DType::kFloat64).slice_columns(0, 2),
                   .b_k = vector_of({10, 20}),
                   .b_v = vector_of({30, 40})};
  const Trace trace = run_attention(problem);
  const auto groups = nlohmann::json::parse(examples().at("gqa").get<std::string>());
  for (std::size_t head = 0; head < 8; ++head) {
    const auto group = groups[head].get<std::size_t>();
    CAPTURE(head);
    CHECK(head_values(trace, head, "W_K").at(group) == 1);
    CHECK(head_values(trace, head, "W_V").at(group) == 1);
    CHECK(head_values(trace, head, "b_K").at(0) == (group == 0 ? 10 : 20));
    CHECK(head_values(trace, head, "b_V").at(0) == (group == 0 ? 30 : 40));
  }
}

TEST_CASE("grouped heads: the memory of keys and values") {
  // 2 · layers · tokens · groups · head size · bytes of a number.
  const std::string wanted = examples().at("kv");
  std::string got;
  for (const std::size_t groups : {32, 8, 1}) {
    std::string digits = std::to_string(std::size_t{2} * 32 * 4096 * groups * 128 * 2);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    if (!got.empty()) got += " / ";
    got += digits;
  }
  CHECK(got == wanted);
}

TEST_CASE("grouped heads: as many groups as heads is multi-head attention, bit for bit") {
  for (const DType dtype : test::kDTypes) {
    const Trace plain = run_attention(random_problem(4, {}, dtype));
    CHECK(same_steps(run_attention(random_problem(4, 4, dtype)), plain));
    const Trace shared = run_attention(random_problem(4, 2, dtype));
    CHECK(head_values(shared, 0, "W_K").shape() == std::vector<std::size_t>{8, 2});
    CHECK(head_values(shared, 0, "key").same_bits(head_values(shared, 1, "key")));
    CHECK(!head_values(shared, 0, "key").same_bits(head_values(shared, 2, "key")));
    CHECK(!head_values(shared, 0, "query").same_bits(head_values(shared, 1, "query")));
    CHECK(first_not_recomputed(shared) == "");
  }
}

TEST_CASE("grouped heads: equal to multi-head attention with the groups' columns repeated") {
  Problem grouped = problem_of(random_tensor({5, 4}, "x"));
  grouped.attention.heads = 4;
  grouped.attention.key_value_heads = 2;
  const Tensor k = random_tensor({4, 2}, "k"), v = random_tensor({4, 2}, "v");
  grouped.attention.weights = GivenWeights{.w_k = k, .w_v = v};
  const auto repeated = [](const Tensor& m) {
    const Tensor a = m.slice_columns(0, 1), b = m.slice_columns(1, 1);
    return test::evaluate(ops::concat, {a, a, b, b});
  };
  Problem full = grouped;
  full.attention.key_value_heads = {};
  full.attention.weights = GivenWeights{.w_k = repeated(k), .w_v = repeated(v)};
  CHECK(same_steps(run_attention(grouped), run_attention(full)));
}

TEST_CASE("grouped heads: what does not fit") {
  Problem problem = running_example();
  problem.attention.heads = 2;
  problem.attention.key_value_heads = 1;
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/weights/W_K: expected shape [2, 1] (embedding × head size · key_value_heads), "
        "got [2, 2]");
  std::get<GivenWeights>(problem.attention.weights).w_k.reset();
  std::get<GivenWeights>(problem.attention.weights).w_v.reset();
  CHECK(
      error_of([&] { run_attention(problem); }) ==
      "/attention/weights: W_K is missing, and the identity does not fit: it would make 1 numbers "
      "of 2 (key_value_heads 1, size 1)\n  hint: give W_K with shape [2, 1]");
  problem.attention.key_value_heads = 3;
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/key_value_heads: expected a divisor of the 2 heads, got 3\n"
        "  hint: 1 shares one key and value among all heads, 2 gives each its own");
}

// ---- talking heads ----

TEST_CASE("talking heads: the worked example") {
  Problem problem = talking_example();
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "mixed_scores"), "mh_S1") == "");
  CHECK(off(head_values(trace, 1, "mixed_scores"), "th_L2") == "");
  CHECK(off(head_values(trace, 0, "mixed_weights"), "th_W1") == "");
  CHECK(off(head_values(trace, 1, "mixed_weights"), "th_W2") == "");
  CHECK(off(values_of(trace, "layer0/concat"), "th_O") == "");
  Tensor sums(DType::kFloat64, {Axis{3}});
  const Tensor& mixed = head_values(trace, 0, "mixed_weights");
  for (std::size_t i = 0; i < 3; ++i) {
    sums.values<double>()[i] = mixed.at(i, 0) + mixed.at(i, 1) + mixed.at(i, 2);
  }
  CHECK(off(sums, "th_rs") == "");
  CHECK(first_not_recomputed(trace) == "");
  CHECK(trace.find("layer0/head1/mixed_scores")->equation == "S_mixed = Σ_f P_l[f, 1] S of head f");
}

TEST_CASE("talking heads: all heads stage by stage") {
  Problem problem = talking_example();
  problem.attention.mask.causal = true;
  std::vector<std::string> stages;
  for (const std::string& id : test::ids_of(run_attention(problem))) {
    if (id.find("scores") != id.npos || id.find("weights") != id.npos ||
        id.find("output") != id.npos) {
      stages.push_back(id.substr(std::string("layer0/").size()));
    }
  }
  CHECK(stages == std::vector<std::string>{"talking_scores", "talking_weights", "head0/scores",
                                           "head1/scores", "head0/mixed_scores",
                                           "head1/mixed_scores", "head0/masked_scores",
                                           "head0/weights", "head1/masked_scores", "head1/weights",
                                           "head0/mixed_weights", "head1/mixed_weights",
                                           "head0/output", "head1/output", "attention_output"});
}

TEST_CASE("talking heads: with identity matrices equal to multi-head attention") {
  for (const DType dtype : test::kDTypes) {
    Problem problem = random_problem(4, 2, dtype);
    problem.attention.mask.window = {2, 1};
    problem.attention.softcap = 3;
    const Tensor plain = values_of(run_attention(problem), "layer0/attention_output");
    const Tensor each = identity_matrix(4, dtype);
    for (const TalkingHeads& talking : {TalkingHeads{.scores = each, .weights = each},
                                        TalkingHeads{.scores = each, .weights = {}},
                                        TalkingHeads{.scores = {}, .weights = each}}) {
      problem.attention.talking_heads = talking;
      const Trace trace = run_attention(problem);
      CHECK(values_of(trace, "layer0/attention_output").same_bits(plain));
      CHECK(first_not_recomputed(trace) == "");
    }
  }
}

TEST_CASE("talking heads: mixed weights are not promised to sum to 1, and masked keys stay 0") {
  Problem problem = talking_example();
  problem.attention.mask.causal = true;
  problem.attention.talking_heads->weights = matrix({{-3, 0.5}, {1, 1}});
  const Trace trace = run_attention(problem);
  CHECK(head_values(trace, 0, "mixed_weights").at(0, 0) == -2);
  CHECK(head_values(trace, 0, "mixed_weights").at(0, 1) == 0);
  CHECK(figure::heatmaps(trace, {.all_steps = true}).size() > 3);  // and yet they are drawn
  CHECK(!find_operation("mix-heads")->rows_sum_to_one);
}

TEST_CASE("talking heads: what does not fit") {
  Problem problem = talking_example();
  problem.attention.talking_heads->scores = matrix({{1}});
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/talking_heads/scores: expected shape [2, 2] (heads × heads), got [1, 1]");
  problem = talking_example();
  problem.attention.differential = Differential{.lambda = 0.5};
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/talking_heads: talking heads and differential attention exclude each other\n"
        "  hint: leave out one of the two");
}

// ---- differential attention ----

TEST_CASE("differential: the worked example") {
  const Trace trace = run_attention(differential_example());
  CHECK(std::abs(values_of(trace, "layer0/lambda").at(0) - examples()["df_lam"].get<double>()) <=
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
  CHECK(first_not_recomputed(trace) == "");
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
  const Tensor wanted = test::tensor_of(examples()["df_li"]);
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
  CHECK(first_not_recomputed(trace) == "");
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
  CHECK(figures[0].figure.scale.note == "weight, −1 to 1: some are negative");

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
        "layer0/head0/weights: row 1: expected weights with sum 0.598799, got sum 1.0988; not "
        "drawn");
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
        "/attention/heads: expected a divisor of the embedding size 6 halved, got 2\n"
        "  hint: choose other heads, or give head_size and the matrices");
  problem = differential_example();
  problem.attention.differential->lambda_q1 = problem.attention.differential->lambda_k1 =
      vector_of({40});
  CHECK(error_of([&] { run_attention(problem); })
            .find("layer0/lambda: the value of row 0, column "
                  "0 overflows float64") == 0);
}

// ---- graph attention ----

TEST_CASE("graph attention network: the worked example") {
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}));
  problem.attention.score.type = ScoreType::kGat;
  problem.attention.score.a = vector_of({1, -1, 0.5, 0.25});
  problem.attention.mask.allow = matrix({{1, 1, 0}, {1, 1, 1}, {0, 1, 1}});
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "scores"), "gat_e") == "");
  CHECK(off(head_values(trace, 0, "weights"), "gat_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "gat_O") == "");
  CHECK(first_not_recomputed(trace) == "");
  CHECK(trace.find("layer0/head0/scores")->equation == "S = LeakyReLU(a · [Q ‖ K])");
  CHECK(trace.find("layer0/head0/scores")->attributes == Attributes{{"slope", 0.2}});
}

TEST_CASE("graph attention network: one vector for each head, and ones without any") {
  Problem problem = problem_of(random_tensor({4, 2}, "x"));
  problem.attention.heads = 2;
  problem.attention.score.type = ScoreType::kGat;
  problem.attention.score.a = matrix({{1, 2}, {3, 4}});
  const Trace trace = run_attention(problem);
  CHECK(head_values(trace, 1, "score_a").same_bits(vector_of({3, 4})));
  problem.attention.score.a.reset();
  CHECK(head_values(run_attention(problem), 1, "score_a").same_bits(vector_of({1, 1})));
  problem.attention.score.a = vector_of({1, 2, 3});
  CHECK(error_of([&] { run_attention(problem); }) ==
        "/attention/score/a: expected shape [2] (query size + key size), got [3]");
}

TEST_CASE("graph attention network: all queries rank the keys alike where no score is cut") {
  // The score is a sum of a share of the query and one of the key: static attention.
  Problem problem = problem_of(random_tensor({6, 3}, "x"));
  problem.attention.score.type = ScoreType::kGat;
  problem.attention.score.slope = 1;
  const Trace trace = run_attention(problem);
  const Tensor& a = head_values(trace, 0, "weights");
  for (std::size_t i = 1; i < 6; ++i) {
    for (std::size_t j = 0; j < 6; ++j) CHECK(std::abs(a.at(i, j) - a.at(0, j)) <= 1e-12);
  }
}

}  // namespace
}  // namespace attn_viz
