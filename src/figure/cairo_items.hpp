// Lines and images by Cairo: the same for pixels and for vectors.
#pragma once

#include <cairo.h>

#include <functional>
#include <memory>

#include "figure/scene.hpp"

namespace attn_viz::figure {

struct DestroySurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct DestroyCairo {
  void operator()(cairo_t* cairo) const { cairo_destroy(cairo); }
};
using Surface = std::unique_ptr<cairo_surface_t, DestroySurface>;
using Cairo = std::unique_ptr<cairo_t, DestroyCairo>;

void set_color(cairo_t* cairo, Rgb color, double opacity = 1);

void draw(cairo_t* cairo, const LineItem& line);

/// @throws Error kLimit if memory is exhausted
void draw(cairo_t* cairo, const ImageItem& image);

/// A surface of 8-bit RGB pixels, each given by `color(row, column)`.
/// @throws Error kLimit if memory is exhausted
Surface pixel_surface(int columns, int rows, const std::function<Rgb(int, int)>& color);

}  // namespace attn_viz::figure
