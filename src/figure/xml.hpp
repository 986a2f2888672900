// Text and numbers as XML has them.
#pragma once

#include <string>
#include <string_view>

namespace attn_viz::figure {

/// Text for between tags and for attributes in double quotes. What XML 1.0 does not allow (control
/// characters, U+FFFE, U+FFFF, bytes that are not UTF-8) becomes U+FFFD; a line feed stays.
/// Example: "a < \"b\" & c" → "a &lt; &quot;b&quot; &amp; c".
std::string escaped(std::string_view text);

/// With at most `digits` decimals, without zeros at the end: (2.50, 2) → "2.5", (−0.001, 2) → "0".
std::string decimal(double number, int digits = 2);

}  // namespace attn_viz::figure
