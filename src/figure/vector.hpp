// A scene → the bytes of an SVG or PDF file.
#pragma once

#include <string>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// One pixel of the scene is one unit of the SVG and one point of the PDF.
std::string to_svg(const Scene& scene);
std::string to_pdf(const Scene& scene, const std::string& title);

}  // namespace attn_viz::figure
