// A scene → the bytes of an SVG file.
#pragma once

#include <string>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// SVG 1.1 with its texts as texts. One pixel of the scene is one unit. What the scene's texts say
/// is its description for those who do not see it.
/// @param title  of the drawing, also where the scene does not show it
std::string to_svg(const Scene& scene, const std::string& title);

}  // namespace attn_viz::figure
