// Colours that tell heads apart.
#pragma once

#include <cstddef>

#include "attn_viz/figure/colormap.hpp"

namespace attn_viz::figure {

/// The colour of one of `count` heads. Up to eight are those of Okabe and Ito (2008), which
/// colour-blind readers tell apart; more are hues of one lightness, evenly around the circle.
/// In print: black.
Rgb head_color(std::size_t head, std::size_t count, Theme theme);

}  // namespace attn_viz::figure
