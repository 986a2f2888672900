// Lines between tokens: as strong as the weights, nothing clipped, what is left out is said.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/lines.hpp"
#include "catch.hpp"
#include "figure/head_colors.hpp"
#include "figure/line_choice.hpp"
#include "figure/support.hpp"
#include "figure/svg_reader.hpp"

using namespace attn_viz;
using namespace attn_viz::figure;

namespace {

TokenLines lines_of(const std::vector<double>& values, std::size_t rows, std::size_t columns,
                    std::size_t heads = 1) {
  TokenLines lines;
  lines.title = "Title";
  lines.subtitle = "Layer 0: weights";
  lines.queries.name = "queries";
  lines.keys.name = "keys";
  lines.colors = heads;
  const std::size_t size = rows * columns;
  for (std::size_t h = 0; h < heads; ++h) {
    const std::span<const double> own(values.data() + h * size, size);
    lines.heads.push_back({numbered("head ", h), h, Matrix(own, rows, columns)});
  }
  return lines;
}

/// A line between tokens as the SVG has it.
struct DrawnLink {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0, opacity = 0;
  std::string color;
  bool dashed = false;
};

/// The legend's samples are those that are level and short.
std::vector<DrawnLink> drawn_lines(const TokenLines& lines) {
  const SvgElement root = parse_svg(paint(lines, Format::kSvg).bytes);
  std::vector<DrawnLink> drawn;
  for (const SvgElement* path : all_of(root, "path")) {
    if (path->get("fill") != "none") continue;
    const std::vector<double> n = numbers_in(path->get("d"));
    REQUIRE(n.size() == 4);
    if (n[2] - n[0] < 100) continue;
    drawn.push_back({n[0], n[1], n[2], n[3],
                     path->has("stroke-opacity") ? path->number("stroke-opacity") : 1.0,
                     path->get("stroke"), path->has("stroke-dasharray")});
  }
  return drawn;
}

std::string hex(Rgb color) {
  char text[8];
  std::snprintf(text, sizeof text, "#%02x%02x%02x", color.red, color.green, color.blue);
  return text;
}

bool says(const Layout& layout, const std::string& note) {
  return std::any_of(layout.texts.begin(), layout.texts.end(),
                     [&](const PlacedText& text) { return text.text == note; });
}

/// No text outside of the canvas, none on another, none where lines run.
void check_token_lines(const TokenLines& lines) {
  const Layout layout = lay_out(lines);
  std::size_t outside = 0, meeting = 0;
  for (std::size_t a = 0; a < layout.texts.size(); ++a) {
    const PlacedText& text = layout.texts[a];
    outside += text.left < 0 || text.top < 0 ||
               text.left + text.width > static_cast<double>(layout.width) ||
               text.top + text.height > static_cast<double>(layout.height);
    for (std::size_t b = a + 1; b < layout.texts.size(); ++b) {
      const PlacedText& other = layout.texts[b];
      meeting += text.left < other.left + other.width && other.left < text.left + text.width &&
                 text.top < other.top + other.height && other.top < text.top + text.height;
    }
  }
  CHECK(outside == 0);
  CHECK(meeting == 0);
  for (const DrawnLink& line : drawn_lines(lines)) {
    CHECK(std::min({line.x0, line.y0, line.y1}) >= 0);
    CHECK(line.x1 <= static_cast<double>(layout.width));
    CHECK(std::max(line.y0, line.y1) <= static_cast<double>(layout.height));
    for (const PlacedText& text : layout.texts) {
      const bool label = text.kind == TextKind::kRowLabel || text.kind == TextKind::kColumnLabel;
      if (label) CHECK((text.left + text.width < line.x0 || text.left > line.x1));
    }
  }
}

std::string message_of(const TokenLines& lines) {
  try {
    lay_out(lines);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBug);
    return error.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("lines: opacity is the weight; queries stand left, keys right, from top to bottom") {
  const std::vector<double> values = {0.7, 0.2, 0.1, 0, 0.995, 0.005};
  const auto drawn = drawn_lines(lines_of(values, 2, 3));
  // Two queries stand in the middle of three keys, so ends tell which is which.
  std::set<double> starts, ends;
  for (const DrawnLink& line : drawn) {
    starts.insert(line.y0);
    ends.insert(line.y1);
  }
  REQUIRE(drawn.size() == 4);  // 0 and 0.005 are not drawn
  REQUIRE(starts.size() == 2);
  REQUIRE(ends.size() == 3);
  for (const DrawnLink& line : drawn) {
    const auto i = std::distance(starts.begin(), starts.find(line.y0));
    const auto j = std::distance(ends.begin(), ends.find(line.y1));
    CHECK(line.opacity == Approx(values[static_cast<std::size_t>(3 * i + j)]).margin(5e-5));
    CHECK(line.color == hex(head_color(0, 1, Theme::kLight)));
    CHECK_FALSE(line.dashed);
  }
  CHECK(says(lay_out(lines_of(values, 2, 3)), "1 line with weight < 0.01 is not drawn."));
}

TEST_CASE("lines: each head has its color and its own place at a token") {
  const std::vector<double> values = {1, 0, 0, 1, 0, 1, 1, 0, 0.5, 0.5, 0.25, 0.75};
  const auto drawn = drawn_lines(lines_of(values, 2, 2, 3));
  CHECK(drawn.size() == 8);
  std::map<std::string, int> of_color;
  std::set<std::pair<double, double>> places;
  for (const DrawnLink& line : drawn) {
    ++of_color[line.color];
    places.insert({line.y0, line.y1});
  }
  CHECK(places.size() == 8);
  CHECK(of_color == std::map<std::string, int>{{hex(head_color(0, 3, Theme::kLight)), 2},
                                               {hex(head_color(1, 3, Theme::kLight)), 2},
                                               {hex(head_color(2, 3, Theme::kLight)), 4}});
}

TEST_CASE("lines: negative weights are dashed, masked ones have none, the scale may be another") {
  const std::vector<double> values = {-2, 1, kMinusInfinity, 4};
  TokenLines lines = lines_of(values, 2, 2);
  lines.strongest = 4;
  const auto drawn = drawn_lines(lines);
  REQUIRE(drawn.size() == 3);
  for (const DrawnLink& line : drawn) CHECK(line.dashed == (line.opacity == 0.5));
  CHECK(drawn.front().opacity == 0.25);  // the strongest lies on top
  CHECK(drawn.back().opacity == 1);
  const Layout layout = lay_out(lines);
  CHECK(says(layout, "Opacity is the weight's size, from 0 to 4; negative: dashed."));
  lines.strongest = 2;
  CHECK(says(lay_out(lines), "1 line stronger than 2 is opaque, too."));
}

TEST_CASE("lines: a chosen query keeps its colors, the others are grey and weaker") {
  const std::vector<double> values = {0.4, 0.6, 0.8, 0.2};
  TokenLines lines = lines_of(values, 2, 2);
  lines.query = 1;
  const auto drawn = drawn_lines(lines);
  REQUIRE(drawn.size() == 4);
  const std::string color = hex(head_color(0, 1, Theme::kLight));
  CHECK(drawn[0].color != color);
  CHECK(drawn[0].opacity == Approx(0.1));
  CHECK(drawn[1].opacity == Approx(0.15));
  CHECK(drawn[2].color == color);
  CHECK(drawn[2].opacity == Approx(0.2));
  CHECK(drawn[3].opacity == Approx(0.8));
}

TEST_CASE("lines: texts stay apart and inside, from 1 token to 2,000, in every script") {
  const std::vector<std::string> some = {"the",         "שלום עולם", "注意力",
                                         "👩‍🔬", "العربية",   "",
                                         "<b>&",        "a\nb",      std::string(200, 'x')};
  for (const std::size_t n : {1, 2, 9, 50, 200, 512, 2000}) {
    INFO(n << " tokens");
    // A few strong lines for each token.
    std::vector<double> values(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i)
      for (const std::size_t step : {0, 1, 7}) values[i * n + (i + step) % n] += 1.0 / 3;
    TokenLines lines = lines_of(values, n, n);
    check_token_lines(lines);
    for (std::size_t i = 0; i < n; ++i) lines.queries.labels.push_back(some[i % some.size()]);
    lines.keys.labels = lines.queries.labels;
    lines.query = n / 2;
    check_token_lines(lines);
  }
  const auto values = random_values(3 * 60);
  check_token_lines(lines_of(values, 3, 60));
  check_token_lines(lines_of(values, 60, 3));
  const auto heads = random_values(32 * 16);
  check_token_lines(lines_of(heads, 4, 4, 32));
}

TEST_CASE("lines: of too many, the strongest are drawn, and it is said") {
  const std::size_t n = 160;
  const auto values = random_values(n * n, 0.02, 1);
  const TokenLines lines = lines_of(values, n, n);
  const LineChoice choice = choose_lines(lines);
  REQUIRE(choice.lines.size() == kMostLines);
  CHECK(choice.beyond == n * n - kMostLines);
  auto sorted = values;
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  for (std::size_t k = 0; k < kMostLines; ++k)
    REQUIRE(choice.lines[kMostLines - 1 - k].weight == sorted[k]);
  CHECK(
      says(lay_out(lines), "The 5000 strongest lines are drawn; 20600 weaker ones are left out."));
}

TEST_CASE("lines: of equal ones, the first are drawn, the same each time") {
  const std::size_t n = 250;
  const std::vector<double> values(n * n, 0.5);
  const LineChoice choice = choose_lines(lines_of(values, n, n));
  REQUIRE(choice.lines.size() == kMostLines);
  for (const ChosenLine& line : choice.lines) REQUIRE(line.query < kMostLines / n);
}

TEST_CASE("lines: the same picture each time, in every format and theme") {
  const auto values = random_values(2 * 36);
  TokenLines lines = lines_of(values, 6, 6, 2);
  for (const Theme theme : {Theme::kLight, Theme::kDark, Theme::kPrint}) {
    lines.theme = theme;
    for (const Format format : {Format::kPng, Format::kSvg, Format::kPdf}) {
      const std::string bytes = paint(lines, format).bytes;
      CHECK_FALSE(bytes.empty());
      CHECK((paint(lines, format).bytes == bytes));
    }
  }
}

TEST_CASE("lines: in a PNG an opaque level line has its head's color") {
  const std::vector<double> values = {1};
  const DecodedPng image = decode(paint(lines_of(values, 1, 1), Format::kPng).bytes);
  const auto line = drawn_lines(lines_of(values, 1, 1)).at(0);
  CHECK(image.at(static_cast<std::size_t>((line.x0 + line.x1) / 2),
                 static_cast<std::size_t>(line.y0)) == head_color(0, 1, Theme::kLight));
}

TEST_CASE("lines: what does not fit together is refused") {
  const std::vector<double> values(12, 0.1);
  const TokenLines good = lines_of(values, 2, 3, 2);
  auto refused = [&](const std::function<void(TokenLines&)>& change) {
    TokenLines lines = good;
    change(lines);
    return message_of(lines);
  };
  CHECK(refused([](TokenLines& lines) { lines.heads.clear(); }) ==
        "lines without heads cannot be drawn");
  CHECK(refused([](TokenLines& lines) { lines.heads[0].weights = Matrix(); }) ==
        "lines without tokens cannot be drawn");
  CHECK(refused([&](TokenLines& lines) { lines.heads[1].weights = matrix(values, 3, 2); }) ==
        "the heads of a figure must have the same size");
  CHECK(refused([](TokenLines& lines) { lines.colors = 1; }) ==
        "a head has a color that there is not");
  CHECK(refused([](TokenLines& lines) { lines.keys.labels = {"a"}; }) == "1 key labels for 3");
  CHECK(refused([](TokenLines& lines) { lines.strongest = 0; }) == "lines from 0 to 0");
  CHECK(refused([](TokenLines& lines) { lines.query = 2; }) ==
        "the chosen query of a figure lies outside of it");
  const std::vector<double> nan(6, std::nan(""));
  CHECK(message_of(lines_of(nan, 2, 3)) == "NaN cannot be drawn (row 0, column 0 of \"head 0\")");
}

TEST_CASE("lines: colors of heads differ and stand out from the paper") {
  for (const Theme theme : {Theme::kLight, Theme::kDark}) {
    const double paper = luminance(palette_of(theme).paper);
    for (const std::size_t count : {1, 4, 8, 9, 12, 16}) {
      std::set<std::string> colors;
      for (std::size_t head = 0; head < count; ++head) {
        const Rgb color = head_color(head, count, theme);
        colors.insert(hex(color));
        const double a = luminance(color),
                     contrast = (std::max(a, paper) + 0.05) / (std::min(a, paper) + 0.05);
        INFO("head " << head << " of " << count);
        // The yellow of Okabe and Ito, the last of eight on white, is the palest.
        CHECK(contrast > (count == 8 && head == 7 ? 1.2 : 2));
      }
      CHECK(colors.size() == count);
    }
  }
}
