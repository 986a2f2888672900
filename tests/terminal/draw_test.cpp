// Exact texts for fixed widths.
#include "attn_viz/terminal/draw.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "terminal/text.hpp"

namespace attn_viz::terminal {
namespace {

using figure::ColorMap;
using figure::Figure;
using figure::Matrix;

constexpr double kMasked = -std::numeric_limits<double>::infinity();

/// A figure and the values that its matrices look at; −∞ is a masked cell.
struct Owned {
  std::vector<double> values;
  Figure figure;
};

Owned one(std::vector<double> values, std::size_t rows, std::vector<std::string> row_labels = {},
          std::vector<std::string> column_labels = {}) {
  Owned owned{std::move(values), {}};
  owned.figure.rows = {"queries", std::move(row_labels)};
  owned.figure.columns = {"keys", std::move(column_labels)};
  owned.figure.scale.note = "weight, 0 to 1";
  owned.figure.panels.resize(1);
  owned.figure.panels[0].values =
      Matrix(std::span<const double>(owned.values), rows, owned.values.size() / rows);
  return owned;
}

/// A drawing after its first line, a line feed, so that texts here begin on a line of their own.
std::string drawn(const Owned& owned, std::size_t width = 80, Color color = Color::kNone) {
  return draw(owned.figure, {.color = color, .width = width, .height = 60, .digits = {}});
}

/// What is seen: without colours and marks of direction.
std::string seen(const std::string& text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x1b')
      i = text.find('m', i);
    else
      result += text[i];
  }
  return result;
}

TEST_CASE("terminal: one cell") {
  CHECK(drawn(one({1}, 1), 20) == R"(
        keys
queries   0
      0   1
)");
}

TEST_CASE("terminal: a small matrix shows its numbers") {
  Owned tom = one({0.4, 0.2, 0.4, 0.155, 0.155, 0.69, 0.25, 0.25, 0.5}, 3,
                  {"Tom", "chases", "Jerry"}, {"Tom", "chases", "Jerry"});
  tom.figure.title = "Tom chases Jerry";
  tom.figure.subtitle = "Layer 0, head 0: weights    A = softmax(S)";
  tom.figure.notes = {"A note that is longer than the line."};
  CHECK(drawn(tom, 34) == R"(Tom chases Jerry
Layer 0, head 0: weights    A =
softmax(S)

        keys
queries     Tom  chases   Jerry
    Tom    0.40    0.20    0.40
 chases    0.15    0.15    0.69
  Jerry    0.25    0.25    0.50

A note that is longer than the
line.
)");
  // Where labels are wider than numbers, they stand on several lines, else turned, else shades.
  CHECK(drawn(tom, 26) == R"(Tom chases Jerry
Layer 0, head 0: weights
A = softmax(S)

        keys
          Tom       Jerry
queries      chases
    Tom  0.40  0.20  0.40
 chases  0.15  0.15  0.69
  Jerry  0.25  0.25  0.50

A note that is longer than
the line.
)");
  CHECK(draw(tom.figure, {.color = Color::kNone, .width = 40, .height = 60, .digits = 3})
            .find("Tom   0.400   0.200   0.400\n") != std::string::npos);
}

TEST_CASE("terminal: numbers of all sizes, signs and masks") {
  CHECK(drawn(one({-0.001, -1.25, 12.5, kMasked}, 2)) == R"(
        keys
queries      0      1
      0   0.00  -1.25
      1  12.50     //

// masked
)");
  CHECK(drawn(one({0.00123, 0.0004}, 1)) == R"(
        keys
queries       0       1
      0  0.0012  0.0004
)");
  CHECK(drawn(one({1, 0, -3, 123456}, 2)) == R"(
        keys
queries        0        1
      0        1        0
      1       -3  1.2e+05
)");
}

TEST_CASE("terminal: wide characters, emoji and what is invisible keep the columns in line") {
  const std::vector<std::string> labels{"中文", "😀", "", "a\nb", "\x1b[1m"};
  CHECK(drawn(one(std::vector<double>(25, 0.2), 5, labels, labels), 50) == R"(
        keys
queries  中文    😀     ∅   a↵b  �[1m
   中文  0.20  0.20  0.20  0.20  0.20
     😀  0.20  0.20  0.20  0.20  0.20
      ∅  0.20  0.20  0.20  0.20  0.20
    a↵b  0.20  0.20  0.20  0.20  0.20
   �[1m  0.20  0.20  0.20  0.20  0.20
)");
  // After letters from right to left a mark keeps the numbers from being turned around.
  CHECK(drawn(one({0.25, 0.75}, 1, {"שלום"}, {"a", "b"})) ==
        "\n        keys\nqueries     a     b\n   שלום\u200e  0.25  0.75\n");
}

TEST_CASE("terminal: turned labels, and shades where numbers do not fit") {
  const std::vector<std::string> labels{"Tom", "chases", "Jerry", "e\u0301", "a very long label"};
  std::vector<double> values;
  for (int i = 0; i < 25; ++i) values.push_back(i / 24.0);
  values[1] = kMasked;
  CHECK(drawn(one(values, 5, labels, labels), 26) == R"(
         keys
                 a

                 v
                 e
                 r
                 y
           c
           h J   l
           a e   o
         T s r   .
         o e r   .
 queries m s y é .
     Tom   //....::
  chases ::::------
   Jerry ====++++++
       é ******####
a ver... %%%%%%@@@@

0 [ .:-=+*#%@] 1
weight, 0 to 1
// masked
)");
}

TEST_CASE("terminal: signed shades tell the sign by their family") {
  std::vector<double> values;
  for (int i = -10; i <= 10; ++i) values.push_back(i / 10.0);
  Owned owned = one(values, 1);
  owned.figure.scale = {ColorMap::kDiverging, -1, 1, "value"};
  CHECK(drawn(owned, 31) == R"(
        keys
queries 0    5    10   15   20
      0 MZZZzz=--- :::+**###@

-1 [MZz=- :+*#@] 1  value
)");
}

TEST_CASE("terminal: forty tokens in eighty columns") {
  std::vector<std::string> latin, han;
  std::vector<double> values(1600, 0);
  for (std::size_t i = 0; i < 40; ++i) {
    latin.push_back(fmt::format("{}{}", static_cast<char>('a' + i % 26), i / 26));
    han.push_back(i % 2 == 0 ? "猫" : "狗");
    values[41 * i] = 1;
  }
  std::string matrix;
  for (std::size_t i = 0; i < 40; ++i) {
    matrix += fmt::format("{:>7} {:>{}}\n", latin[i], "@", i + 1);
  }
  CHECK(drawn(one(values, 40, latin, latin)) ==
        "\n        keys\n"
        "        abcdefghijklmnopqrstuvwxyzabcdefghijklmn\n"
        "queries 0000000000000000000000000011111111111111\n" +
            matrix + "\n0 [ .:-=+*#%@] 1  weight, 0 to 1\n");
  // Wide characters cannot stand over columns of one: indices, and what they mean.
  const std::string text = drawn(one(values, 40, han, han));
  CHECK(text.find("queries 0    5    10   15   20   25   30   35\n     猫 @\n     狗  @\n") !=
        std::string::npos);
  CHECK(text.find("\nColumns: 0 猫, 1 狗, 2 猫, ") != std::string::npos);
  // Where cells of two columns fit, they are taken.
  CHECK(drawn(one(values, 40, han, han), 90).find("queries 猫狗猫狗") != std::string::npos);
}

TEST_CASE("terminal: a row of 500 and a column of 500 are means, and say so") {
  std::vector<double> values(500, 0);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < 500; ++i) labels.push_back(fmt::format("key{}", i));
  for (std::size_t i = 100; i < 200; ++i) values[i] = 1;
  CHECK(drawn(one(values, 1, {}, labels), 60) == R"(
        keys
queries 0    50   100  150  200  250  300  350  400  450
      0           @@@@@@@@@@

0 [ .:-=+*#%@] 1  weight, 0 to 1
Each drawn cell is the mean of 1 by 10 cells.
Columns: 0 key0, 50 key50, 100 key100, 150 key150, 200
key200, 250 key250, 300 key300, 350 key350, 400 key400, 450
key450.
)");
  std::string matrix;
  for (std::size_t i = 0; i < 50; ++i) {
    const std::string label = fmt::format("{} key{}", 10 * i, 10 * i);
    matrix += fmt::format("{:>10}{}\n", label, i / 10 == 1 ? " @@@@" : "");
  }
  CHECK(drawn(one(values, 500, labels)) == "\n           keys\n   queries 0\n" + matrix +
                                               "\n0 [ .:-=+*#%@] 1  weight, 0 to 1\n"
                                               "Each drawn cell is the mean of 10 by 1 cells.\n");
}

TEST_CASE("terminal: heads stand side by side where they fit, with one scale") {
  Owned owned = one({0.25, 0.75, 1, 0}, 2, {"a", "b"}, {"a", "b"});
  owned.figure.panels.push_back(owned.figure.panels[0]);
  owned.figure.panels[0].title = "head 0";
  owned.figure.panels[1].title = "head 1";
  owned.figure.panels_per_row = 2;
  CHECK(drawn(owned, 34) == R"(
        head 0        head 1
        keys          keys
queries     a     b       a     b
      a  0.25  0.75    0.25  0.75
      b  1.00  0.00    1.00  0.00
)");
  CHECK(drawn(owned, 33) == R"(
        head 0
        keys
queries     a     b
      a  0.25  0.75
      b  1.00  0.00

        head 1
        keys
queries     a     b
      a  0.25  0.75
      b  1.00  0.00
)");
}

TEST_CASE("terminal: the query of a map is in brackets") {
  Owned owned = one({0.1, 0.2, 0.3, 0.4}, 2);
  owned.figure.panels[0].marked = {1, 0};
  CHECK(drawn(owned).find("\n      0  0.10  0.20\n      1 [0.30] 0.40\n") != std::string::npos);
}

TEST_CASE("terminal: numbers on their colours, exact") {
  // Viridis ends in 440154 and fde725; its entry 128 is 21918c. The ink is white on dark.
  const std::string text = drawn(one({0, 1, 0.5, kMasked}, 2), 80, Color::kTrue);
  const std::string cells =
      "\n        keys\nqueries     0     1\n"
      "      0 \x1b[38;2;255;255;255m\x1b[48;2;68;1;84m 0.00 "
      "\x1b[38;2;0;0;0m\x1b[48;2;253;231;37m 1.00 \x1b[39m\x1b[49m\n"
      "      1 \x1b[38;2;0;0;0m\x1b[48;2;33;145;140m 0.50 "
      "\x1b[38;2;112;112;112m\x1b[48;2;220;220;220m//////\x1b[39m\x1b[49m\n\n";
  CHECK(text.substr(0, cells.size()) == cells);
  CHECK(seen(text.substr(cells.size())) == "0                      1  weight, 0 to 1\n// masked\n");
  // The bar runs from one end of the map to the other.
  CHECK(text.find("0 \x1b[48;2;68;1;84m ") != std::string::npos);
  CHECK(text.find("\x1b[48;2;253;231;37m \x1b[49m 1  weight") != std::string::npos);
}

TEST_CASE("terminal: half-blocks have the colours of two rows") {
  // Five rows of 16 columns, which have no room for two columns each.
  std::vector<double> values(80, 0);
  values[0] = 1;           // row 0
  values[16 + 1] = 1;      // row 1
  values[4 * 16 + 2] = 1;  // row 4, without a row below it
  const std::string text = drawn(one(values, 5), 27, Color::kTrue);
  const auto color = [](int layer, bool high) {
    return fmt::format("\x1b[{};2;{}m", layer, high ? "253;231;37" : "68;1;84");
  };
  std::string dark, alone;
  for (int i = 2; i < 16; ++i) dark += "▀";
  for (int i = 3; i < 16; ++i) alone += "▀";
  CHECK(text.find("0▀ 1▄ " + color(38, true) + color(48, false) + "▀" + color(38, false) +
                  color(48, true) + "▀" + color(48, false) + dark + "\x1b[39m\x1b[49m\n") !=
        std::string::npos);
  CHECK(text.find("   4▀ " + color(38, false) + "▀▀" + color(38, true) + "▀" + color(38, false) +
                  alone + "\x1b[39m\n") != std::string::npos);
}

TEST_CASE("terminal: the palette of 256 colours") {
  const std::string text = drawn(one({0, 1}, 1), 80, Color::kPalette);
  // 440154 is nearest to 5f005f (53), fde725 to ffd700 (220).
  CHECK(text.find("\x1b[38;5;231m\x1b[48;5;53m  0 ") != std::string::npos);
  CHECK(text.find("\x1b[38;5;16m\x1b[48;5;220m  1 ") != std::string::npos);
  CHECK(text.find(";2;") == std::string::npos);
}

TEST_CASE("terminal: colours change nothing else that is seen, where both have room for numbers") {
  const Owned owned = one({0.25, 0.75, 1, 0}, 2, {"a", "b"}, {"a", "b"});
  const std::string plain = drawn(owned), colored = seen(drawn(owned, 80, Color::kTrue));
  // Spaces at the ends of lines have colours.
  CHECK(colored.find("      a  0.25  0.75 \n") != std::string::npos);
  CHECK(plain.find("      a  0.25  0.75\n") != std::string::npos);
}

TEST_CASE("terminal: no line is wider than asked for") {
  const std::vector<std::string> words{
      "a", "beginning", "中文字符很长很长很长", "👨\u200d👩\u200d👧", "e\u0301", "שלום",
      "",  "\n\t\x01",  std::string(200, 'x')};
  std::mt19937 bits(4);
  const auto random = [&](std::size_t most) { return bits() % most; };
  for (int round = 0; round < 1500; ++round) {
    const std::size_t rows = 1 + random(round % 10 == 0 ? 200 : 20);
    const std::size_t columns = 1 + random(round % 7 == 0 ? 300 : 20);
    std::vector<double> values;
    for (std::size_t i = 0; i < rows * columns; ++i) {
      const double size = random(5) == 0 ? 1e7 : 1;
      values.push_back(random(9) == 0 ? kMasked : size * (static_cast<double>(bits()) / 4e9 - 0.5));
    }
    std::vector<std::string> row_labels, column_labels;
    const std::size_t vocabulary = 1 + random(words.size());
    for (std::size_t i = 0; i < rows; ++i) row_labels.push_back(words[random(vocabulary)]);
    for (std::size_t j = 0; j < columns; ++j) column_labels.push_back(words[random(vocabulary)]);
    if (random(3) == 0) row_labels.clear();
    if (random(3) == 0) column_labels.clear();
    Owned owned = one(std::move(values), rows, row_labels, column_labels);
    owned.figure.title = words[random(words.size())] + " " + words[random(words.size())];
    owned.figure.notes = {words[random(words.size())]};
    owned.figure.scale = {ColorMap::kDiverging, -1.25e7, 1.25e7, "value, ± the largest size"};
    owned.figure.panels.resize(1 + random(4), owned.figure.panels[0]);
    for (figure::Panel& panel : owned.figure.panels) panel.title = words[random(words.size())];
    owned.figure.panels_per_row = owned.figure.panels.size();
    const std::size_t width = kLeastWidth + random(120);
    const auto color = static_cast<Color>(random(3));
    std::istringstream lines(seen(drawn(owned, width, color)));
    for (std::string line; std::getline(lines, line);) {
      if (width_of(line) <= width) continue;
      CAPTURE(round, rows, columns, width, line);
      CHECK(width_of(line) <= width);
    }
  }
}

TEST_CASE("terminal: what cannot be drawn is refused") {
  using test::error_code_of;
  CHECK(error_code_of([] { draw(Figure{}, {}); }) == 70);
  CHECK(error_code_of([] { drawn(one({1}, 1), kLeastWidth - 1); }) == 70);
  CHECK(error_code_of([] { drawn(one({1}, 1, {"a", "b"})); }) == 70);
  CHECK(error_code_of([] { drawn(one({std::nan("")}, 1)); }) == 70);
}

}  // namespace
}  // namespace attn_viz::terminal
