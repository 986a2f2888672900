// Figures of what somebody chose from a trace: steps, queries, keys; and how they look.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/select.hpp"

namespace attn_viz::figure {

enum class ScaleChoice {
  kUnit,  ///< weights from 0 to 1, other steps ± the largest size in the trace
  kAuto,  ///< the range of all that is drawn of a step
  kEach,  ///< each map its own range
  kLog,   ///< logarithmic, down to a floor
};

/// How figures look, whatever they show.
struct Look {
  Theme theme = Theme::kLight;
  /// Absent: viridis, or blue – white – red for signed values; greys where the theme is print.
  std::optional<ColorMap> map = std::nullopt;
  ScaleChoice scale = ScaleChoice::kUnit;
  ShowValues show_values = ShowValues::kAuto;
  std::optional<int> digits = std::nullopt;
  Reduce reduce = Reduce::kMean;
  Canvas canvas = {};
  bool transpose = false;  ///< queries across, keys down
  bool bare = false;
  std::optional<std::string> title = std::nullopt;  ///< instead of the trace's
};

enum class Overviews {
  kAuto,  ///< where there is more than one map of a step
  kOff,
  kOnly,  ///< and no figure for each map
};

/// What is drawn.
struct Selection {
  StepQuery steps = {};
  /// Each an index, a range, a label, or a list of them: "3", "2-5", "1,4,7", "cat"; a label that
  /// looks like something else stands in double quotes. Drawn in the order given; empty: all.
  std::vector<std::string> queries = {}, keys = {};
  /// So many keys: those with the largest sum of weights over the queries and heads that are drawn.
  std::optional<std::size_t> top = {};
  bool average_heads = false;
  Overviews overviews = Overviews::kAuto;
};

/// An overview for each step of which several maps are drawn ("heatmap", "heatmap-cross",
/// "heatmap-scores"), and a figure for each map ("layer0-head0-weights"). No two have one name.
/// Where keys are patches, weights of one query are a map of the patches. The trace must outlive
/// the figures.
/// @throws Error kInvalid  if a step, layer, head, query or key does not exist or is ambiguous, or
///                         if weights do not keep what they promise (see verify_weights)
///         Error kUsage    if what is asked for does not go together
std::vector<NamedFigure> selected_heatmaps(const Trace& trace, const Selection& selection,
                                           const Look& look);

}  // namespace attn_viz::figure
