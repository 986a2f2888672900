// A scene → RGB pixels.
#pragma once

#include <cstdint>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// @param pixels  becomes [height, width, 3], 8 bits a channel
/// Cells and lines have hard edges; texts are smooth.
void rasterize(const Scene& scene, std::vector<std::uint8_t>& pixels);

}  // namespace attn_viz::figure
