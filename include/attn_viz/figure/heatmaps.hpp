// From a trace to the description of its heatmaps.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

struct HeatmapOptions {
  /// Every step, not only the weights.
  bool all_steps = false;
  /// The data's own range instead of 0 to 1 for weights.
  bool auto_scale = false;
  /// For keys that are patches, the query whose weights are drawn as a map: an index or a label
  /// ("2,7" for a patch). Absent: the patch in the middle, or the first token.
  std::optional<std::string> query = {};
};

/// A figure and the file it belongs to, without ending: "heatmaps/layer0-head0-weights".
struct NamedFigure {
  std::string name;
  Figure figure;
};

/// The overview of all heads, a figure for each head's weights, a map where keys are patches, and
/// on demand a figure for each other step. The trace must outlive them.
/// @throws Error kInvalid if weights do not keep what their operation promises (see
///         verify_weights), or if the chosen query does not exist.
std::vector<NamedFigure> heatmaps(const Trace& trace, const HeatmapOptions& options = {});

}  // namespace attn_viz::figure
