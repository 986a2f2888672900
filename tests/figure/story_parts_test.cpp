// Lowered and raised parts of equations, and rows of a sheet.
#include "catch.hpp"
#include "figure/math_parse.hpp"
#include "figure/story_rows.hpp"

using namespace attn_viz::figure;

namespace {

/// "A = W[-Q] X" of "A = W_Q X".
std::string marked(std::string_view text) {
  std::string result;
  for (const MathPart& part : parse_math(text)) {
    result += part.level == 0 ? part.text : (part.level < 0 ? "[-" : "[+") + part.text + "]";
  }
  return result;
}

}  // namespace

TEST_CASE("equations: what follows _ is lowered, what follows ^ raised") {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"Q = X W_Q", "Q = X W[-Q]"},
      {"S = Q K_normᵀ", "S = Q K[-norm]ᵀ"},
      {"S_(i−1) + φ(K)_iᵀ V_i", "S[-i−1] + φ(K)[-i]ᵀ V[-i]"},
      {"base^(−2t/d)", "base[+−2t/d]"},
      {"x_{a b}", "x[-a b]"},
      {"_", "_"},
      {"a_ b", "a_ b"},
      {"a_(b", "a_(b"},
      {"x^2_i", "x[+2][-i]"},
      {"__", "__"},
  };
  for (const auto& [text, expected] : cases) CHECK(marked(text) == expected);
}

TEST_CASE("rows: full, unbroken where that is possible, and as high as there is room") {
  const RowGaps gaps{10, 5, 8};
  const LineBox box{.width = 100, .width_behind = 100, .above = 20, .below = 30};
  std::vector<LineBox> lines(6, box);
  lines[0].begins_stage = lines[2].begins_stage = true;
  lines[3].continues = true;
  lines[3].width_behind = 40;
  // Two in the first stage, four in the second: the second row is the wider one.
  const auto rows = break_rows(lines, 360, 1000, gaps);
  REQUIRE(rows);
  CHECK(rows->first == std::vector<std::size_t>{0, 2});
  CHECK(rows->breaks == 0);
  CHECK(rows->width == 100 + 40 + 110 + 110);
  CHECK(rows->height == 2 * 58 + 5);
  CHECK(row_width(lines, 2, 6, gaps) == rows->width);
  // Less room: the second stage must break, and not before what continues.
  const auto narrow = break_rows(lines, 250, 1000, gaps);
  REQUIRE(narrow);
  CHECK(narrow->breaks == 1);
  CHECK(narrow->first == std::vector<std::size_t>{0, 2, 4});
  CHECK_FALSE(break_rows(lines, 250, 100, gaps));
  CHECK_FALSE(break_rows(lines, 90, 1000, gaps));
}
