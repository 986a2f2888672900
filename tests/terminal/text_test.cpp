// Widths of texts in columns of a terminal.
#include "terminal/text.hpp"

#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"

namespace attn_viz::terminal {
namespace {

TEST_CASE("text: what each kind of character takes") {
  // Widths of Unicode Standard Annex 11 and, for emoji, Technical Standard 51.
  const std::pair<const char*, std::size_t> known[] = {
      {"", 0},
      {"Tom", 3},
      {"é", 1},
      {"e\u0301", 1},             // e and an accent
      {"中文", 4},                // wide
      {"Ｔｏｍ", 6},              // full-width
      {"ﾄﾑ", 2},                  // half-width
      {"한국어", 6},              // syllables
      {"\u1112\u1161\u11ab", 2},  // a syllable of three letters
      {"Привет", 6},
      {"שלום", 4},
      {"नमस्ते", 4},           // signs above take nothing
      {"ก\u0e35\u0e48", 1},  // a letter with two marks
      {"😀", 2},
      {"👍🏽", 2},         // with a skin tone
      {"👨\u200d👩\u200d👧", 2},  // a family
      {"🏳\ufe0f\u200d🌈", 2},
      {"🇩🇪🇫🇷", 4},           // two flags
      {"❤", 1},              // as text
      {"❤\ufe0f", 2},        // as emoji
      {"1\ufe0f\u20e3", 2},  // a keycap
      {"a\u200bb", 2},       // a space without width
      {"…", 1},
      {"▀", 1},
  };
  for (const auto& [text, width] : known) {
    CAPTURE(text);
    CHECK(width_of(text) == width);
  }
  CHECK(graphemes("a👨\u200d👩\u200d👧e\u0301").size() == 3);
}

TEST_CASE("text: shortened to a width, never inside of a character") {
  CHECK(shortened("beginning", 9, "…") == "beginning");
  CHECK(shortened("beginning", 8, "…") == "beginni…");
  CHECK(shortened("beginning", 8, "...") == "begin...");
  CHECK(shortened("中文字", 5, "…") == "中文…");
  CHECK(shortened("中文字", 4, "…") == "中…");  // half a character is none
  CHECK(shortened("e\u0301e\u0301e\u0301", 2, "…") == "e\u0301…");
  CHECK(shortened("beginning", 2, "...") == "..");
  CHECK(shortened("beginning", 0, "…") == "");
}

TEST_CASE("text: wrapped at spaces, and inside of a word only where it is wider than a line") {
  using Lines = std::vector<std::string>;
  CHECK(wrapped("one two  three", 8) == Lines{"one two", "three"});
  CHECK(wrapped("one two  three", 14) == Lines{"one two  three"});
  CHECK(wrapped("abcdefgh ij", 3) == Lines{"abc", "def", "gh", "ij"});
  CHECK(wrapped("中文 中文", 5) == Lines{"中文", "中文"});
  CHECK(wrapped("  abcde", 5) == Lines{"abcde"});
  CHECK(wrapped("a\nb", 5) == Lines{"a", "b"});
  CHECK(wrapped("", 5) == Lines{""});
}

TEST_CASE("text: letters from right to left are seen") {
  CHECK(has_right_to_left("a שלום"));
  CHECK(has_right_to_left("مرحبا"));
  CHECK_FALSE(has_right_to_left("Tom 中文 😀 é"));
}

}  // namespace
}  // namespace attn_viz::terminal
