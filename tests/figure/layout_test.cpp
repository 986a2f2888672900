// No text meets another, none leaves the canvas, and everything said is there.
#include <algorithm>
#include <string>

#include "catch.hpp"
#include "figure/layout_support.hpp"

using namespace attn_viz::figure;

namespace {

/// Words of all sorts and scripts.
std::vector<std::string> words(std::size_t count, bool long_ones) {
  const std::vector<std::string> some = {
      "the",   "cat",         "acknowledged", ",",          "注意力",   "机制",       "العربية",
      "مرحبا", "👩‍🔬", "e\u0301",      " universal", "",         "ÅÇgjpq",     "हिन्दी",
      "a\nb",  "<b>",         "&amp;",        "W",          "🙂🙂", "Donaudampf", "i"};
  std::vector<std::string> result;
  for (std::size_t i = 0; i < count; ++i) {
    std::string word = some[i * 7 % some.size()];
    if (long_ones && i % 3 == 0)
      for (int k = 0; k < 40; ++k) word += some[(i + 1) % some.size()] + "x";
    result.push_back(word);
  }
  return result;
}

Figure labelled(const std::vector<double>& values, std::size_t rows, std::size_t columns,
                bool long_ones) {
  Figure figure = one_panel(matrix(values, rows, columns));
  figure.rows.labels = words(rows, long_ones);
  figure.columns.labels = words(columns, long_ones);
  return figure;
}

std::size_t count(const Layout& layout, TextKind kind) {
  return static_cast<std::size_t>(
      std::count_if(layout.texts.begin(), layout.texts.end(),
                    [=](const PlacedText& text) { return text.kind == kind; }));
}

const PlacedText* find(const Layout& layout, const std::string& text) {
  for (const PlacedText& placed : layout.texts)
    if (placed.text == text) return &placed;
  return nullptr;
}

}  // namespace

TEST_CASE("texts never meet, from 1 token to 2,000") {
  for (const std::size_t n : {1, 2, 3, 5, 8, 12, 20, 33, 50, 77, 128, 200, 500, 1000, 2000}) {
    const auto values = random_values(n * n);
    for (const bool long_ones : {false, true}) {
      INFO(n << " tokens, " << (long_ones ? "long" : "short"));
      check_layout(lay_out(labelled(values, n, n, long_ones)));
    }
    INFO(n << " indices");
    check_layout(lay_out(one_panel(matrix(values, n, n))));
  }
}

TEST_CASE("texts never meet in matrices of any shape") {
  const std::size_t shapes[][2] = {{1, 500}, {500, 1}, {3, 7}, {7, 3}, {1, 4}, {6, 512}, {3, 4000}};
  for (const auto& shape : shapes) {
    INFO(shape[0] << " × " << shape[1]);
    const auto values = random_values(shape[0] * shape[1]);
    check_layout(lay_out(labelled(values, shape[0], shape[1], false)));
    check_layout(lay_out(labelled(values, shape[0], shape[1], true)));
  }
}

TEST_CASE("texts never meet in overviews") {
  const std::size_t panels[][2] = {{2, 2}, {5, 3}, {8, 4}, {24, 12}, {12, 1}};
  for (const std::size_t n : {1, 3, 12, 60, 128, 1001})
    for (const auto& grid : panels) {
      INFO(grid[0] << " panels of " << n);
      const auto values = random_values(n * n);
      Figure figure = labelled(values, n, n, n == 12);
      figure.panels.assign(grid[0], figure.panels[0]);
      for (std::size_t p = 0; p < grid[0]; ++p)
        figure.panels[p].title = numbered("a head with a long name in layer ", p);
      figure.panels_per_row = grid[1];
      check_layout(lay_out(figure));
      figure.rows.labels.clear();
      figure.columns.labels.clear();
      for (Panel& panel : figure.panels) panel.title.clear();
      check_layout(lay_out(figure));
    }
}

TEST_CASE("long titles, names and notes wrap; nothing is shortened but labels") {
  const std::string sentence =
      "A title that a lecturer wrote in one long breath, with <b>markup</b> & signs, "
      "until it was far wider than any matrix that it could possibly stand above. ";
  const auto values = random_values(4);
  Figure figure = labelled(values, 2, 2, false);
  figure.title = sentence + sentence;
  figure.subtitle = sentence;
  figure.rows.name = figure.columns.name = sentence;
  figure.scale.note = sentence;
  figure.notes = {sentence, std::string(300, 'W')};
  const Layout layout = lay_out(figure);
  check_layout(layout);
  for (const PlacedText& text : layout.texts) CHECK_FALSE(text.shortened);
  CHECK(layout.width < 1000);
}

TEST_CASE("everything that a figure says is in the picture") {
  const auto values = random_values(9);
  Figure figure = one_panel(matrix(values, 3, 3));
  figure.rows.labels = {"q0", "q1", "q2"};
  figure.columns.labels = {"k0", "k1", "k2"};
  figure.panels[0].title = "head 7";
  const Layout layout = lay_out(figure);
  for (const char* text :
       {"Attention weights", "head 1", "queries (token)", "keys (token)", "q0", "q1", "q2", "k0",
        "k1", "k2", "head 7", "weight, 0 to 1", "Each row sums to 1.", "0.25", "0.75"}) {
    INFO(text);
    CHECK(find(layout, text) != nullptr);
  }
  CHECK(count(layout, TextKind::kValue) == 9);
  // Rows at the left, from top to bottom; columns above, from left to right.
  const Cells& cells = layout.panels.at(0);
  CHECK(find(layout, "q0")->top < find(layout, "q1")->top);
  CHECK(find(layout, "q0")->left < static_cast<double>(cells.left));
  CHECK(find(layout, "k0")->left < find(layout, "k1")->left);
  CHECK(find(layout, "k0")->top < static_cast<double>(cells.top));
}

TEST_CASE("labels stand at their own rows and columns") {
  const std::size_t n = GENERATE(4, 30, 128, 1000, 2000);
  std::vector<std::string> labels;
  for (std::size_t i = 0; i < n; ++i) labels.push_back(numbered("w", i));
  const auto values = random_values(n * n);
  Figure figure = one_panel(matrix(values, n, n));
  figure.rows.labels = figure.columns.labels = labels;
  const Layout layout = lay_out(figure);
  const Cells& cells = layout.panels.at(0);
  for (const PlacedText& text : layout.texts) {
    const bool row = text.kind == TextKind::kRowLabel;
    if (!row && text.kind != TextKind::kColumnLabel) continue;
    const double i = std::stod(text.text.substr(1));
    const double cell = static_cast<double>(row ? cells.cell_height : cells.cell_width);
    const double at = static_cast<double>(row ? cells.top : cells.left) + (i + 0.5) * cell;
    const double middle = row ? text.top + text.height / 2 : text.left + text.width / 2;
    INFO(text.text << " at " << middle << ", its cell at " << at);
    CHECK(std::abs(middle - at) < 3.5);
  }
}

TEST_CASE("labels are thinned out regularly, and turned only where they must be") {
  const auto values = random_values(128 * 128);
  const Layout indices = lay_out(one_panel(matrix(values, 128, 128)));
  for (const PlacedText& text : indices.texts)
    if (text.kind == TextKind::kColumnLabel) CHECK_FALSE(text.upward);
  const Layout words_layout = lay_out(labelled(values, 128, 128, false));
  CHECK(count(words_layout, TextKind::kRowLabel) >= 20);
  for (const PlacedText& text : words_layout.texts)
    if (text.kind == TextKind::kColumnLabel) CHECK(text.upward);
  const Layout few = lay_out(one_panel(matrix(values, 4, 4)));
  CHECK(count(few, TextKind::kRowLabel) == 4);
  CHECK(count(few, TextKind::kColumnLabel) == 4);
}

TEST_CASE("long labels are shortened, short ones are not") {
  const auto values = random_values(4);
  Figure figure = one_panel(matrix(values, 2, 2));
  figure.rows.labels = {"short", std::string(200, 'x')};
  const Layout layout = lay_out(figure);
  CHECK_FALSE(find(layout, "short")->shortened);
  const PlacedText* shortened = find(layout, std::string(200, 'x'));
  REQUIRE(shortened);
  CHECK(shortened->shortened);
  CHECK(shortened->width <= 190);
}

TEST_CASE("numbers are in all cells that are not masked, or in none") {
  for (const std::size_t n : {3, 12, 20, 24, 30, 50}) {
    INFO(n);
    const auto values = random_values(n * n);
    std::vector<double> scores(n * n, 0.0);
    scores[1] = kMinusInfinity;
    Figure figure = one_panel(matrix(values, n, n));
    figure.panels[0].scores = matrix(scores, n, n);
    const std::size_t numbers = count(lay_out(figure), TextKind::kValue);
    CHECK((numbers == 0 || numbers == n * n - 1));
    if (n <= 20) CHECK(numbers > 0);
    if (n >= 50) CHECK(numbers == 0);
  }
}

TEST_CASE("numbers: integers have no decimals, others two") {
  const std::vector<double> integers = {1, -2, 30, 0};
  Figure figure = one_panel(matrix(integers, 2, 2));
  figure.scale = {ColorMap::kDiverging, -30, 30, ""};
  Layout layout = lay_out(figure);
  for (const char* text : {"1", "−2", "30"}) CHECK(find(layout, text) != nullptr);
  const std::vector<double> others = {0.4237, -1.366, 0, 1};
  figure.panels[0].values = matrix(others, 2, 2);
  layout = lay_out(figure);
  for (const char* text : {"0.42", "−1.37", "0", "1"}) CHECK(find(layout, text) != nullptr);
}
