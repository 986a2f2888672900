// Texts set by Pango: measured once, their pixels kept.
#pragma once

#include <pango/pangocairo.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/fonts.hpp"

namespace attn_viz::figure {

/// Frees what GLib counts references of.
struct Unref {
  void operator()(void* object) const { g_object_unref(object); }
};

struct Style {
  double size = 12;  ///< of the em square, in pixels
  bool bold = false;
  Rgb color = {};
  int max_width = 0;  ///< in pixels; 0: any
  bool wrap = false;  ///< at max_width into lines, instead of shortening with an ellipsis
};

/// Premultiplied BGRA pixels, to be laid over the picture.
struct Sprite {
  int left = 0, top = 0;  ///< from the text's origin
  int width = 0, height = 0;
  std::vector<std::uint8_t> pixels;  ///< [height, width, 4]
};

/// Pixels from a text's origin (the left upper corner of its first line), y downwards.
struct TextBox {
  double left = 0, top = 0, width = 0, height = 0;
};

/// One line of a text as it is shown.
struct TextLine {
  std::string text;          ///< of this line alone; "…" stands for what was cut off
  double left = 0;           ///< from the text's origin to the line's advance box
  double width = 0;          ///< of all advances, without spaces at which the line was broken
  double baseline = 0;       ///< below the text's origin
  bool rightward = true;     ///< false: its first character stands at the right (Arabic, Hebrew)
  bool space_after = false;  ///< a space or line feed separates it from the next line
};

/// One text in one style.
class Run {
 public:
  Run(PangoContext* context, const PangoFontDescription* font, const Style& style,
      std::string text);

  const std::string& text() const { return text_; }
  double size() const { return size_; }  ///< of the em square
  bool bold() const { return bold_; }
  Rgb color() const { return color_; }
  bool shortened() const { return shortened_; }
  const TextBox& ink() const { return ink_; }
  const TextBox& logical() const { return logical_; }
  double baseline() const { return baseline_; }
  /// Its lines as they were broken and shortened.
  std::vector<TextLine> lines() const;
  /// The family that was asked for, and those that glyphs were taken from, each once, in order.
  std::vector<std::string> families() const;

  /// Draws with the origin at (x, y); an upward text is turned by 90° around its origin.
  void show(cairo_t* cairo, double x, double y, bool upward) const;
  /// The same for PDF, where texts are to be searched and copied: colour emoji, which are images,
  /// lie on texts in the colour of the paper.
  void show_for_search(cairo_t* cairo, double x, double y, bool upward, Rgb paper) const;
  /// The same as pixels, `scale` times as large.
  const Sprite& sprite(bool upward, double scale = 1) const;

 private:
  std::unique_ptr<PangoLayout, Unref> layout_;
  std::string text_;
  double size_;
  bool bold_;
  Rgb color_;
  bool shortened_ = false;
  TextBox ink_, logical_;
  double baseline_ = 0;
  mutable std::optional<Sprite> sprites_[2];
  mutable double sprite_scale_ = 1;  ///< of both
};

/// Sets texts in the installed fonts: the family that is asked for first (or DejaVu Sans), others
/// for what it lacks.
class Typesetter {
 public:
  explicit Typesetter(const Fonts& fonts = {});

  /// The text in that style; the reference stays good until the next forget().
  /// @param text  valid UTF-8 without control characters except line feeds where it wraps
  const Run& set(std::string_view text, const Style& style);

  /// Adds the characters of a text for which no installed font has a glyph.
  void add_missing(std::string_view text, std::vector<char32_t>& missing);

  /// Lets go of the texts if they have become many. Between figures only.
  void forget_if_many();

 private:
  bool has_glyph(char32_t character);
  PangoFontDescription* make_font(double size, bool bold) const;

  std::string families_;
  std::unique_ptr<PangoContext, Unref> context_;
  std::unique_ptr<PangoFontset, Unref> fonts_;
  std::unordered_map<std::string, std::unique_ptr<Run>> runs_;
  std::unordered_map<char32_t, bool> has_glyph_;
  std::string key_;
};

}  // namespace attn_viz::figure
