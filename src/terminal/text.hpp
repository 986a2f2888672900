// Text measured in the columns that it takes in a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::terminal {

/// What a reader takes for one character: a letter with its accents, a flag, a family of emoji.
struct Grapheme {
  std::string_view text;
  std::size_t width = 0;  ///< in columns: 0, 1 or 2, more where a script joins letters
};

/// The graphemes of valid UTF-8 text (Unicode Standard Annex 29), which must outlive them.
/// Wide and full-width characters (Annex 11) and emoji take 2 columns, what combines none.
std::vector<Grapheme> graphemes(std::string_view text);

/// The columns of a text on one line.
std::size_t width_of(std::string_view text);

/// The text, or its beginning and the ellipsis if it is wider than `width`.
std::string shortened(std::string_view text, std::size_t width, std::string_view ellipsis);

/// The text on lines of at most `width` columns, broken at spaces where that is possible, and at
/// line feeds.
std::vector<std::string> wrapped(std::string_view text, std::size_t width);

/// Whether a text has letters that are written from right to left.
bool has_right_to_left(std::string_view text);

}  // namespace attn_viz::terminal
