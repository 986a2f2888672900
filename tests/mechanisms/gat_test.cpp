// The score of graph attention networks: worked numbers and laws.
#include <cmath>

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
using test::vector_of;

TEST_CASE("graph attention network: the worked example") {
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}));
  problem.attention.score.type = ScoreType::kGat;
  problem.attention.score.a = vector_of({1, -1, 0.5, 0.25});
  problem.attention.mask.allow = matrix({{1, 1, 0}, {1, 1, 1}, {0, 1, 1}});
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "scores"), "gat_e") == "");
  CHECK(off(head_values(trace, 0, "weights"), "gat_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "gat_O") == "");
  CHECK(first_other_step(trace) == "");
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
