// Attention under edges and sparse patterns: worked numbers, laws, what the trace tells.
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"
#include "support/reference.hpp"
#include "support/running_example.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using test::head_values;
using test::matrix;
using test::off;
using test::problem_of;
using test::random_tensor;
using test::running_example;
using test::values_of;

Problem unscaled_example() {
  Problem problem = running_example();
  problem.attention.score.type = ScoreType::kDotProduct;
  return problem;
}

PatternSettings pattern_of(PatternType type, std::size_t window) {
  PatternSettings pattern;
  pattern.type = type;
  pattern.window = window;
  return pattern;
}

TEST_CASE("graph attention: a path of three nodes, with and without self-loops") {
  Problem path = unscaled_example();
  path.attention.mask.edges = matrix({{0, 1}, {1, 0}, {1, 2}, {2, 1}});
  path.attention.mask.self_loops = true;
  const Trace loops = run_attention(path);
  CHECK(off(head_values(loops, 0, "weights"), "gr_A") == "");
  CHECK(off(head_values(loops, 0, "output"), "gr_O") == "");
  const Step* mask = loops.find("layer0/mask");
  CHECK(mask->findings == Attributes{{"density", 7 / 9.0}, {"diameter", 2.0}});
  CHECK(mask->attributes == Attributes{{"self_loops", true}});
  CHECK(mask->equation == "M = (i = j ∨ (i, j) ∈ E)");
  CHECK(test::first_other_step(loops) == "");

  Problem isolated = unscaled_example();
  isolated.attention.mask.edges = matrix({{0, 1}, {1, 0}});
  const Trace alone = run_attention(isolated);
  CHECK(off(head_values(alone, 0, "weights"), "gr_A0") == "");
  CHECK(alone.find("layer0/head0/weights")->findings ==
        Attributes{{"empty_rows", std::vector<double>{2}}});
  for (std::size_t j = 0; j < 2; ++j) CHECK(head_values(alone, 0, "output").at(2, j) == 0);
  CHECK(test::first_other_step(alone) == "");
}

TEST_CASE("edges in cross-attention: of a query to a key of the context") {
  Problem problem = problem_of(random_tensor({2, 3}, "x"));
  problem.context = test::context_of(random_tensor({4, 3}, "y"));
  problem.attention.mask.edges = matrix({{0, 3}, {1, 0}});
  const Trace trace = run_attention(problem);
  CHECK(head_values(trace, 0, "weights")
            .same_bits(matrix({{0, 0, 0, 1}, {1, 0, 0, 0}})
                           .with_axes({Axis{2, "token"}, Axis{4, "context"}})));
  CHECK(trace.find("layer0/mask")->findings == Attributes{{"density", 0.25}});
  CHECK(test::first_other_step(trace) == "");
}

TEST_CASE("patterns: one key left is one weight of 1; weights of the hidden are 0") {
  for (const DType dtype : test::kDTypes) {
    for (const PatternType type :
         {PatternType::kDilated, PatternType::kStrided, PatternType::kLongformer,
          PatternType::kBigBird, PatternType::kSinks}) {
      CAPTURE(kPatternNames[static_cast<std::size_t>(type)], name_of(dtype));
      Problem problem = problem_of(random_tensor({12, 4}, "x", dtype));
      problem.attention.heads = 2;
      problem.attention.mask.pattern = pattern_of(type, 2);
      const Trace trace = run_attention(problem);
      const Tensor& mask = values_of(trace, "layer0/mask");
      for (std::size_t head = 0; head < 2; ++head) {
        const Tensor& weights = head_values(trace, head, "weights");
        for (std::size_t place = 0; place < mask.count(); ++place) {
          CHECK((weights.at(place) > 0) == (mask.at(place) == 1));
        }
      }
      CHECK(test::first_other_step(trace) == "");
    }
  }
}

TEST_CASE("patterns: a window as wide as the sequence is full or causal attention") {
  const Tensor x = random_tensor({9, 4}, "x");
  const auto output = [&](std::optional<PatternSettings> pattern, bool causal = false) {
    Problem problem = problem_of(x);
    problem.attention.mask.pattern = std::move(pattern);
    problem.attention.mask.causal = causal;
    return values_of(run_attention(problem), "layer0/attention_output");
  };
  PatternSettings dilated = pattern_of(PatternType::kDilated, 9);
  dilated.step = 1;
  CHECK(output(dilated).same_bits(output({})));
  CHECK(output(pattern_of(PatternType::kLongformer, 9)).same_bits(output({})));
  CHECK(output(pattern_of(PatternType::kBigBird, 9)).same_bits(output({})));
  CHECK(output(pattern_of(PatternType::kStrided, 9)).same_bits(output({}, true)));
  CHECK(output(pattern_of(PatternType::kSinks, 9)).same_bits(output({}, true)));
  CHECK_FALSE(output(pattern_of(PatternType::kSinks, 2)).same_bits(output({}, true)));
}

TEST_CASE("big-bird: random keys as given stand in the trace") {
  Problem problem = problem_of(random_tensor({3, 2}, "x"));
  PatternSettings pattern = pattern_of(PatternType::kBigBird, 0);
  pattern.global = {};
  pattern.random_keys = matrix({{0, 2}, {2, 1}});
  pattern.random_lists = 3;
  problem.attention.mask.pattern = pattern;
  const Trace trace = run_attention(problem);
  CHECK(values_of(trace, "layer0/random_keys").same_bits(matrix({{0, 2}, {2, 1}})));
  CHECK(values_of(trace, "layer0/mask")
            .same_bits(matrix({{1, 0, 1}, {0, 1, 0}, {0, 1, 1}})
                           .with_axes({Axis{3, "token"}, Axis{3, "token"}})));
  CHECK(test::first_other_step(trace) == "");
}

}  // namespace
}  // namespace attn_viz
