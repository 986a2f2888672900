// Heads that share or talk: worked numbers and laws.
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

Problem talking_example() {
  Problem problem = running_example();
  problem.attention.heads = 2;
  problem.attention.talking_heads = {.scores = matrix({{1, 0.5}, {0, 1}}),
                                     .weights = matrix({{0.75, 0.25}, {0.25, 0.75}})};
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
  const auto groups = nlohmann::json::parse(worked("gqa").get<std::string>());
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
  const std::string wanted = worked("kv");
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
    CHECK(first_other_step(shared) == "");
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
  CHECK(first_other_step(trace) == "");
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
      CHECK(first_other_step(trace) == "");
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

TEST_CASE("all kinds of heads: permuting the tokens permutes the output") {
  const Tensor x = random_tensor({7, 8}, "x");
  const std::vector<std::size_t> order{4, 2, 6, 0, 5, 1, 3};
  AttentionSettings plain;
  plain.heads = 2;
  plain.weights = RandomWeights{11};
  std::vector<AttentionSettings> kinds(4, plain);
  kinds[0].key_value_heads = 1;
  kinds[1].talking_heads =
      TalkingHeads{.scores = random_tensor({2, 2}, "P_l"), .weights = random_tensor({2, 2}, "P_w")};
  kinds[2].differential = Differential{.lambda = 0.5, .norm = true};
  kinds[3].score.type = ScoreType::kGat;
  for (const AttentionSettings& kind : kinds) {
    const std::string id = "layer0/attention_output";
    const Tensor first = values_of(run_attention(problem_of(x, kind)), id);
    const Tensor second = values_of(run_attention(problem_of(test::reordered(x, order), kind)), id);
    CHECK(test::mismatch(second, test::reordered(first, order), 1e-12) == "");
    CHECK(test::mismatch(second, first, 1e-3) != "");  // the law is not empty
  }
}

}  // namespace
}  // namespace attn_viz
