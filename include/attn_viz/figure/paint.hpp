// Paints a Figure as PNG, SVG or PDF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

enum class Format { kPng, kSvg, kPdf };

/// "png", "svg" or "pdf": the name and the file's ending.
std::string_view name_of(Format format);

/// The bytes of a picture file, and the characters for which no font is installed.
struct Picture {
  std::string bytes;
  std::vector<char32_t> missing_glyphs;  ///< sorted, each once
};

/// @throws Error  if there is nothing to draw (no panel, or a panel without cells).
Picture paint(const Figure& figure, Format format);

/// Where a panel's cells lie in the picture, in pixels of the PNG (points of the PDF).
struct Cells {
  std::size_t left = 0, top = 0;      ///< of cell (0, 0)
  std::size_t cell = 0;               ///< width and height of a drawn cell
  std::size_t reduction = 1;          ///< r: a drawn cell is the mean of r × r cells of the matrix
  std::size_t rows = 0, columns = 0;  ///< drawn cells
};

/// The size of the picture and the place of every panel.
struct Layout {
  std::size_t width = 0, height = 0;
  std::vector<Cells> panels;
};

/// The layout that paint() uses, for whoever reads pixels back.
Layout lay_out(const Figure& figure);

}  // namespace attn_viz::figure
