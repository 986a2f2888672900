// Figures of results: of mechanisms without weights, and of two results that are compared.
#include <cmath>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "catch.hpp"
#include "figure/names.hpp"
#include "support/problems.hpp"
#include "support/tasks.hpp"

namespace attn_viz::figure {
namespace {

LabelledRows rows(Tensor values) {
  AxisInfo axis = test::numbered_axis(values.rows());
  return {std::move(axis), std::move(values)};
}

ConvolutionSettings three_taps() {
  return {.kernel = Tensor({Axis{3}, Axis{1}, Axis{1}}, Buffer<double>{0.5, 1, -1}),
          .row_shifts = {0, 0, 0},
          .column_shifts = {-1, 0, 1}};
}

TEST_CASE("results: layers of convolution side by side, then every computed step") {
  SequenceConvolution task{.title = "t", .dtype = DType::kFloat64};
  task.input = rows(test::matrix({{1}, {2}, {4}}));
  task.layers = {three_taps(), three_taps()};
  const Trace trace = run_convolution(task, 1 << 20);
  const std::vector<NamedFigure> figures = heatmaps(trace);
  CHECK(names_of(figures) == std::vector<std::string>{"heatmap", "heatmaps/input-embeddings",
                                                      "heatmaps/layer0-output",
                                                      "heatmaps/layer1-output"});
  const Figure& overview = figures[0].figure;
  REQUIRE(overview.panels.size() == 2);
  CHECK(overview.panels[0].title == "layer 0");
  CHECK(overview.panels[1].values.at(2, 0) == test::values_of(trace, "layer1/output").at(2));
}

TEST_CASE("results: a memory shows every stage of its reading") {
  const Trace hard = test::trace_of_sample("memory-hard");
  CHECK(names_of(heatmaps(hard)) ==
        std::vector<std::string>{"heatmap", "heatmaps/weights", "heatmaps/similarity",
                                 "heatmaps/choice", "heatmaps/output", "heatmaps/joined"});
  const Figure joined = heatmaps(hard).back().figure;
  CHECK(joined.rows.name == "");
  CHECK(joined.rows.labels == std::vector<std::string>{"o"});
  HeatmapOptions all;
  all.all_steps = true;
  CHECK(names_of(heatmaps(hard, all)).size() == 8);  // the queries and the memory, too
  const Trace soft = test::trace_of_sample("memory");
  CHECK(names_of(heatmaps(soft)) == std::vector<std::string>{"heatmap", "heatmaps/weights",
                                                             "heatmaps/similarity",
                                                             "heatmaps/output"});
}

TEST_CASE("results: a convolution, its attention, their difference, on one scale and on the grid") {
  ConvolutionAsAttention task{.title = "t", .dtype = DType::kFloat64};
  task.input = rows(test::matrix({{1}, {2}, {4}, {8}}));
  task.input.axis.grid = {2, 2};
  task.convolution = three_taps();
  const Trace trace = run_convolution_as_attention(task, 1 << 20);
  const std::vector<NamedFigure> figures = heatmaps(trace);
  REQUIRE(figures.back().name == "heatmap-difference");
  const Figure& figure = figures.back().figure;
  REQUIRE(figure.panels.size() == 3);
  CHECK(figure.panels[0].title == "convolution C");
  CHECK(figure.panels[1].title == "attention_output Y");
  CHECK(figure.panels[2].title == "difference D");
  CHECK(figure.panels[2].values.rows() == 2);
  for (std::size_t i = 0; i < 4; ++i) {
    const auto at = [&](std::size_t panel) { return figure.panels[panel].values.at(i / 2, i % 2); };
    CHECK(at(1) - at(0) == at(2));
    CHECK(std::abs(at(0)) <= figure.scale.high);
  }
}

TEST_CASE("results: the alignment is named target and source, without heads") {
  EncoderDecoder task{.title = "t", .dtype = DType::kFloat64};
  task.source = rows(test::matrix({{1}, {2}}));
  task.target = test::numbered_axis(3);
  task.attention.type = AlignmentType::kNone;
  task.attention.summary = Summary::kMean;
  const Trace trace = run_encoder_decoder(task, 1 << 20);
  const std::vector<NamedFigure> figures = heatmaps(trace);
  CHECK(names_of(figures) == std::vector<std::string>{"heatmap", "heatmaps/weights"});
  CHECK(figures[0].figure.rows.name == "target");
  CHECK(figures[0].figure.columns.name == "source");
  CHECK(figures[0].figure.panels[0].title == "");
}

}  // namespace
}  // namespace attn_viz::figure
