// One line of the terminal: text, colours, and the columns used so far.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/terminal/draw.hpp"

namespace attn_viz::terminal {

class Line {
 public:
  explicit Line(Color mode) : mode_(mode) {}

  std::size_t width() const { return width_; }
  /// Spaces without colour up to a column.
  void pad_to(std::size_t column);
  /// Text without colour.
  void text(std::string_view text);
  /// Text in colours; absent: those of the terminal.
  void text(std::string_view text, std::optional<figure::Rgb> foreground,
            std::optional<figure::Rgb> background);
  /// The line with its line feed; without spaces at the end that have no colour.
  std::string finish() &&;

 private:
  void set(std::optional<figure::Rgb>& current, std::optional<figure::Rgb> wanted, int layer);

  Color mode_;
  std::string text_;
  std::size_t width_ = 0;
  std::optional<figure::Rgb> foreground_, background_;
};

/// The colour as the mode can show it: one of the 256, or itself.
figure::Rgb shown_color(figure::Rgb color, Color mode);

}  // namespace attn_viz::terminal
