#include "terminal/text.hpp"

#include <pango/pango.h>

#include <algorithm>

#include "attn_viz/core/label_text.hpp"

namespace attn_viz::terminal {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_flag_letter(char32_t c) {
  return c >= 0x1F1E6 && c <= 0x1F1FF;
}

std::size_t width_of_grapheme(std::string_view text) {
  std::size_t sum = 0, count = 0, flag_letters = 0;
  bool wide = false, joined = false, pictured = false;
  for (; !text.empty(); ++count) {
    const char32_t c = take_character(text);
    const bool is_wide = g_unichar_iswide(c);
    sum += g_unichar_iszerowidth(c) ? 0 : is_wide ? 2 : 1;
    wide |= is_wide;
    joined |= c == 0x200D;
    flag_letters += is_flag_letter(c);
    // Emoji presentation, a keycap, a skin tone.
    pictured |= c == 0xFE0F || c == 0x20E3 || (count > 0 && c >= 0x1F3FB && c <= 0x1F3FF);
  }
  const bool emoji = pictured || flag_letters == 2 || (joined && wide);
  return emoji ? 2 : sum;
}

}  // namespace

std::vector<Grapheme> graphemes(std::string_view text) {
  std::vector<Grapheme> found;
  if (is_ascii(text)) {
    for (std::size_t i = 0; i < text.size(); ++i) found.push_back({text.substr(i, 1), 1});
    return found;
  }
  const auto bytes = static_cast<int>(text.size());
  const auto count = static_cast<std::size_t>(g_utf8_strlen(text.data(), bytes));
  std::vector<PangoLogAttr> breaks(count + 1);
  pango_get_log_attrs(text.data(), bytes, -1, pango_language_from_string("en"), breaks.data(),
                      static_cast<int>(breaks.size()));
  std::string_view rest = text;
  std::size_t first = 0;
  for (std::size_t i = 0; i < count; ++i) {
    take_character(rest);
    if (!breaks[i + 1].is_cursor_position && i + 1 < count) continue;
    const std::size_t end = text.size() - rest.size();
    const std::string_view one = text.substr(first, end - first);
    found.push_back({one, width_of_grapheme(one)});
    first = end;
  }
  return found;
}

std::size_t width_of(std::string_view text) {
  if (is_ascii(text)) return text.size();
  std::size_t width = 0;
  for (const Grapheme& one : graphemes(text)) width += one.width;
  return width;
}

std::string shortened(std::string_view text, std::size_t width, std::string_view ellipsis) {
  if (width_of(text) <= width) return std::string(text);
  const std::size_t end = width_of(ellipsis);
  if (width < end) return std::string(width, '.');
  std::string result;
  std::size_t used = 0;
  for (const Grapheme& one : graphemes(text)) {
    if (used + one.width + end > width) break;
    used += one.width;
    result += one.text;
  }
  return result.append(ellipsis);
}

std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
  std::vector<std::string> lines{""};
  std::size_t used = 0;       // columns of the last line
  std::string word, between;  // the word that is being read, the spaces before it
  std::size_t word_width = 0;
  const auto new_line = [&] { lines.emplace_back(), used = 0, between.clear(); };
  const auto put_word = [&] {
    if (word.empty()) return;
    if (used + between.size() + word_width > width) {
      if (used > 0) new_line();
      between.clear();
    }
    lines.back() += between + word;
    used += between.size() + word_width;
    word.clear(), between.clear(), word_width = 0;
  };
  for (const Grapheme& one : graphemes(text)) {
    if (one.text == "\n") {
      put_word(), new_line();
    } else if (one.text == " ") {
      put_word();
      between += ' ';
    } else {
      // A word that is wider than a line is broken.
      if (word_width + one.width > width) put_word(), new_line();
      word += one.text;
      word_width += one.width;
    }
  }
  put_word();
  return lines;
}

bool has_right_to_left(std::string_view text) {
  while (!text.empty()) {
    const char32_t c = take_character(text);
    // The blocks that Unicode keeps for such letters (DerivedBidiClass.txt).
    if ((c >= 0x590 && c <= 0x8FF) || (c >= 0xFB1D && c <= 0xFDFF) ||
        (c >= 0xFE70 && c <= 0xFEFE) || (c >= 0x10800 && c <= 0x10FFF) ||
        (c >= 0x1E800 && c <= 0x1EFFF)) {
      return true;
    }
  }
  return false;
}

}  // namespace attn_viz::terminal
