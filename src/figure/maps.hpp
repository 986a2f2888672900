// Figures of mechanisms on feature maps.
#pragma once

#include <vector>

#include "attn_viz/figure/heatmaps.hpp"

namespace attn_viz::figure {

/// Whether a trace is of a mechanism on maps.
bool is_on_maps(const Trace& trace);

/// What heatmaps() gives for such a trace: an overview on the grid of the image; each map with its
/// channels as panels; weights of pixels, and those of one pixel on the grid; on demand the rest.
std::vector<NamedFigure> map_figures(const Trace& trace, const HeatmapOptions& options);

}  // namespace attn_viz::figure
