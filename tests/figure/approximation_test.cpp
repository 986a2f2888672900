// What heatmaps of cheaper attention must cope with: weights that are negative or above 1, and
// states of three axes.
#include <algorithm>
#include <limits>

#include "attn_viz/figure/chosen.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "attn_viz/trace/verify.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"
#include "support/tasks.hpp"

namespace attn_viz::figure {
namespace {

using test::matrix;

Trace trace_of(Tensor x, ApproximationSettings method, bool causal = false) {
  AttentionSettings settings;
  settings.mask.causal = causal;
  settings.approximation = std::move(method);
  return run_attention(test::problem_of(std::move(x), settings));
}

/// The figure of head 0's step of this name.
Figure figure_of(const Trace& trace, const std::string& step, bool auto_scale = false) {
  for (const auto& [name, figure] :
       heatmaps(trace, {.all_steps = true, .auto_scale = auto_scale})) {
    if (name == "heatmaps/layer0-head0-" + step) return figure;
  }
  throw std::runtime_error("no figure of " + step);
}

TEST_CASE("heatmaps: negative weights are drawn around 0") {
  ApproximationSettings nystrom;
  nystrom.type = ApproximationType::kNystrom;
  nystrom.landmarks = 2;
  const Trace trace = trace_of(matrix({{5, 0}, {4, 1}, {0, 5}, {-3, 2}}), nystrom);
  const ColorScale scale = figure_of(trace, "weights").scale;
  CHECK(scale.map == ColorMap::kDiverging);
  CHECK(scale.low == -1);
  CHECK(scale.high == 1);
  CHECK(scale.note == "weight, −1 to 1 (it may be negative)");
  CHECK(figure_of(trace, "exact_weights").scale.map == ColorMap::kViridis);
  CHECK(figure_of(trace, "exact_weights", true).scale.high < 1);
}

TEST_CASE("heatmaps: keys that linear attention does not see are masked, not 0") {
  ApproximationSettings linear;
  linear.type = ApproximationType::kLinear;
  const Trace trace = trace_of(matrix({{1, 0}, {0, 1}, {1, 1}}), linear, true);
  constexpr double kMasked = -std::numeric_limits<double>::infinity();
  const Figure figure = figure_of(trace, "weights");
  REQUIRE(figure.panels[0].scores);
  const Matrix& scores = *figure.panels[0].scores;
  double row[3];
  for (std::size_t i = 0; i < 3; ++i) {
    scores.read_row(i, row);
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK((scores.at(i, j) == kMasked) == (j > i));
      CHECK((row[j] == kMasked) == (j > i));
      CHECK((scores.transposed().at(j, i) == kMasked) == (j > i));
    }
  }
  const std::vector<Figure> chosen =
      chosen_figures(trace, {trace.find("layer0/head0/weights")}, {.query = "1"});
  CHECK(chosen[0].panels[0].scores->at(0, 1) != kMasked);
  CHECK(chosen[0].panels[0].scores->at(0, 2) == kMasked);
  CHECK(
      figure_of(trace_of(matrix({{1, 0}, {0, 1}}), linear), "weights").panels[0].scores->at(0, 1) !=
      kMasked);
}

TEST_CASE("heatmaps: a weight of linear attention on a hidden key is not drawn") {
  ApproximationSettings linear;
  linear.type = ApproximationType::kLinear;
  Trace trace = trace_of(matrix({{1, 0}, {0, 1}, {1, 1}}), linear, true);
  for (Step& step : trace.steps) {
    if (step.id != "layer0/head0/weights") continue;
    step.values.values<double>()[1] = 0.5;
    CHECK(test::error_of([&] { verify_weights(trace, step); }) ==
          "layer0/head0/weights: row 0: expected weight 0 where a key is masked");
  }
}

TEST_CASE("heatmaps: a state has a row for each token and dimension") {
  ApproximationSettings linear;
  linear.type = ApproximationType::kLinear;
  linear.recurrent = true;
  const Trace trace = trace_of(matrix({{1, 0}, {0, 1}}), linear, true);
  const Figure figure = figure_of(trace, "state");
  CHECK(figure.rows.name == "token, dimension");
  CHECK(figure.rows.labels == std::vector<std::string>{"0, 0", "0, 1", "1, 0", "1, 1"});
  CHECK(figure.columns.name == "dimension");
}

TEST_CASE("heatmaps: whatever holds weights is drawn from 0 to 1, unless it is negative") {
  const Tensor x = matrix({{1, 0, 2, 1}, {0, 1, 0, -1}, {1, 1, 0.5, 0}});
  const auto scales = [&](const AttentionSettings& settings,
                          const std::vector<std::string>& steps) {
    const Trace trace = run_attention(test::problem_of(x, settings));
    std::vector<ColorScale> found;
    for (const std::string& step : steps) found.push_back(figure_of(trace, step).scale);
    return found;
  };
  const auto expect_unit = [](const ColorScale& scale) {
    CHECK(scale.map == ColorMap::kViridis);
    CHECK(scale.low == 0);
    CHECK(scale.high == 1);
    CHECK(scale.note.rfind("weight, 0 to 1", 0) == 0);
  };
  AttentionSettings settings;
  settings.differential = Differential{.lambda = 0.5};
  for (const ColorScale& scale : scales(settings, {"weights_1", "weights_2"})) expect_unit(scale);

  settings = {};
  settings.heads = 2;
  settings.talking_heads = TalkingHeads{.weights = matrix({{0.75, 0.25}, {0.25, 0.75}})};
  expect_unit(scales(settings, {"mixed_weights"})[0]);
  settings.talking_heads = TalkingHeads{.weights = matrix({{1, -0.5}, {-0.5, 1}})};
  const ColorScale mixed = scales(settings, {"mixed_weights"})[0];
  CHECK(mixed.map == ColorMap::kDiverging);
  CHECK(mixed.low == -1);

  settings = {};
  settings.approximation = ApproximationSettings{.type = ApproximationType::kLinformer,
                                                 .e = matrix({{0.5, 0.5, 0}, {0, 0, 1}})};
  const auto linformer = scales(settings, {"projected_weights", "exact_weights"});
  for (const ColorScale& scale : linformer) expect_unit(scale);
  settings.approximation =
      ApproximationSettings{.type = ApproximationType::kNystrom, .landmarks = 3};
  const auto nystrom = scales(settings, {"kernel_1", "kernel_2", "kernel_3"});
  for (const ColorScale& scale : nystrom) expect_unit(scale);
  // A parameter between heads holds no weights, whatever its name ends with.
  settings = {};
  settings.heads = 2;
  settings.talking_heads = TalkingHeads{.weights = matrix({{1, 0}, {0, 1}})};
  const Trace talking = run_attention(test::problem_of(x, settings));
  for (const auto& [name, figure] : heatmaps(talking, {.all_steps = true})) {
    if (name == "heatmaps/layer0-talking_weights") {
      CHECK(figure.scale.map == ColorMap::kDiverging);
    }
  }
}

TEST_CASE("heatmaps: weights of other mechanisms, and what is 0 or 1, have scales of their own") {
  const auto note = [](const Trace& trace, const std::string& step) {
    return chosen_figures(trace, {trace.find(step)}, {})[0].scale.note;
  };
  const Trace levels = test::trace_of_sample("hierarchical");
  CHECK(note(levels, "token_level/weights_within") == "weight, 0 to 1");
  CHECK(note(levels, "group_level/weights_among") == "weight, 0 to 1");
  CHECK(note(levels, "input/membership") == "0 or 1");
  CHECK(note(test::trace_of_sample("memory-hard"), "choice") == "weight, 0 to 1");
  const Trace local = test::trace_of_sample("luong-local");
  CHECK(note(local, "aligned") == "weight, 0 to 1");
  CHECK(note(local, "window") == "0 or 1");
}

TEST_CASE("heatmaps: weights above 1 are on the scale") {
  ApproximationSettings linformer;
  linformer.type = ApproximationType::kLinformer;
  linformer.e = matrix({{3, 1}});
  const ColorScale scale =
      figure_of(trace_of(matrix({{1, 0}, {0, 1}}), linformer), "weights").scale;
  CHECK(scale.map == ColorMap::kViridis);
  CHECK(scale.high == 3);
  CHECK(scale.note == "weight, 0 to the largest (3)");
}

TEST_CASE("heatmaps: a state at each position is one matrix whose rows say where") {
  ApproximationSettings linear;
  linear.recurrent = true;
  const Trace trace = trace_of(matrix({{1, 0}, {0, 1}, {1, 1}}), linear, true);
  const Figure figure = figure_of(trace, "state");
  CHECK(figure.rows.labels ==
        std::vector<std::string>{"0, 0", "0, 1", "1, 0", "1, 1", "2, 0", "2, 1"});
  CHECK(figure.panels[0].values.rows() == 6);
  CHECK(figure.panels[0].values.columns() == 2);
}

}  // namespace
}  // namespace attn_viz::figure
