// Which figures a stack gives, and maps of patches that have tokens before them.
#include "attn_viz/figure/heatmaps.hpp"
#include "catch.hpp"
#include "support/problems.hpp"

namespace attn_viz::figure {
namespace {

const Figure& figure_of(const std::vector<NamedFigure>& figures, const std::string& name) {
  for (const NamedFigure& figure : figures) {
    if (figure.name == name) return figure.figure;
  }
  throw std::runtime_error("no figure " + name);
}

TEST_CASE("figures: an overview for each kind of attention in a stack") {
  Problem problem = test::problem_of(test::random_tensor({3, 4}, "x"));
  LayerSettings layer;
  layer.attention = layer.cross_attention = AttentionSettings{};
  layer.attention->heads = 2;
  problem.layers = {layer, layer};
  problem.context = test::context_of(test::random_tensor({5, 4}, "y"));
  problem.context->layers.resize(1);
  problem.context->layers[0].attention = AttentionSettings{};
  problem.output = OutputSettings{};
  const Trace trace = run_attention(problem);
  const std::vector<NamedFigure> figures = heatmaps(trace);
  CHECK(figures.size() == 3 + 4 + 2 + 1 + 1);

  const Figure& self = figure_of(figures, "heatmap");
  CHECK(self.subtitle == "Self-attention weights of 4 heads in 2 layers");
  CHECK(self.panels_per_row == 2);
  REQUIRE(self.panels.size() == 4);
  CHECK(self.panels[3].title == "layer 1, head 1");
  const Figure& cross = figure_of(figures, "heatmap-cross");
  CHECK(cross.subtitle == "Cross-attention weights of 2 heads in 2 layers");
  CHECK(cross.panels[0].values.columns() == 5);
  CHECK(figure_of(figures, "heatmap-encoder").subtitle ==
        "Self-attention weights of the encoder: 1 head");
  CHECK(figure_of(figures, "heatmaps/layer1-cross-head0-weights").subtitle ==
        "Layer 1, cross-attention, head 0: weights    A = softmax(S_scaled)");
  CHECK(figure_of(figures, "heatmaps/encoder-layer0-head0-weights").subtitle ==
        "Encoder, layer 0, head 0: weights    A = softmax(S_scaled)");
  const Figure& output = figure_of(figures, "heatmaps/output-probabilities");
  CHECK(output.columns.name == "label");
  CHECK(output.scale.note == "probability, 0 to 1");
  HeatmapOptions all;
  all.all_steps = true;
  CHECK(heatmaps(trace, all).size() == trace.steps.size() + 3);
}

TEST_CASE("figures: a map of patches leaves out the class token and registers") {
  Problem problem = test::problem_of(test::random_tensor({8, 3}, "x"));
  problem.axis.grid = {2, 3};
  problem.axis.extra = 2;
  problem.axis.labels = {"[CLS]", "[REG 0]", "0,0", "0,1", "0,2", "1,0", "1,1", "1,2"};
  const Trace trace = run_attention(problem);
  const Tensor& weights = test::head_values(trace, 0, "weights");

  // The middle patch is the query that is drawn if none is asked for.
  const Figure middle = figure_of(heatmaps(trace), "heatmaps/layer0-head0-weights-query6");
  CHECK(middle.panels[0].marked == std::pair<std::size_t, std::size_t>(1, 1));
  CHECK(middle.panels[0].values.at(0, 0) == weights.at(6, 2));
  CHECK(middle.panels[0].values.at(1, 2) == weights.at(6, 7));

  HeatmapOptions options;
  options.query = "[CLS]";
  const Figure token = figure_of(heatmaps(trace, options), "heatmaps/layer0-head0-weights-query0");
  CHECK(token.subtitle == "Layer 0, head 0: weights of query token [CLS]");
  CHECK_FALSE(token.panels[0].marked.has_value());
  CHECK(token.panels[0].values.at(0, 1) == weights.at(0, 3));
  REQUIRE(token.notes.size() == 1);
  CHECK(token.notes[0].substr(0, 46) == "Left out of the map: [CLS] to [REG 0], with 0.");
}

TEST_CASE("figures: a query that the encoder alone has is drawn there") {
  Problem problem = test::problem_of(test::random_tensor({3, 4}, "x"));
  problem.context = test::context_of(test::random_tensor({6, 4}, "y"));
  problem.context->axis.grid = {2, 3};
  problem.context->axis.labels = {"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"};
  problem.context->layers.resize(1);
  problem.context->layers[0].attention = AttentionSettings{};
  const Trace trace = run_attention(problem);
  HeatmapOptions options;
  options.query = "1,2";
  const std::vector<NamedFigure> figures = heatmaps(trace, options);
  CHECK(figure_of(figures, "heatmaps/encoder-layer0-head0-weights-query5").panels[0].marked);
  CHECK_FALSE(figure_of(figures, "heatmaps/layer0-head0-weights-query0").panels[0].marked);
  options.query = "2,2";
  CHECK_THROWS(heatmaps(trace, options));
}

}  // namespace
}  // namespace attn_viz::figure
