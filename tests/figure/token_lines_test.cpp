// From a trace to lines: a picture a layer with all its heads, the scale, the chosen query.
#include "attn_viz/figure/lines.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/trace/select.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz::figure {
namespace {

using test::matrix;

Trace two_heads() {
  Problem problem = test::problem_of(test::random_tensor({3, 4}, "x"));
  problem.attention.heads = 2;
  return run_attention(problem);
}

std::vector<NamedLines> all_lines(const Trace& trace, const TokenLinesOptions& options = {},
                                  const StepQuery& steps = {}) {
  return token_lines(trace, select_steps(trace, steps), options);
}

TEST_CASE("token lines: the heads of a layer are one picture, with the trace's own numbers") {
  const Trace trace = two_heads();
  const std::vector<NamedLines> pictures = all_lines(trace);
  REQUIRE(pictures.size() == 1);
  const TokenLines& lines = pictures[0].lines;
  CHECK(pictures[0].name == "layer0-lines");
  CHECK(lines.subtitle == "Layer 0: weights");
  CHECK(lines.queries.name == "queries");
  CHECK(lines.keys.labels == trace.axis("token")->labels);
  CHECK(lines.strongest == 1);
  CHECK(lines.colors == 2);
  REQUIRE(lines.heads.size() == 2);
  for (std::size_t h = 0; h < 2; ++h) {
    const Step& step = *trace.find(h == 0 ? "layer0/head0/weights" : "layer0/head1/weights");
    CHECK(lines.heads[h].name == (h == 0 ? "head 0" : "head 1"));
    CHECK(lines.heads[h].color == h);
    for (std::size_t i = 0; i < 3; ++i)
      for (std::size_t j = 0; j < 3; ++j)
        CHECK(lines.heads[h].weights.at(i, j) == step.values.at(i, j));
  }
}

TEST_CASE("token lines: a head keeps its color where others are left out") {
  const Trace trace = two_heads();
  const TokenLines lines = all_lines(trace, {}, {.head = "1"})[0].lines;
  REQUIRE(lines.heads.size() == 1);
  CHECK(lines.heads[0].color == 1);
  CHECK(lines.colors == 2);
}

TEST_CASE("token lines: in print each head is a picture of its own") {
  const Trace trace = two_heads();
  const std::vector<NamedLines> pictures = all_lines(trace, {.theme = Theme::kPrint});
  REQUIRE(pictures.size() == 2);
  CHECK(pictures[1].name == "layer0-lines-head1");
  CHECK(pictures[1].lines.subtitle == "Layer 0: weights, head 1");
  CHECK(pictures[1].lines.heads.size() == 1);
}

TEST_CASE("token lines: the scale goes beyond 1 with the weights, or to the strongest if asked") {
  Problem problem = test::problem_of(matrix({{2}, {0.5}}));
  problem.attention.score.type = ScoreType::kDotProduct;
  problem.attention.normalize.type = NormalizerType::kRelu;
  CHECK(all_lines(run_attention(problem))[0].lines.strongest == 4);
  const Trace trace = two_heads();
  double largest = 0;
  for (const NamedLines& each : all_lines(trace, {.auto_scale = true})) {
    for (const HeadLines& head : each.lines.heads)
      for (std::size_t k = 0; k < 9; ++k)
        largest = std::max(largest, head.weights.at(k / 3, k % 3));
    CHECK(each.lines.strongest == largest);
  }
}

TEST_CASE("token lines: scores are lines, too, with their own scale and file") {
  Problem problem = test::problem_of(matrix({{2}, {-1}}));
  problem.attention.score.type = ScoreType::kDotProduct;
  problem.attention.mask.causal = true;
  const Trace trace = run_attention(problem);
  const std::vector<NamedLines> pictures = all_lines(trace, {}, {.step = "scores"});
  REQUIRE(pictures.size() == 1);
  CHECK(pictures[0].name == "layer0-scores-lines");
  CHECK(pictures[0].lines.quantity == "scores");
  CHECK(pictures[0].lines.strongest == 4);
  CHECK_FALSE(paint(pictures[0].lines, Format::kSvg).bytes.empty());
}

TEST_CASE("token lines: a query by index or label; the wrong one is refused with the nearest") {
  Trace trace = two_heads();
  for (AxisInfo& axis : trace.axes) axis.labels = {"Tom", "chases", "Jerry"};
  CHECK(all_lines(trace, {.query = "Jerry"})[0].lines.query == 2u);
  CHECK(all_lines(trace, {.query = "1"})[0].lines.query == 1u);
  CHECK(all_lines(trace, {.query = "1"})[0].lines.subtitle ==
        "Layer 0: weights, of query 1 (\"chases\")");
  CHECK(test::error_of([&] { all_lines(trace, {.query = "Jery"}); }) ==
        "there is no query \"Jery\"; expected an index from 0 to 2 or a label\n"
        "  hint: did you mean \"Jerry\"?");
}

TEST_CASE("token lines: only what joins tokens can be drawn so") {
  const Trace trace = two_heads();
  CHECK(test::error_of([&] { all_lines(trace, {}, {.step = "query"}); }) ==
        "layer0/head0/query: expected a step from tokens to tokens, to join them by lines\n"
        "  hint: draw it as a heatmap, or choose weights or scores");
}

}  // namespace
}  // namespace attn_viz::figure
