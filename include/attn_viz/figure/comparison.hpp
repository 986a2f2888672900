// Settings side by side, as figures.
#pragma once

#include <optional>

#include "attn_viz/analysis/comparison.hpp"
#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

/// The weights of every variant with one scale. The comparison must outlive the figure.
/// @param trace  of one variant: its title and labels
Figure variants_figure(const analysis::Comparison& comparison, const Trace& trace);

/// Second minus first of every pair, with one diverging scale; none if there is but one variant.
std::optional<Figure> differences_figure(const analysis::Comparison& comparison,
                                         const Trace& trace);

}  // namespace attn_viz::figure
