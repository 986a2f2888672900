// What stands around every figure: its margin, the header above it, the notes below it.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

inline constexpr int kMargin = 24;      // around everything
inline constexpr int kTextWidth = 480;  // titles and notes wrap at least here

inline int up(double value) {
  return static_cast<int>(std::ceil(value));
}
inline int down(double value) {
  return static_cast<int>(std::floor(value));
}

/// Where titles and notes wrap: as wide as all that is placed.
int text_width(const Bounds& placed);

/// The subtitle above all that is placed, and the title above it; empty ones are left out.
/// @param width  where they wrap, in pixels
void add_header(const std::string& title, const std::string& subtitle, int width, Typesetter& type,
                Scene& scene, Bounds& placed);

/// Notes below all that is placed, one below the other.
void add_notes(const std::vector<std::string>& notes, int width, Typesetter& type, Scene& scene,
               Bounds& placed);

/// Moves everything.
void shift(Scene& scene, int dx, int dy);

/// Moves everything into a canvas that has a margin around it.
void fit_canvas(Scene& scene, const Bounds& placed, int margin);

/// @throws Error kLimit if it is larger than the largest picture
void expect_drawable(int width, int height);

}  // namespace attn_viz::figure
