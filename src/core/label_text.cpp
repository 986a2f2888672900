#include "attn_viz/core/label_text.hpp"

#include <glib.h>

#include <vector>

namespace attn_viz {
namespace {

constexpr char32_t kReplacement = 0xFFFD;
// Far more characters than fit into the widest label, and into a readable title.
constexpr std::size_t kLongestLabel = 500, kLongestText = 5000;

struct Characters {
  std::vector<char32_t> all;
  bool cut = false;
};

Characters decode(std::string_view text, std::size_t longest) {
  Characters characters;
  while (!text.empty()) {
    if (characters.all.size() == longest) {
      characters.cut = true;
      break;
    }
    // GLib takes a null character for the end of the text.
    const gunichar c =
        text[0] == '\0' ? 0
                        : g_utf8_get_char_validated(text.data(), static_cast<gssize>(text.size()));
    const bool invalid = c > 0x10FFFF;
    characters.all.push_back(invalid ? kReplacement : c);
    text.remove_prefix(invalid ? 1 : static_cast<std::size_t>(g_unichar_to_utf8(c, nullptr)));
  }
  return characters;
}

bool is_space(char32_t c) {
  return c >= 0x20 && g_unichar_type(c) == G_UNICODE_SPACE_SEPARATOR;
}

/// Characters that would reorder the text around them.
bool is_bidi_control(char32_t c) {
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

char32_t visible(char32_t c) {
  if (c == '\n' || c == 0x2028 || c == 0x2029 || c == 0x85) return 0x21B5;  // ↵
  if (c == '\t') return 0x21E5;                                             // ⇥
  // Fonts seldom have the pictures of control characters (U+2400 …), so these share one sign.
  if (c < 0x20 || (c >= 0x7F && c < 0xA0) || is_bidi_control(c) || c == 0xFEFF) return kReplacement;
  return c;
}

std::string encode(const Characters& characters) {
  std::string text;
  for (const char32_t c : characters.all) {
    char bytes[6];
    text.append(bytes, static_cast<std::size_t>(g_unichar_to_utf8(c, bytes)));
  }
  if (characters.cut) text += "…";
  return text;
}

}  // namespace

std::string visible_label(std::string_view label) {
  Characters characters = decode(label, kLongestLabel);
  std::vector<char32_t>& all = characters.all;
  if (all.empty()) return "∅";
  std::size_t first = 0, last = all.size();
  while (first < last && is_space(all[first])) all[first++] = 0x2423;  // ␣
  if (!characters.cut)
    while (last > first && is_space(all[last - 1])) all[--last] = 0x2423;
  bool anything = false;
  for (char32_t& c : all) {
    c = visible(c);
    anything = anything || !g_unichar_iszerowidth(c);
  }
  // Nothing but joiners and accents without a letter: one sign for each.
  if (!anything)
    for (char32_t& c : all) c = kReplacement;
  return encode(characters);
}

std::string visible_text(std::string_view text) {
  Characters characters = decode(text, kLongestText);
  for (char32_t& c : characters.all)
    if (c != '\n') c = visible(c);
  return encode(characters);
}

char32_t take_character(std::string_view& text) {
  const char32_t c = g_utf8_get_char(text.data());
  text.remove_prefix(static_cast<std::size_t>(g_unichar_to_utf8(c, nullptr)));
  return c;
}

}  // namespace attn_viz
