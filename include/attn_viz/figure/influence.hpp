// Influences as figures.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/analysis/influence.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/figure/selected.hpp"

namespace attn_viz::figure {

/// Outputs × inputs, all influences that have the same positions side by side, and one scale for
/// all of them. Pairs of which J is exactly 0 are drawn as masked: nothing leads from the one to
/// the other. Where inputs are pixels or patches also maps of single outputs on their grid: of
/// those that were asked for, else of the one in the middle.
/// @param chosen  whether the outputs were asked for
/// The influences must outlive the figures.
/// @throws Error kUsage if the scale is logarithmic and the colour map diverges
std::vector<NamedFigure> influence_figures(const std::vector<analysis::Influence>& influences,
                                           bool chosen, const Look& look);

}  // namespace attn_viz::figure
