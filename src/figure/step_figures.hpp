// One figure for one step, and the overview of several.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

bool is_weights(const Step& step);

/// Whether there is anything to draw: more than a single number.
bool is_drawable(const Step& step);

/// Whether rows are queries and columns are keys.
bool is_of_pairs(const Step& step);

/// "Layer 0, head 1: weights"; a step without layer or head is named alone.
std::string describe(const Step& step);

/// What tells which cells of weights are masked: the scores behind them, or the mask that was read
/// where there are none (linear attention). Absent if nothing was masked, or nothing tells.
std::optional<Matrix> scores_of(const Trace& trace, const Step& weights);

/// Queries × keys with the masked cells, and notes of queries that see nothing.
Figure weights_figure(const Trace& trace, const Step& step, const ColorScale& scale);

/// Any other step as it is: a matrix, or a vector as one row.
Figure step_figure(const Trace& trace, const Step& step, const ColorScale& scale);

/// The one or the other.
Figure figure_of(const Trace& trace, const Step& step, const ColorScale& scale);

/// A panel of an overview, and where it belongs.
struct OverviewPanel {
  Panel panel;
  std::size_t layer = 0, head = 0;
};

/// Several panels with one scale. Of several layers with several heads: a row for each layer and a
/// column for each head, named at the edges. Else as many rows as make the figure about as wide as
/// high, each panel with its title.
/// @param base  its titles, axes, notes and scale; its panels are replaced
Figure overview(Figure base, std::vector<OverviewPanel> panels, bool has_heads);

/// "Attention weights of 8 heads in 2 layers".
std::string overview_text(std::string_view meaning, const std::vector<OverviewPanel>& panels);

/// One query's weights, folded to the grid of the patches that are the keys.
Figure patch_map(const Trace& trace, const Step& step, std::size_t query, const ColorScale& scale);

}  // namespace attn_viz::figure
