// How costs grow, as charts.
#pragma once

#include "attn_viz/analysis/growth.hpp"
#include "attn_viz/figure/chart.hpp"

namespace attn_viz::figure {

/// Multiply–adds of each kind of layer against n, both axes logarithmic; the crossover of
/// self-attention and recurrence is marked. Layers that cost the same at every length share a line.
Chart multiply_adds_chart(const analysis::Growth& growth, Theme theme);

/// Likewise the numbers that are kept; layers that keep none are named in a note.
Chart memory_chart(const analysis::Growth& growth, Theme theme);

}  // namespace attn_viz::figure
