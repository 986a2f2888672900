// Figures of influence: what stands side by side, one scale, what is exactly 0.
#include "attn_viz/figure/influence.hpp"

#include "catch.hpp"
#include "support/tensors.hpp"

namespace attn_viz::figure {
namespace {

using analysis::Influence;

AxisInfo axis(std::string name, std::vector<std::string> labels) {
  return {.name = std::move(name), .labels = std::move(labels), .grid = {}, .image = {}};
}

Influence influence(std::string name, Tensor values) {
  const AxisInfo tokens = axis("token", {"a", "b"});
  return {name, name, "input/embeddings", "output", tokens, tokens, {0, 1}, std::move(values), {}};
}

AxisInfo grid(std::size_t rows, std::size_t columns) {
  AxisInfo patches = axis("token", {});
  for (std::size_t p = 0; p < rows * columns; ++p)
    patches.labels.push_back(std::to_string(p / columns) + "," + std::to_string(p % columns));
  patches.grid = std::pair(rows, columns);
  return patches;
}

TEST_CASE("influence figures: mechanisms on one input stand side by side with one scale") {
  const std::vector<Influence> both{influence("one", test::matrix({{1, 0}, {3, 2}})),
                                    influence("two", test::matrix({{0.5, 4}, {0, 1}}))};
  const auto figures = influence_figures(both, false, {.scale = ScaleChoice::kAuto});
  REQUIRE(figures.size() == 1);
  const Figure& figure = figures[0].figure;
  CHECK(figures[0].name == "influence");
  REQUIRE(figure.panels.size() == 2);
  CHECK(figure.panels[0].title == "one");
  CHECK(figure.panels[1].title == "two");
  CHECK(figure.scale.low == 0);
  CHECK(figure.scale.high == 4);
  CHECK(figure.scale.note == "influence J, 0 to 4, one scale for all 2");
  CHECK(figure.masked_means == "exactly 0");
  CHECK(figure.panels[0].scores->at(0, 1) == -test::kInfinity);
  CHECK(figure.panels[0].scores->at(1, 0) == 3);
  CHECK_FALSE(figure.panels[0].scale);
  const auto each = influence_figures(both, false, {.scale = ScaleChoice::kEach});
  CHECK(each[0].figure.panels[0].scale->high == 3);
  CHECK(each[0].figure.panels[1].scale->high == 4);
}

TEST_CASE(
    "influence figures: inputs of another size get a figure of their own, and the same scale") {
  std::vector<Influence> two{influence("one", test::matrix({{1, 0}, {3, 2}}))};
  two.push_back(influence("one", test::matrix({{8, 1, 1}, {0, 1, 1}})));
  two[1].from = "input/context";
  two[1].inputs = axis("context", {"x", "y", "z"});
  const auto figures = influence_figures(two, false, {.scale = ScaleChoice::kAuto});
  REQUIRE(figures.size() == 2);
  CHECK(figures[1].name == "influence-context");
  CHECK(figures[0].figure.scale.high == 8);
  CHECK(figures[0].figure.scale.note == "influence J, 0 to 8, one scale for all figures");
  CHECK(figures[1].figure.columns.name == "inputs (context)");
}

TEST_CASE("influence figures: one output on the grid of the inputs, outlined at its place") {
  Influence image = influence("image", test::random_tensor({6, 6}, "j"));
  image.inputs = image.outputs = grid(2, 3);
  image.places = {0, 1, 2, 3, 4, 5};
  const auto figures = influence_figures({image}, false, {.scale = ScaleChoice::kAuto});
  REQUIRE(figures.size() == 2);
  CHECK(figures[1].name == "influence-map");
  const Panel& map = figures[1].figure.panels[0];
  CHECK(map.title == "on 1,1");
  CHECK(*map.marked == std::pair<std::size_t, std::size_t>{1, 1});
  CHECK(map.values.rows() == 2);
  CHECK(map.values.at(1, 2) == image.values.at(4, 5));
  image.places = {5};
  image.values = test::random_tensor({1, 6}, "j");
  const auto one = influence_figures({image}, true, {.scale = ScaleChoice::kAuto});
  REQUIRE(one.size() == 1);
  CHECK(one[0].figure.panels[0].title == "on 1,2");
  CHECK(*one[0].figure.panels[0].marked == std::pair<std::size_t, std::size_t>{1, 2});
}

}  // namespace
}  // namespace attn_viz::figure
