// PNGs are decoded again, and each cell's colour is compared with what its value should have.
#include <algorithm>

#include "catch.hpp"
#include "figure/support.hpp"

using namespace attn_viz::figure;

namespace {

void check_plain(const Figure& figure) {
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Layout layout = lay_out(figure);
  REQUIRE(image.width == layout.width);
  REQUIRE(image.height == layout.height);
  REQUIRE(layout.panels.size() == figure.panels.size());
  for (std::size_t p = 0; p < layout.panels.size(); ++p) {
    INFO("panel " << p);
    const Cells& cells = layout.panels[p];
    const Matrix& values = figure.panels[p].values;
    REQUIRE(cells.rows == values.rows());
    REQUIRE(cells.columns == values.columns());
    CHECK(wrong_cells(image, cells, [&](std::size_t i, std::size_t j) {
            return color_of(figure.scale, values.at(i, j));
          }) == 0);
  }
}

}  // namespace

TEST_CASE("every cell has the color of its value") {
  const std::size_t sizes[][2] = {{1, 1},   {3, 3},   {12, 12}, {3, 7},     {50, 50},
                                  {1, 500}, {500, 1}, {6, 200}, {128, 128}, {1024, 1024}};
  for (const auto& size : sizes) {
    INFO(size[0] << " × " << size[1]);
    const auto values = random_values(size[0] * size[1]);
    check_plain(one_panel(matrix(values, size[0], size[1])));
  }
}

TEST_CASE("every cell of every panel has the color of its value") {
  for (const std::size_t n : {2, 12, 40, 128}) {
    const auto values = random_values(n * n), others = random_values(n * n, 0, 1, 2);
    Figure figure = one_panel(matrix(values, n, n));
    for (int p = 1; p < 7; ++p) figure.panels.push_back({"head", matrix(others, n, n)});
    figure.panels_per_row = 3;
    check_plain(figure);
  }
}

TEST_CASE("signed values have the diverging map's colors") {
  const auto values = random_values(64, -2, 2);
  Figure figure = one_panel(matrix(values, 8, 8));
  figure.scale = {ColorMap::kDiverging, -2, 2, "score"};
  check_plain(figure);
}

TEST_CASE("single precision is drawn as it is") {
  std::vector<float> values(30);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) / 30;
  check_plain(one_panel(Matrix(std::span<const float>(values), 5, 6)));
}

TEST_CASE("all pixels of a cell without a number or line have its color") {
  const auto values = random_values(100 * 100);
  const Figure figure = one_panel(matrix(values, 100, 100));
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Cells cells = lay_out(figure).panels.at(0);
  REQUIRE(cells.cell_width == 8);
  std::size_t wrong = 0;
  for (std::size_t y = 0; y < 800; ++y)
    for (std::size_t x = 0; x < 800; ++x)
      wrong += !(image.at(cells.left + x, cells.top + y) ==
                 color_of(figure.scale, values[y / 8 * 100 + x / 8]));
  CHECK(wrong == 0);
}

TEST_CASE("masked cells are grey, by their score or by their value") {
  const std::size_t n = GENERATE(5, 12, 60, 200);
  auto values = random_values(n * n);
  std::vector<double> scores(n * n, 0.0);
  auto is_masked = [](std::size_t i, std::size_t j) { return j > i || (i == 3 && j == 1); };
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) scores[i * n + j] = kMinusInfinity;
  values[3 * n + 1] = kMinusInfinity;
  Figure figure = one_panel(matrix(values, n, n));
  figure.panels[0].scores = matrix(scores, n, n);
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Layout layout = lay_out(figure);
  CHECK(wrong_cells(image, layout.panels.at(0), [&](std::size_t i, std::size_t j) {
          return is_masked(i, j) ? palette_of(Theme::kLight).masked
                                 : color_of(figure.scale, values[i * n + j]);
        }) == 0);

  auto legends = [](const Layout& made) {
    return std::count_if(made.texts.begin(), made.texts.end(),
                         [](const PlacedText& text) { return text.kind == TextKind::kLegend; });
  };
  CHECK(legends(layout) == 1);
  const std::vector<double> zeros(4, 0.0);
  CHECK(legends(lay_out(one_panel(matrix(zeros, 2, 2)))) == 0);
}

TEST_CASE("a matrix too large for its pixels is drawn as means, and says so") {
  const std::size_t rows = 5, columns = 7001;  // three cells each, two in the last
  auto values = random_values(rows * columns);
  for (std::size_t j = 0; j < 3; ++j) values[j] = kMinusInfinity;  // a block all masked
  values[3] = kMinusInfinity;                                      // one of three
  const Figure figure = one_panel(matrix(values, rows, columns));
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Layout layout = lay_out(figure);
  const Cells& cells = layout.panels.at(0);
  REQUIRE(cells.row_reduction == 1);
  REQUIRE(cells.column_reduction == 3);
  REQUIRE(cells.columns == 2334);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < rows; ++i)
    for (std::size_t block = 0; block < cells.columns; ++block) {
      double sum = 0, count = 0;
      for (std::size_t j = 3 * block; j < std::min(columns, 3 * block + 3); ++j) {
        if (values[i * columns + j] == kMinusInfinity) continue;
        sum += values[i * columns + j];
        count += 1;
      }
      const Rgb got = cell_color(image, cells, i, block);
      if (count == 0) {
        wrong += !(got == palette_of(Theme::kLight).masked);
        continue;
      }
      // A mean between two entries of the map may be rounded to either.
      wrong += !(got == color_of(figure.scale, sum / count - 1e-12) ||
                 got == color_of(figure.scale, sum / count + 1e-12));
    }
  CHECK(wrong == 0);
  CHECK(std::any_of(layout.texts.begin(), layout.texts.end(), [](const PlacedText& text) {
    return text.text == "Each drawn cell is the mean of 1 × 3 cells.";
  }));
}

TEST_CASE("an overview of large heads is reduced in both directions") {
  const std::size_t n = 700;
  const auto values = random_values(n * n);
  Figure figure = one_panel(matrix(values, n, n));
  for (int p = 1; p < 4; ++p) figure.panels.push_back(figure.panels[0]);
  figure.panels_per_row = 2;
  const Cells cells = lay_out(figure).panels.at(3);
  CHECK(cells.row_reduction == 3);
  CHECK(cells.column_reduction == 3);
  CHECK(cells.rows == 234);
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  double sum = 0;
  for (std::size_t i = 300; i < 303; ++i)
    for (std::size_t j = 600; j < 603; ++j) sum += values[i * n + j];
  CHECK(cell_color(image, cells, 100, 200) == color_of(figure.scale, sum / 9));
}

TEST_CASE("values outside of the scale have the end's color, and the figure says so") {
  const std::vector<double> values = {-1, 0.5, 2, 3};
  const Figure figure = one_panel(matrix(values, 2, 2));
  check_plain(figure);
  auto says = [](const Figure& made, const std::string& note) {
    const Layout layout = lay_out(made);
    return std::any_of(layout.texts.begin(), layout.texts.end(), [&](const PlacedText& text) {
      return text.kind == TextKind::kNote && text.text.find(note) != std::string::npos;
    });
  };
  CHECK(says(figure, "3 cells lie outside of the scale"));
  // The rounding of a sum of weights is no news.
  const std::vector<double> rounded = {1.0000000000000002, 0, 0, 1};
  CHECK_FALSE(says(one_panel(matrix(rounded, 2, 2)), "outside"));
}

TEST_CASE("a marked cell has a ring, and its color inside; small cells keep all their pixels") {
  for (const std::size_t n : {5, 20, 70}) {
    INFO(n);
    const auto values = random_values(n * n);
    Figure figure = one_panel(matrix(values, n, n));
    figure.panels[0].marked = {{2, 3}};
    check_plain(figure);
    const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
    const Cells cells = lay_out(figure).panels.at(0);
    const std::size_t x = cells.left + 3 * cells.cell_width, y = cells.top + 2 * cells.cell_height;
    CHECK(image.at(x, y + 5) == Rgb{0, 0, 0});
    CHECK(image.at(x + cells.cell_width - 1, y + 5) == Rgb{0, 0, 0});
  }
  const auto values = random_values(300 * 300);
  Figure figure = one_panel(matrix(values, 300, 300));
  figure.panels[0].marked = {{299, 0}};
  check_plain(figure);
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Cells cells = lay_out(figure).panels.at(0);
  CHECK(image.at(cells.left - 3, cells.top + 299 * cells.cell_height + cells.cell_height / 2) ==
        Rgb{0, 0, 0});
}

TEST_CASE("the color bar runs from the high end's color to the low end's") {
  const std::vector<double> values = {0, 1};
  const Figure figure = one_panel(matrix(values, 1, 2));
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  const Layout layout = lay_out(figure);
  // Ticks stand beside their colors: the bar lies 15 pixels left of them.
  for (const PlacedText& text : layout.texts) {
    if (text.kind != TextKind::kTick) continue;
    const std::size_t x = static_cast<std::size_t>(text.left) - 16;
    const std::size_t y = static_cast<std::size_t>(text.top + text.height / 2);
    const Rgb want = color_of(figure.scale, std::stod(text.text)), got = image.at(x, y);
    INFO("tick " << text.text << ": " << got << ", not " << want);
    CHECK(std::abs(got.red - want.red) + std::abs(got.green - want.green) +
              std::abs(got.blue - want.blue) <
          12);
  }
}

TEST_CASE("nothing is painted into the margin, so nothing is cut off") {
  for (const std::size_t n : {1, 3, 12, 128, 600}) {
    const auto values = random_values(n * n);
    Figure figure = one_panel(matrix(values, n, n));
    for (std::size_t i = 0; i < n; ++i)
      figure.rows.labels.push_back(i % 2 ? "Ågjpy👩‍🔬" : "العربية " + std::string(i, 'x'));
    figure.columns.labels = figure.rows.labels;
    figure.title = std::string(150, 'j') + " " + std::string(150, 'W');
    const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
    REQUIRE(image.width > 100);
    std::size_t painted = 0;
    for (std::size_t y = 0; y < image.height; ++y)
      for (std::size_t x = 0; x < image.width; ++x) {
        const bool margin = x < 22 || y < 22 || x + 22 >= image.width || y + 22 >= image.height;
        painted += margin && !(image.at(x, y) == Rgb{255, 255, 255});
      }
    INFO(n << " tokens");
    CHECK(painted == 0);
  }
}
