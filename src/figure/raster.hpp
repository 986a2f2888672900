// A scene → RGB pixels.
#pragma once

#include <cstdint>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// [height, width, 3], 8 bits a channel. Cells and lines have hard edges; texts are smooth.
std::vector<std::uint8_t> rasterize(const Scene& scene);

}  // namespace attn_viz::figure
