// Draws a Figure as lines of text for a terminal, a log or a mail.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "attn_viz/figure/figure.hpp"

namespace attn_viz::terminal {

enum class Color {
  kNone,     ///< no escape sequences; shades are ASCII characters
  kPalette,  ///< the 256 colours of xterm
  kTrue,     ///< 24 bits
};

struct Options {
  Color color = Color::kNone;
  /// Columns of the terminal, at least kLeastWidth. No line is wider: East Asian wide characters
  /// and emoji take two columns, combining characters none.
  std::size_t width = 80;
  /// Lines of the terminal: a matrix of more rows than fit is reduced.
  std::size_t height = 60;
  /// Decimals of the numbers in cells. Absent: 2, or as many as show the largest in two digits.
  std::optional<int> digits = {};
};

inline constexpr std::size_t kLeastWidth = 20;

/// The figure as text; every line ends with a line feed. The first of these that fits the width
/// and height is drawn: cells with their numbers; cells of two columns; cells of one column (with
/// colour two rows a line, as half-blocks); means over blocks of cells, which a note says.
/// Panels stand side by side where they fit.
/// @throws Error  kBug if there is nothing to draw or a value is NaN or +∞
std::string draw(const figure::Figure& figure, const Options& options);

}  // namespace attn_viz::terminal
