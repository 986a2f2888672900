// From a trace to overlays: which maps, of what, on what scale, and what the figure says.
#include "attn_viz/figure/overlays.hpp"

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz::figure {
namespace {

using test::error_of;

AxisInfo patches(std::size_t rows, std::size_t columns, std::vector<std::string> before = {}) {
  AxisInfo axis{
      .name = {}, .labels = std::move(before), .grid = std::pair(rows, columns), .image = "p.png"};
  axis.extra = axis.labels.size();
  for (std::size_t i = 0; i < rows * columns; ++i)
    axis.labels.push_back(std::to_string(i / columns) + "," + std::to_string(i % columns));
  return axis;
}

AxisInfo words(std::vector<std::string> labels) {
  return {.name = {}, .labels = std::move(labels), .grid = std::nullopt, .image = {}};
}

/// Self-attention of 2 × 3 patches behind a class token.
Problem self_problem(std::size_t heads) {
  Problem problem = test::problem_of(test::random_tensor({7, 4}, "x", DType::kFloat64, 3));
  problem.axis = patches(2, 3, {"[CLS]"});
  problem.attention.heads = heads;
  return problem;
}

/// Words that look at 2 × 2 patches.
Problem caption_problem() {
  Problem problem = test::problem_of(test::random_tensor({3, 2}, "x"));
  problem.axis = words({"a", "red", "ball"});
  problem.context = test::context_of(test::random_tensor({4, 2}, "y"));
  problem.context->axis = patches(2, 2);
  return problem;
}

std::vector<NamedDrawing> draw(const Trace& trace, const OverlayOptions& options = {}) {
  std::vector<const Step*> weights;
  for (const Step& step : trace.steps)
    if (parse_step_id(step.id).step == "weights") weights.push_back(&step);
  const auto image = std::make_shared<const Image>(Image{4, 4, std::vector<std::uint8_t>(48, 9)});
  return overlays(
      trace, weights,
      [&](const AxisInfo&) {
        return NamedPicture{"p.png", image};
      },
      options);
}

const Overlay& only(const std::vector<NamedDrawing>& drawings) {
  REQUIRE(drawings.size() == 1);
  return std::get<Overlay>(drawings[0].drawing);
}

std::vector<std::string> titles_of(const Overlay& overlay) {
  std::vector<std::string> titles;
  for (const OverlayPanel& panel : overlay.panels) titles.push_back(panel.title);
  return titles;
}

using Titles = std::vector<std::string>;

TEST_CASE("overlays: by default the class token, or the patch in the middle") {
  Trace trace = run_attention(self_problem(1));
  auto drawings = draw(trace);
  const Overlay& overlay = only(drawings);
  CHECK(drawings[0].name == "layer0-head0-overlay-query0");
  CHECK(overlay.title == "test");
  CHECK(overlay.subtitle == "Layer 0, head 0: weights of query [CLS]");
  CHECK(overlay.rows == 2);
  CHECK(overlay.columns == 3);
  const Tensor& weights = test::head_values(trace, 0, "weights");
  for (std::size_t i = 0; i < 6; ++i) CHECK(overlay.panels[0].weights[i] == weights.at(0, i + 1));
  CHECK_FALSE(overlay.panels[0].marked);
  CHECK(overlay.notes.size() == 2);
  char share[32];
  std::snprintf(share, sizeof share, "%.2g", weights.at(0, 0));
  CHECK(overlay.notes[1] == "Left out of the map: [CLS], with " + std::string(share) +
                                " of the weights. Nothing is rescaled.");

  Problem plain = test::problem_of(test::random_tensor({15, 2}, "x"));
  plain.axis = patches(3, 5);
  trace = run_attention(plain);
  drawings = draw(trace);
  CHECK(drawings[0].name == "layer0-head0-overlay-query7");
  CHECK(only(drawings).panels[0].title == "patch 1,2");
  CHECK(only(drawings).panels[0].marked == std::pair<std::size_t, std::size_t>(1, 2));
  CHECK(only(drawings).notes ==
        std::vector<std::string>{"Colors of the bar with opacity 0.6 over the picture in grey "
                                 "(4 × 4 pixels, 3 × 5 patches); one color for each patch.",
                                 "The outlined patch is the query."});
}

TEST_CASE("overlays: queries by index, label, range, all and mean") {
  const Trace trace = run_attention(self_problem(1));
  const auto titles = [&](std::vector<std::string> queries) {
    OverlayOptions options;
    options.queries = std::move(queries);
    return titles_of(only(draw(trace, options)));
  };
  CHECK(titles({"1,2", "0"}) == Titles{"patch 1,2", "[CLS]"});
  CHECK(titles({"0-2"}) == Titles{"[CLS]", "patch 0,0", "patch 0,1"});
  CHECK(titles({"all"}).size() == 7);
  CHECK(titles({"mean"}) == Titles{"mean of 7 queries"});
  OverlayOptions mean;
  mean.queries = {"mean"};
  const std::vector<NamedDrawing> drawings = draw(trace, mean);
  CHECK(drawings[0].name == "layer0-head0-overlay-query-mean");
  const Tensor& weights = test::head_values(trace, 0, "weights");
  for (std::size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (std::size_t query = 0; query < 7; ++query) sum += weights.at(query, i + 1);
    CHECK(only(drawings).panels[0].weights[i] == Approx(sum / 7));
  }
  for (const char* wrong : {"7", "2,0", "5-7", "3-1", "-", "", "[cls]"}) {
    CHECK(error_of([&] {
            titles({"0", wrong});
          }) ==
          "there is no query \"" + std::string(wrong) +
              "\"; expected an index from 0 to 6, a range of them, a label (row,column), all or "
              "mean");
  }
}

TEST_CASE("overlays: heads side by side, their mean, and a table of queries and heads") {
  const Trace trace = run_attention(self_problem(2));
  OverlayOptions options;
  CHECK(titles_of(only(draw(trace, options))) == Titles{"head 0", "head 1"});
  CHECK(draw(trace, options)[0].name == "layer0-overlay-query0");
  options.queries = {"0,1", "mean"};
  const auto drawings = draw(trace, options);
  const Overlay& table = only(drawings);
  CHECK(drawings[0].name == "layer0-overlay");
  CHECK(table.subtitle == "Layer 0, 2 heads: weights of 2 queries");
  CHECK(titles_of(table) == Titles{"head 0, patch 0,1", "head 1, patch 0,1",
                                   "head 0, mean of 7 queries", "head 1, mean of 7 queries"});
  CHECK(table.panels[3].sheet_row == 1);
  CHECK(table.panels[3].sheet_column == 2);
  options.average_heads = true;
  const auto means = draw(trace, options);
  CHECK(only(means).subtitle == "Layer 0, mean of 2 heads: weights of 2 queries");
  CHECK(titles_of(only(means)) == Titles{"patch 0,1", "mean of 7 queries"});
  for (std::size_t i = 0; i < 6; ++i)
    CHECK(only(means).panels[0].weights[i] ==
          Approx((table.panels[0].weights[i] + table.panels[1].weights[i]) / 2));
}

TEST_CASE("overlays: no place on the sheet is taken twice") {
  for (const std::size_t heads : {1, 2, 4}) {
    OverlayOptions options;
    options.queries = {"all"};
    const auto drawings = draw(run_attention(self_problem(heads)), options);
    std::vector<std::pair<std::size_t, std::size_t>> places{{0, 0}};
    for (const OverlayPanel& panel : only(drawings).panels)
      places.emplace_back(panel.sheet_row, panel.sheet_column);
    std::sort(places.begin(), places.end());
    CHECK(std::adjacent_find(places.begin(), places.end()) == places.end());
    CHECK(places.size() == 7 * heads + 1);
  }
}

TEST_CASE("overlays: words that look at patches, and patches that look at words") {
  Problem problem = caption_problem();
  const Trace captions = run_attention(problem);
  CHECK(titles_of(only(draw(captions))) == Titles{"a", "red", "ball"});
  OverlayOptions options;
  options.queries = {"ball"};
  CHECK(draw(captions, options)[0].name == "layer0-head0-overlay-query2");
  options.queries = {};
  options.keys = {"0"};
  CHECK(error_of([&] { draw(captions, options); }) ==
        "the map of a key lies on the queries, but those are tokens, not patches\n"
        "  hint: choose a query");

  std::swap(problem.axis, problem.context->axis);
  std::swap(problem.embeddings, problem.context->embeddings);
  const Trace trace = run_attention(problem);
  const auto drawings = draw(trace);
  const Overlay& overlay = only(drawings);
  CHECK(drawings[0].name == "layer0-head0-overlay-keys");
  CHECK(titles_of(overlay) == Titles{"a", "red", "ball"});
  CHECK(overlay.subtitle == "Layer 0, head 0: weights on 3 keys");
  const Tensor& weights = test::head_values(trace, 0, "weights");
  for (std::size_t i = 0; i < 4; ++i) CHECK(overlay.panels[1].weights[i] == weights.at(i, 1));
  CHECK(overlay.notes.back() ==
        "A map shows how much each patch looks at the key; its weights need not sum to 1.");
  options.keys = {"red"};
  CHECK(only(draw(trace, options)).subtitle == "Layer 0, head 0: weights on key red");
  options.keys = {"blue"};
  CHECK(error_of([&] { draw(trace, options); }) ==
        "there is no key \"blue\"; expected an index from 0 to 2, a range of them, a label, all or "
        "mean");
  options = {};
  options.queries = {"0"};
  CHECK(error_of([&] { draw(trace, options); }) ==
        "the map of a query lies on the keys, but those are tokens, not patches\n"
        "  hint: choose a key");
  CHECK(error_of([&] {
          draw(run_attention(test::problem_of(test::matrix({{1}, {2}}))));
        }) ==
        "these weights are not of patches or pixels of a picture\n"
        "  hint: an overlay needs a document with \"patches\" (rows, columns and an image), or a "
        "mechanism on feature maps");
}

TEST_CASE("overlays: a sheet for each layer, and only where there are patches") {
  Problem problem = self_problem(1);
  LayerSettings layer;
  layer.attention = AttentionSettings{};
  layer.attention->heads = 2;
  problem.layers = {layer, layer};
  problem.layers[1].cross_attention = AttentionSettings{};
  problem.context = test::context_of(test::random_tensor({2, 4}, "y"));
  const auto drawings = draw(run_attention(problem));
  // The keys of cross-attention are words, but its queries are patches.
  REQUIRE(drawings.size() == 3);
  CHECK(drawings[0].name == "layer0-overlay-query0");
  CHECK(drawings[1].name == "layer1-overlay-query0");
  CHECK(drawings[2].name == "layer1-cross-head0-overlay-keys");
  CHECK(std::get<Overlay>(drawings[2].drawing).subtitle ==
        "Layer 1, cross-attention, head 0: weights on 2 keys");
}

TEST_CASE("overlays: scales of the data, of all weights, and of each map") {
  const Trace trace = run_attention(self_problem(1));
  OverlayOptions options;
  options.queries = {"1", "2"};
  const auto automatic = draw(trace, options);
  double largest = 0;
  for (const OverlayPanel& panel : only(automatic).panels)
    for (const double weight : panel.weights) largest = std::max(largest, weight);
  CHECK(only(automatic).scale.low == 0);
  CHECK(only(automatic).scale.high == largest);
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", largest);
  CHECK(only(automatic).scale.note ==
        "weight, 0 to the largest of these maps (" + std::string(text) + ")");
  options.scale = OverlayScale::kUnit;
  CHECK(only(draw(trace, options)).scale.high == 1);
  options.scale = OverlayScale::kEach;
  const auto each = draw(trace, options);
  REQUIRE(only(each).panels[1].scale);
  const auto& weights = only(each).panels[1].weights;
  CHECK(only(each).panels[1].scale->high == *std::max_element(weights.begin(), weights.end()));
  CHECK(only(each).panels[1].title == "patch 0,1");
  CHECK(only(each).panels[1].scale->note.substr(0, 6) == "0 to 0");
}

TEST_CASE("overlays: masked patches are marked, and what verify_weights refuses is not drawn") {
  Problem problem = test::problem_of(test::random_tensor({4, 2}, "x"));
  problem.axis = patches(2, 2);
  problem.attention.mask.causal = true;
  Trace trace = run_attention(problem);
  OverlayOptions options;
  options.queries = {"1"};
  const auto drawings = draw(trace, options);
  CHECK(only(drawings).panels[0].masked == std::vector<std::uint8_t>{0, 0, 1, 1});
  CHECK(only(drawings).notes.back() == "Hatched: masked patches, with weight 0.");
  for (Step& step : trace.steps)
    if (parse_step_id(step.id).step == "weights") step.values.values<double>()[0] = 0.5;
  CHECK(test::error_code_of([&] { draw(trace, options); }) == 3);
}

}  // namespace
}  // namespace attn_viz::figure
