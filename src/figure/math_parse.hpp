// Which parts of an equation are lowered or raised.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::figure {

/// A part of a text on one line.
struct MathPart {
  std::string text;
  int level = 0;  ///< −1 lowered, 1 raised
  bool operator==(const MathPart&) const = default;
};

/// What follows "_" is lowered and what follows "^" raised: a word of letters and digits, or what
/// stands in parentheses or braces.
/// Example: "A = W_Q X" → "A = W", lowered "Q", " X".
std::vector<MathPart> parse_math(std::string_view text);

}  // namespace attn_viz::figure
