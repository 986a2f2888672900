// A scene → RGB pixels.
#pragma once

#include <cstdint>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// @param scale   pixels of the picture for one of the scene, ≥ 1
/// @param pixels  becomes [height, width, 3] · scale, 8 bits a channel
/// Cells and lines have hard edges, on whole pixels at any scale; texts are smooth and set anew.
void rasterize(const Scene& scene, double scale, std::vector<std::uint8_t>& pixels);

/// A length or place of the scene in pixels of the picture.
int scaled(int length, double scale);

}  // namespace attn_viz::figure
