// The fast parser against the one that explains: what it accepts must be the same document.
#include <filesystem>
#include <random>
#include <string>

#include "attn_viz/core/files.hpp"
#include "catch.hpp"
#include "core/json_nodes.hpp"

namespace attn_viz::json {
namespace {

bool same(const Node& a, const Node& b) {
  const bool scalars = a.kind == b.kind && a.boolean == b.boolean && a.number == b.number &&
                       a.text == b.text && a.shape == b.shape && a.numbers == b.numbers;
  if (!scalars || a.items.size() != b.items.size() || a.members.size() != b.members.size()) {
    return false;
  }
  for (std::size_t i = 0; i < a.items.size(); ++i) {
    if (!same(a.items[i], b.items[i])) return false;
  }
  for (std::size_t i = 0; i < a.members.size(); ++i) {
    if (a.members[i].first != b.members[i].first) return false;
    if (!same(a.members[i].second, b.members[i].second)) return false;
  }
  return true;
}

enum class Verdict { kSame, kRefused, kDiffers };

/// What the fast parser says of a text, held against the other.
Verdict compare(const std::string& text) {
  const std::optional<Node> fast = parse_fast(text);
  if (!fast) return Verdict::kRefused;
  try {
    return same(*fast, parse_and_explain(text)) ? Verdict::kSame : Verdict::kDiffers;
  } catch (const Error&) {
    return Verdict::kDiffers;
  }
}

TEST_CASE("json: both parsers read the same documents") {
  const std::string deep(kDeepest, '['), deep_end(kDeepest, ']');
  for (const std::string& text :
       {std::string(R"({"a": [[1, 2], [3, 4]], "b": ["x", null, true, {"c": -0.0}], "": 1e-400})"),
        std::string("[[1, 2], [3]]"), std::string("[null, 1, [2], \"\\u00e9\\ud83d\\ude00\"]"),
        std::string("[18446744073709551615, 5e-324, "
                    "1.7976931348623157e308]"),
        std::string("[[], [[]], {}]"), deep + deep_end}) {
    INFO(text);
    CHECK(compare(text) == Verdict::kSame);
  }
}

TEST_CASE("json: the fast parser leaves to the other what must be explained") {
  for (const std::string& text :
       {std::string(""), std::string("[1 2]"), std::string("[1,]"),
        std::string("{\"a\": 1, \"a\": 2}"), std::string("[1e400]"), std::string("[NaN]"),
        std::string("[\"\xFF\"]"), std::string("[01]"), std::string("[\"\\ud800\"]"),
        std::string("[1] x"), std::string("[\"a\nb\"]"),
        std::string(kDeepest + 1, '[') + std::string(kDeepest + 1, ']')}) {
    INFO(text);
    CHECK(compare(text) == Verdict::kRefused);
    CHECK_THROWS_AS(parse(text), Error);
  }
}

TEST_CASE("json: damaged documents are never read in two ways") {
  std::mt19937 random(7);
  std::size_t read = 0, refused = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() != ".json") continue;
    const std::string whole = read_file(entry.path().string());
    CHECK(compare(whole) == Verdict::kSame);
    for (int trial = 0; trial < 200; ++trial) {
      std::string text = whole;
      for (int change = 0; change < 2; ++change) {
        constexpr std::string_view kBytes = "[]{},:\"0123456789.eE+-tfn \\\x80\xC3";
        text[random() % text.size()] = kBytes[random() % kBytes.size()];
      }
      const Verdict verdict = compare(text);
      if (verdict == Verdict::kDiffers) FAIL(text);
      ++(verdict == Verdict::kSame ? read : refused);
    }
  }
  CHECK(read > 100);
  CHECK(refused > 100);
}

}  // namespace
}  // namespace attn_viz::json
