// Characters for which no font is installed are named; all others are not.
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

constexpr char kHint[] =
    "; drawn as boxes\n  hint: install a font that has them, such as one of Debian's fonts-noto\n";

Run run_with_label(const std::string& label, const std::vector<std::string>& more = {}) {
  const TemporaryFolder folder;
  folder.write("a.json", "{\"tokens\": [\"" + label + "\", \"b\"], \"embeddings\": [[1], [2]]}");
  std::vector<std::string> arguments{"run", "a.json", "-o", "out"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return folder.run(arguments);
}

}  // namespace

TEST_CASE("fonts: characters without a font are named, and the pictures are written") {
  CHECK(run_with_label("x\xF4\x8F\xBF\xBDy") ==
        Run{0, kDone,
            std::string("attn-viz: warning: a.json: no installed font has \xF4\x8F\xBF\xBD "
                        "(U+10FFFD)") +
                kHint});
  CHECK(run_with_label("\xEF\xA3\xBF") ==
        Run{0, kDone,
            std::string("attn-viz: warning: a.json: no installed font has \xEF\xA3\xBF (U+F8FF)") +
                kHint});
}

TEST_CASE("fonts: missing characters are sorted, each named once, over all formats") {
  CHECK(run_with_label("\xF4\x8F\xBF\xBD\xEF\xA3\xBF\xEF\xA3\xBF", {"--no-trace"}) ==
        Run{0, "out/a: heatmap.png, 1 figure in heatmaps/\n",
            std::string("attn-viz: warning: a.json: no installed font has \xEF\xA3\xBF (U+F8FF), "
                        "\xF4\x8F\xBF\xBD (U+10FFFD)") +
                kHint});
}

TEST_CASE("fonts: more than ten missing characters are counted") {
  std::string label, names;
  for (int i = 0; i < 12; ++i) {
    const std::string character = {'\xF4', '\x8F', '\xBE', static_cast<char>(0x80 + i)};
    label += character;
    if (i < 10) {
      constexpr char kHex[] = "0123456789ABCDEF";
      names += (i == 0 ? "" : ", ") + character + " (U+10FF8" + kHex[i] + ")";
    }
  }
  CHECK(run_with_label(label).err ==
        "attn-viz: warning: a.json: no installed font has " + names + " and 2 more" + kHint);
}

TEST_CASE("fonts: no drawing, no warning") {
  CHECK(run_with_label("\xEF\xA3\xBF", {"--no-heatmaps"}) == Run{0, "out/a: trace.json\n", ""});
}

TEST_CASE("fonts: Chinese, Arabic, emoji and combining marks need no warning") {
  for (const char* label : {"中文", "العربية", "👩‍🔬", "e\u0301\u0323", "🇨🇳", "a\u200Db",
                            "ελληνικά", "Ünïcödé", "x\\ny", "x\\ty", " ", "한국어", "ひらがな"}) {
    CAPTURE(label);
    CHECK(run_with_label(label) == Run{0, kDone, ""});
  }
}
