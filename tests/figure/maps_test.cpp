// Figures of mechanisms on feature maps.
#include <algorithm>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/figure/paint.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/maps.hpp"
#include "support/tasks.hpp"

namespace attn_viz::figure {
namespace {

const Figure& named(const std::vector<NamedFigure>& figures, const std::string& name) {
  const auto found = std::find_if(figures.begin(), figures.end(),
                                  [&](const NamedFigure& figure) { return figure.name == name; });
  REQUIRE(found != figures.end());
  return found->figure;
}

MapsTask colours(std::size_t channels) {
  MapsTask task = test::maps_task(test::random_tensor({channels, 3, 4}, "x"), StripPooling{});
  const std::string names[] = {"ca", "cb", "cc", "cd", "ce"};
  task.channels.assign(names, names + channels);
  return task;
}

TEST_CASE("map figures: the overview has a row of panels for each channel, up to three") {
  for (const std::size_t channels : {1, 2, 5}) {
    const Trace trace = run(colours(channels));
    const auto figures = heatmaps(trace);
    const Figure& overview = named(figures, "heatmap");
    CHECK(overview.panels.size() == 2 * std::min<std::size_t>(channels, 3));
    CHECK(overview.panels_per_row == 2);
    CHECK(overview.panels[0].title == (channels > 1 ? "ca: x  maps" : "x  input/maps"));
    if (channels > 1) CHECK(overview.panels[2].title == "cb: x");
    CHECK(overview.rows.name == "row");
    CHECK(overview.columns.name == "column");
    CHECK((overview.notes == std::vector<std::string>{"Channels 0 to 2 of 5."}) == (channels == 5));
    const Figure& rows = named(figures, "heatmaps/row_means");
    CHECK(rows.panels.size() == channels);
    CHECK(rows.panels[0].values.rows() == 3);
    CHECK(rows.panels[0].values.columns() == 1);
    if (channels > 1) CHECK(rows.panels[1].title == "cb");
    for (const NamedFigure& each : figures)
      CHECK_FALSE(paint(each.figure, Format::kSvg).bytes.empty());
  }
}

TEST_CASE("map figures: of lanes, the main figure has those found beside those that are there") {
  const Trace trace = test::trace_of_sample("lane-losses");
  const auto figures = heatmaps(trace);
  const Figure& lanes = named(figures, "heatmap");
  REQUIRE(lanes.panels.size() == 2);
  CHECK(lanes.panels[0].title == "ŷ  lane/predicted");
  CHECK(lanes.panels[1].title == "y  lane/labels");
  CHECK(lanes.panels[0].values.at(1, 7) == 2);
  CHECK(lanes.panels[1].values.at(1, 6) == 2);
  CHECK(lanes.scale.note == "class, one scale for both panels; 0: no lane");
  CHECK(lanes.subtitle.starts_with("L_IoU = 0.5882    L_IoU = "));
  CHECK(named(figures, "heatmap-pair0").panels[0].title == "Ψ_0  pair0/student");
  const auto without = heatmaps(test::trace_of_sample("self-attention-distillation"));
  CHECK(named(without, "heatmap").panels[0].title == "Ψ_0  pair0/student");
}

TEST_CASE("map figures: a panel shows the values of its channel") {
  const Trace trace = run(colours(3));
  const auto figures = heatmaps(trace);
  const Tensor& y = trace.find("output")->values;
  const Matrix& third = named(figures, "heatmaps/output").panels[2].values;
  for (std::size_t p = 0; p < 12; ++p) CHECK(third.at(p / 4, p % 4) == y.at(2 * 12 + p));
}

TEST_CASE("map figures: weights of all pixels, and of one on the grid") {
  const Trace trace = run(test::maps_task(test::random_tensor({2, 3, 4}, "x"), CrissCross{}));
  HeatmapOptions options;
  options.query = "1,2";
  const auto figures = heatmaps(trace, options);
  const Figure& map = named(figures, "heatmaps/recurrence0-weights-query6");
  CHECK(map.panels[0].marked == std::pair<std::size_t, std::size_t>{1, 2});
  CHECK(map.panels[0].values.rows() == 3);
  CHECK(map.panels[0].scores->at(0, 0) == -test::kInfinity);
  CHECK(map.panels[0].scores->at(0, 2) != -test::kInfinity);
  CHECK(map.scale.high == 1);
  options.query = "3,0";
  CHECK(test::error_of([&] { heatmaps(trace, options); }) ==
        "there is no query \"3,0\"; expected an index from 0 to 11 or a label (row,column)");
  CHECK(test::error_of([&] { heatmaps(run(colours(1)), options); }) ==
        "--query: expected weights of pixels, but there are none\n  hint: leave it out");

  const Trace strips = run(test::maps_task(test::random_tensor({2, 3, 4}, "x"),
                                           StripAttention{.strips = Strips::kBoth}));
  const auto of_strips = heatmaps(strips);
  const Figure& columns = named(of_strips, "heatmaps/columns-weights-query6");
  CHECK(columns.panels[0].values.rows() == 1);
  CHECK(columns.panels[0].values.columns() == 4);
  // The row is labelled with its pixel, and the scale ends at the largest of its weights.
  CHECK(columns.rows.labels == std::vector<std::string>{"1,2"});
  const Tensor& weights = strips.find("columns/weights")->values;
  double largest = 0;
  for (std::size_t key = 0; key < 4; ++key) largest = std::max(largest, weights.at(6, key));
  CHECK(columns.scale.high == largest);
  CHECK(columns.scale.low == 0);
  CHECK(named(of_strips, "heatmaps/rows-weights-query6").panels[0].values.rows() == 3);
}

TEST_CASE("map figures: student and target of a pair share one scale") {
  DistillationTask task;
  task.title = "test";
  for (const std::size_t side : {4, 2, 1}) {
    task.blocks.push_back({"block", test::random_tensor({2, side, side}, "x")});
  }
  const Trace trace = run(task);
  HeatmapOptions all;
  all.all_steps = true;
  const auto figures = heatmaps(trace, all);
  CHECK(named(figures, "heatmap").panels.size() == 2);
  CHECK(named(figures, "heatmap-pair1").panels[0].values.rows() == 2);
  for (const NamedFigure& each : figures)
    CHECK_FALSE(paint(each.figure, Format::kSvg).bytes.empty());
}

}  // namespace
}  // namespace attn_viz::figure
