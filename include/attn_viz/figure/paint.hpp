// Paints a Figure as PNG, SVG or PDF.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "attn_viz/figure/chart.hpp"
#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/fonts.hpp"
#include "attn_viz/figure/lines.hpp"
#include "attn_viz/figure/overlay.hpp"
#include "attn_viz/figure/story.hpp"

namespace attn_viz::figure {

/// Whatever can be painted.
using Drawing = std::variant<Figure, TokenLines, Story, Overlay, Chart>;

/// A drawing and the file it belongs to, without ending: "heatmaps/layer0-head0-weights".
struct NamedDrawing {
  std::string name;
  Drawing drawing;
};

enum class Format { kPng, kSvg, kPdf };

/// "png", "svg" or "pdf": the name and the file's ending.
std::string_view name_of(Format format);

/// The bytes of a picture file, and the characters for which no font is installed.
struct Picture {
  std::string bytes;
  /// What a bare figure leaves to its caption: what it shows, its scale, reductions.
  std::vector<std::string> unsaid = {};
  /// Over every text of the figure, also those that were left out or shortened; sorted, each once.
  std::vector<char32_t> missing_glyphs;
};

/// Where a panel's cells lie in the picture, in pixels of the PNG (points of the PDF).
/// Cells are square, except that the short side of a very long matrix is stretched to be visible.
struct Cells {
  std::size_t left = 0, top = 0;  ///< of cell (0, 0)
  std::size_t cell_width = 0, cell_height = 0;
  /// A drawn cell is the mean (or the largest) of row_reduction × column_reduction cells of the
  /// matrix (1 × 1 unless the matrix is larger than the room for it), of fewer at the right and
  /// bottom ends.
  std::size_t row_reduction = 1, column_reduction = 1;
  std::size_t rows = 0, columns = 0;  ///< drawn cells
};

enum class TextKind {
  kTitle,
  kSubtitle,
  kPanelTitle,  ///< also what a row or column of panels is
  kRowName,
  kColumnName,
  kRowLabel,
  kColumnLabel,
  kValue,
  kTick,
  kScaleNote,
  kLegend,
  kNote,
  kStage,     ///< over the first equation of a stage
  kSymbol,    ///< over a matrix
  kSign,      ///< between matrices
  kEquation,  ///< under a matrix
  kFacts,     ///< its name, shape and scale
};

/// A text as it stands in the picture: its ink's box in pixels, and what was asked to be drawn
/// (after control characters and outer spaces were made visible).
struct PlacedText {
  TextKind kind = TextKind::kNote;
  std::string text;
  double left = 0, top = 0, width = 0, height = 0;
  bool upward = false;     ///< turned by 90°, reads from bottom to top
  bool shortened = false;  ///< an ellipsis stands for its end
};

/// Where an image lies in the picture, in pixels.
struct PlacedImage {
  std::size_t left = 0, top = 0, width = 0, height = 0;
};

/// The size of the picture and the place of every panel and every text.
struct Layout {
  std::size_t width = 0, height = 0;
  std::vector<Cells> panels;
  std::vector<PlacedImage> images;  ///< of an overlay: the picture, its panels, the colour bar
  std::vector<PlacedText> texts;
};

/// Draws figures one after another. Keeps fonts, measured labels and their pixels between figures,
/// so that eight heads with the same labels pay for the labels once. One Painter a thread: a
/// Painter must be used and destroyed in the thread that made it; Painters in different threads
/// are independent. The bytes depend on the figure alone, not on what was drawn before.
class Painter {
 public:
  /// @param fonts  as find_fonts() gives them
  explicit Painter(const Fonts& fonts = {});
  ~Painter();
  Painter(Painter&&) noexcept;
  Painter& operator=(Painter&&) noexcept;

  /// PNG: 8-bit RGB; every pixel inside of a cell is exactly the colour of its value, except where
  /// a grid line (first pixel row and column of a cell), a number, a hatch or an outline lies.
  /// SVG and PDF: vectors; matrices of more than 20,000 drawn cells are an image without smoothing.
  /// @throws Error  kBug if there is nothing to draw (no panel, or a panel without cells), if
  ///                panels differ in size, if labels are of the wrong number, if the scale is not
  ///                finite or a value is NaN or +∞ (the panel and cell are named);
  ///                kLimit if there are too many panels for one picture;
  ///                kUsage if the canvas is too small, or numbers are asked for and do not fit.
  /// @param dpi  of a PNG, from 96 (a pixel of the layout is a pixel) on; texts are set anew, so
  ///             192 is twice as sharp. It is written into the file. 0: 96, and nothing is written.
  Picture paint(const Drawing& drawing, Format format, int dpi = 0);

  /// The layout that paint() uses, for whoever reads pixels back. Throws as paint() does.
  Layout lay_out(const Drawing& drawing);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Painter().paint(drawing, format): for a single picture.
Picture paint(const Drawing& drawing, Format format, int dpi = 0);

/// Painter().lay_out(drawing).
Layout lay_out(const Drawing& drawing);

}  // namespace attn_viz::figure
