// A scene → the bytes of a PDF file.
#pragma once

#include <string>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// More cells than this are an image: smaller, and viewers draw it without seams.
inline constexpr std::size_t kMostVectorCells = 20'000;

/// One pixel of the scene is one point of the PDF.
std::string to_pdf(const Scene& scene, const std::string& title);

}  // namespace attn_viz::figure
