// Labels as shown: nothing stays invisible.
#include <string>

#include "attn_viz/core/label_text.hpp"
#include "catch.hpp"

using namespace attn_viz;

TEST_CASE("labels: invisible characters are shown") {
  CHECK(visible_label("") == "∅");
  CHECK(visible_label(" the") == "␣the");
  CHECK(visible_label("end  ") == "end␣␣");
  CHECK(visible_label("   ") == "␣␣␣");
  CHECK(visible_label("in the middle") == "in the middle");
  CHECK(visible_label("a\nb") == "a↵b");
  CHECK(visible_label("a\tb") == "a⇥b");
  CHECK(visible_label("\r") == "�");
  CHECK(visible_label(std::string("\0", 1)) == "�");
  CHECK(visible_label("\x1b[31m") == "�[31m");
  CHECK(visible_label("\x7f") == "�");
  CHECK(visible_label("\u0085") == "↵");
  CHECK(visible_label("\u009b") == "\uFFFD");
  CHECK(visible_label("\u200d") == "\uFFFD");
}

TEST_CASE("labels: a character cannot turn the text around it") {
  CHECK(visible_label("a\u202Eb") == "a\uFFFDb");
}

TEST_CASE("labels: markup and scripts stay as they are") {
  for (const std::string label : {"<b>&amp;</b>", "中文", "العربية", "👩‍🔬", "e\u0301", "␣"})
    CHECK(visible_label(label) == label);
}

TEST_CASE("labels: invalid UTF-8 is replaced, never passed on") {
  CHECK(visible_label("a\xff"
                      "b") == "a\uFFFDb");
  CHECK(visible_label("\xe4\xb8") == "\uFFFD\uFFFD");
  CHECK(visible_label("\xed\xa0\x80") == "\uFFFD\uFFFD\uFFFD");
}

TEST_CASE("labels: what no label has room for is cut off") {
  const std::string shown = visible_label(std::string(100'000, 'x'));
  CHECK(shown == std::string(500, 'x') + "…");
}

TEST_CASE("titles keep line feeds and spaces") {
  CHECK(visible_text(" a\nb ") == " a\nb ");
  CHECK(visible_text("a\tb") == "a⇥b");
}
