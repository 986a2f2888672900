// Figures of mechanisms on feature maps.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "attn_viz/figure/heatmaps.hpp"

namespace attn_viz::figure {

/// Whether a trace is of a mechanism on maps.
bool is_on_maps(const Trace& trace);

/// Whether a step is [channels, rows, columns], or [rows, columns] under such names.
bool is_map(const Step& step);

std::size_t channels_of(const Step& map);
/// "red", "channel 3"
std::string channel_name(const Trace& trace, const Step& map, std::size_t channel);

/// The maps of the overview: those on the grid of the input that a reader compares with it, the
/// input first.
std::vector<const Step*> main_maps(const Trace& trace, const Step& input);

/// What heatmaps() gives for such a trace: an overview on the grid of the image; each map with its
/// channels as panels; weights of pixels, and those of one pixel on the grid; on demand the rest.
std::vector<NamedFigure> map_figures(const Trace& trace, const HeatmapOptions& options);

}  // namespace attn_viz::figure
