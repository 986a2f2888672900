// What heatmaps of cheaper attention must cope with: weights that are negative or above 1, and
// states of three axes.
#include <algorithm>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"

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
