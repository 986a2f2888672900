// Text as given → text as shown: nothing invisible stays invisible.
#pragma once

#include <string>
#include <string_view>

namespace attn_viz {

/// A label on one line. Line feeds become ↵, tabs ⇥, spaces at the ends ␣, other control characters
/// their pictures (U+2400 …) or U+FFFD, an empty label ∅; invalid UTF-8 becomes U+FFFD. What no
/// label has room for is cut off and ends with "…".
/// Examples: " the" → "␣the", "a\nb" → "a↵b", "" → "∅".
std::string visible_label(std::string_view label);

/// The same for a title or a note, where line feeds break lines and outer spaces do no harm.
std::string visible_text(std::string_view text);

/// The character at the front of valid UTF-8 text, which is taken off.
char32_t take_character(std::string_view& text);

}  // namespace attn_viz
