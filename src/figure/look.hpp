// What somebody chose of a figure's looks, put into its description.
#pragma once

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/selected.hpp"

namespace attn_viz::figure {

/// All but the scale and the directions.
void dress(Figure& figure, const Look& look);

/// Rows as columns, in all panels.
void transpose(Figure& figure);

}  // namespace attn_viz::figure
