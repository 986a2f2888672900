// What a mechanism comes to, where weights are not the whole story.
#pragma once

#include <optional>

#include "attn_viz/figure/heatmaps.hpp"

namespace attn_viz::figure {

/// Of a trace without weights, "heatmap": its result, beside the same step of earlier layers.
/// Of one that compares two results, "heatmap-difference": both and their difference, on the grid
/// of the patches if there is one. None otherwise.
std::optional<NamedFigure> result_figure(const Trace& trace, bool auto_scale);

}  // namespace attn_viz::figure
