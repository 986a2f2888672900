// The numbers inside the cells.
#pragma once

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// Adds a number to every cell that is not masked, in one size for the whole figure, black or white
/// after the cell's luminance; or none at all, if one of them did not fit.
void add_values(const Figure& figure, Typesetter& type, Scene& scene);

}  // namespace attn_viz::figure
