// What figures of weights say beyond 0 to 1, about empty rows, and of nests of three axes.
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/trace/verify.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz::figure {
namespace {

using test::matrix;

/// Scores are the products of the embeddings of one number.
Trace trace_of(NormalizerType normalizer, std::initializer_list<double> numbers) {
  Buffer<double> values(numbers);
  const std::size_t n = values.size();
  Problem problem = test::problem_of(Tensor({Axis{n}, Axis{1}}, std::move(values)));
  problem.attention.score.type = ScoreType::kDotProduct;
  problem.attention.normalize.type = normalizer;
  return run_attention(problem);
}

TEST_CASE("weights above 1 get a scale up to the largest, and the figure says so") {
  const Trace trace = trace_of(NormalizerType::kRelu, {2, 0.5, -1});
  const std::vector<NamedFigure> figures = heatmaps(trace);
  for (const NamedFigure& each : figures) {
    CHECK(each.figure.scale.low == 0);
    CHECK(each.figure.scale.high == 4);
    CHECK(each.figure.scale.note == "weight, 0 to the largest (4)");
  }
  const Trace small = trace_of(NormalizerType::kRelu, {1, 0.5, -1});
  CHECK(heatmaps(small)[0].figure.scale.high == 1);
  CHECK(heatmaps(small)[0].figure.scale.note == "weight, 0 to 1");
}

TEST_CASE("rows to which relu leaves nothing are named below the figure") {
  for (const NormalizerType type :
       {NormalizerType::kRelu, NormalizerType::kReluMean, NormalizerType::kReluNormalized}) {
    const Trace trace = trace_of(type, {1, 0, 1, 0});
    const std::vector<std::string> notes = heatmaps(trace)[1].figure.notes;
    CHECK(notes ==
          std::vector<std::string>{"No score is positive for: 1, 3; all its weights are 0."});
  }
  Problem problem = test::problem_of(matrix({{1}, {1}}));
  problem.attention.mask.edges = matrix({{0, 1}});
  const Trace trace = run_attention(problem);
  CHECK(heatmaps(trace)[1].figure.notes ==
        std::vector<std::string>{"No key is visible to: 1; all its weights are 0."});
}

TEST_CASE("every normaliser, sink and online softmax can be drawn, all steps of it") {
  for (std::size_t type = 0; type < std::size(kNormalizerNames); ++type) {
    CAPTURE(kNormalizerNames[type]);
    const Trace trace = trace_of(static_cast<NormalizerType>(type), {2, 0, -1});
    Painter painter;
    for (const NamedFigure& each : heatmaps(trace, {.all_steps = true})) {
      CHECK_FALSE(painter.paint(each.figure, Format::kPng).bytes.empty());
    }
  }
  for (const bool online : {false, true}) {
    Problem problem = test::problem_of(test::random_tensor({3, 4}, "x"));
    problem.attention.mask.causal = true;
    problem.attention.mask.edges = matrix({{0, 1}, {1, 0}, {2, 1}});
    problem.attention.tricks.qk_norm = QkNormSettings{};
    if (online) problem.attention.tricks.evaluation = Evaluation::kOnline;
    if (!online) problem.attention.tricks.sink = {1};
    const Trace trace = run_attention(problem);
    Painter painter;
    bool drawn = false;
    for (const NamedFigure& each : heatmaps(trace, {.all_steps = true})) {
      CHECK_FALSE(painter.paint(each.figure, Format::kPng).bytes.empty());
      if (each.name != "heatmaps/layer0-head0-online_accumulator") continue;
      drawn = true;
      CHECK(each.figure.rows.name == "query, key");
      CHECK(each.figure.rows.labels == std::vector<std::string>{"0, 0", "0, 1", "0, 2", "1, 0",
                                                                "1, 1", "1, 2", "2, 0", "2, 1",
                                                                "2, 2"});
    }
    CHECK(drawn == online);
  }
}

TEST_CASE("weights of a trace from elsewhere need rows of queries and columns of keys") {
  Trace trace = trace_of(NormalizerType::kSoftmax, {2, 1});
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/weights") step.values = step.values.with_axes({Axis{4}});
  }
  CHECK(test::error_of([&] { heatmaps(trace); }) ==
        "layer0/head0/weights: expected weights [queries, keys], got [4]");
}

TEST_CASE("weights are verified by what their operation promises") {
  for (const char* op :
       {"softmax", "sparsemax", "entmax", "hardmax", "sample", "relu-normalized"}) {
    Trace trace = trace_of(NormalizerType::kSoftmax, {1, 2});
    Step& weights = trace.steps[static_cast<std::size_t>(trace.find("layer0/head0/weights") -
                                                         trace.steps.data())];
    weights.op = op;
    weights.values.values<double>()[0] += 0.01;
    CHECK(test::error_of([&] { verify_weights(trace, weights); }) ==
          "layer0/head0/weights: row 0: expected weights with sum 1, got sum 1.01");
    weights.op = "sigmoid";  // of which no sum is promised: it is computed again
    CHECK(
        test::error_of([&] { verify_weights(trace, weights); }) ==
        "layer0/head0/weights: row 0, column 0: expected weight 0.731059, as \"sigmoid\" computes "
        "it, got 0.278941");
  }
}

}  // namespace
}  // namespace attn_viz::figure
