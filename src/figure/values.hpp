// Numbers in the cells.
#pragma once

#include "figure/scene.hpp"
#include "figure/sizes.hpp"

namespace attn_viz::figure {

/// Adds a number to every cell that is not masked, in one size for the whole figure, black or white
/// after the cell's luminance; or none at all, if one of them did not fit or none are wanted.
/// @return whether numbers stand in the cells
/// @throws Error kUsage if numbers are asked for and do not fit
bool add_values(const Figure& figure, Typesetter& type, Scene& scene);

/// The least cell that holds every number of a figure in the smallest size.
/// @throws Error kUsage if there are more than can be read
Bounding room_for_values(const Figure& figure, Typesetter& type);

}  // namespace attn_viz::figure
