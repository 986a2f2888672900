// Themes, colour maps, scales, reductions and resolutions, read back from the pixels.
#include <cmath>
#include <set>

#include "figure/layout_support.hpp"

using namespace attn_viz::figure;

namespace {

constexpr ColorMap kMaps[] = {ColorMap::kViridis, ColorMap::kMagma,     ColorMap::kInferno,
                              ColorMap::kPlasma,  ColorMap::kCividis,   ColorMap::kGreys,
                              ColorMap::kBlues,   ColorMap::kDiverging, ColorMap::kDivergingDark};
constexpr Theme kThemes[] = {Theme::kLight, Theme::kDark, Theme::kPrint};

DecodedPng picture(const Figure& figure, int dpi = 0) {
  return decode(paint(figure, Format::kPng, dpi).bytes);
}

}  // namespace

TEST_CASE("every theme and colour map: each cell has the color of its value") {
  const std::size_t n = 9;
  const auto values = random_values(n * n, -1, 1);
  std::vector<double> scores(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) scores[i * n + j] = kMinusInfinity;
  for (const Theme theme : kThemes)
    for (const ColorMap map : kMaps) {
      INFO("theme " << static_cast<int>(theme) << ", map " << static_cast<int>(map));
      Figure figure = one_panel(matrix(values, n, n));
      figure.panels[0].scores = matrix(scores, n, n);
      figure.theme = theme;
      figure.scale = {map, -1, 1, "value"};
      const DecodedPng image = picture(figure);
      const Layout layout = lay_out(figure);
      check_layout(layout);
      CHECK(wrong_cells(image, layout.panels.at(0), [&](std::size_t i, std::size_t j) {
              return j > i ? palette_of(theme).masked
                           : color_of(figure.scale, values[i * n + j], theme);
            }) == 0);
      CHECK(image.at(2, 2) == palette_of(theme).paper);
    }
}

TEST_CASE("masked cells and those below a floor are in no colour map") {
  for (const Theme theme : kThemes)
    for (const ColorMap map : kMaps)
      for (const Rgb color : colors_of(map)) {
        CHECK_FALSE(color == palette_of(theme).masked);
        CHECK_FALSE(color == palette_of(theme).below);
      }
}

TEST_CASE("greys lose nothing on a photocopier: lightness falls, and masked cells are hatched") {
  const auto greys = colors_of(ColorMap::kGreys);
  for (std::size_t i = 1; i < greys.size(); ++i)
    CHECK(luminance(greys[i]) <= luminance(greys[i - 1]));
  // Cells too small for a hatch of their own have one together.
  const std::size_t n = 200;
  const std::vector<double> values(n * n, 0.0);
  std::vector<double> scores(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) scores[i * n + j] = kMinusInfinity;
  Figure figure = one_panel(matrix(values, n, n));
  figure.panels[0].scores = matrix(scores, n, n);
  figure.theme = Theme::kPrint;
  figure.scale = {ColorMap::kGreys, 0, 1, "weight"};
  const DecodedPng image = picture(figure);
  const Cells cells = lay_out(figure).panels.at(0);
  REQUIRE(cells.cell_width < 10);
  std::size_t upper = 0, lower = 0;
  for (std::size_t y = 0; y < n * cells.cell_height; ++y)
    for (std::size_t x = 0; x < n * cells.cell_width; ++x) {
      const bool hatched =
          image.at(cells.left + x, cells.top + y) == palette_of(Theme::kPrint).hatch;
      (x / cells.cell_width > y / cells.cell_height ? upper : lower) += hatched;
    }
  CHECK(upper > n * n * cells.cell_width * cells.cell_height / 10);
  CHECK(lower == 0);
}

TEST_CASE("the published maps have their published ends") {
  const auto ends = [](ColorMap map) {
    const auto colors = colors_of(map);
    return std::pair(colors.front(), colors.back());
  };
  CHECK(ends(ColorMap::kMagma) == std::pair(Rgb{0x00, 0x00, 0x04}, Rgb{0xfc, 0xfd, 0xbf}));
  CHECK(ends(ColorMap::kInferno) == std::pair(Rgb{0x00, 0x00, 0x04}, Rgb{0xfc, 0xff, 0xa4}));
  CHECK(ends(ColorMap::kPlasma) == std::pair(Rgb{0x0d, 0x08, 0x87}, Rgb{0xf0, 0xf9, 0x21}));
  CHECK(ends(ColorMap::kCividis) == std::pair(Rgb{0x00, 0x22, 0x4e}, Rgb{0xfe, 0xe8, 0x38}));
}

TEST_CASE("diverging on dark: lightness rises from the middle, alike on both sides") {
  const auto colors = colors_of(ColorMap::kDivergingDark);
  REQUIRE(colors.size() == 257);
  for (std::size_t i = 1; i <= 128; ++i) {
    CHECK(luminance(colors[128 + i]) >= luminance(colors[127 + i]) - 0.002);
    CHECK(std::abs(luminance(colors[128 + i]) - luminance(colors[128 - i])) < 0.02);
  }
}

TEST_CASE("a logarithmic scale: equal ratios are equal steps; the floor is stated") {
  const ColorScale scale{ColorMap::kViridis, 1e-4, 1, "weight", true};
  CHECK(level_of(scale, 1e-4) == 0);
  CHECK(level_of(scale, 1e-2) == 128);
  CHECK(level_of(scale, 1) == 255);
  CHECK(level_of(scale, 9.9e-5) == kBelowLevel);
  CHECK(level_of(scale, 0) == kBelowLevel);
  // Pale maps begin darker, so that their floor is not taken for nothing.
  CHECK(level_of({ColorMap::kGreys, 1e-4, 1, "weight", true}, 1e-4) == 48);

  std::vector<double> values = {1, 0.1, 0.01, 1e-3, 1e-4, 1e-5, 0, 0.5, kMinusInfinity};
  Figure figure = one_panel(matrix(values, 3, 3));
  figure.scale = scale;
  for (const Theme theme : kThemes) {
    figure.theme = theme;
    const Layout layout = lay_out(figure);
    check_layout(layout);
    CHECK(wrong_cells(picture(figure), layout.panels.at(0), [&](std::size_t i, std::size_t j) {
            const double value = values[i * 3 + j];
            if (value == kMinusInfinity) return palette_of(theme).masked;
            return value < 1e-4 ? palette_of(theme).below : color_of(scale, value, theme);
          }) == 0);
    CHECK(texts_of(layout, TextKind::kTick) ==
          std::vector<std::string>{"0.0001", "0.001", "0.01", "0.1", "1"});
    CHECK(says(layout, TextKind::kLegend, "less than 0.0001, or 0"));
    CHECK(says(layout, TextKind::kLegend, "masked"));
    CHECK_FALSE(says(layout, TextKind::kNote, "outside"));
  }
  // Nothing below: no legend of it.
  values = {1, 0.1, 0.01, 1e-3, 1, 1, 1, 1, 1};
  CHECK(texts_of(lay_out(figure), TextKind::kLegend).empty());
}

TEST_CASE("each panel has its own scale, bar and ticks") {
  const auto small = random_values(36, 0, 0.01), large = random_values(36, 0, 100, 2);
  Figure figure = one_panel(matrix(small, 6, 6));
  figure.panels.push_back({});
  figure.panels[1].values = matrix(large, 6, 6);
  figure.panels_per_row = 2;
  figure.panels[0].scale = ColorScale{ColorMap::kViridis, 0, 0.01};
  figure.panels[1].scale = ColorScale{ColorMap::kMagma, 0, 100};
  const Layout layout = lay_out(figure);
  check_layout(layout);
  const DecodedPng image = picture(figure);
  for (std::size_t p = 0; p < 2; ++p) {
    CHECK(wrong_cells(image, layout.panels.at(p), [&](std::size_t i, std::size_t j) {
            return color_of(*figure.panels[p].scale, figure.panels[p].values.at(i, j));
          }) == 0);
  }
  const auto ticks = texts_of(layout, TextKind::kTick);
  CHECK(std::count(ticks.begin(), ticks.end(), "0") == 2);
  CHECK(std::count(ticks.begin(), ticks.end(), "0.01") == 1);
  CHECK(std::count(ticks.begin(), ticks.end(), "100") == 1);
}

TEST_CASE("views: transposed, parts, and means of matrices") {
  const auto values = random_values(5 * 7), others = random_values(5 * 7, 0, 1, 3);
  const Matrix whole = matrix(values, 5, 7);
  const Matrix turned = whole.transposed();
  REQUIRE(turned.rows() == 7);
  REQUIRE(turned.columns() == 5);
  const Matrix part = whole.part({4, 0}, {6, 1, 2});
  REQUIRE(part.rows() == 2);
  REQUIRE(part.columns() == 3);
  const Matrix mean = Matrix::mean_of({whole, matrix(others, 5, 7)});
  const Matrix all[] = {turned,
                        part,
                        mean,
                        mean.part({3}, {5, 4}).transposed(),
                        turned.part({6}, {}),
                        whole.part({}, {2, 2})};
  for (const Matrix& each : all) {
    std::vector<double> row(each.columns());
    for (std::size_t i = 0; i < each.rows(); ++i) {
      each.read_row(i, row.data());
      for (std::size_t j = 0; j < each.columns(); ++j) CHECK(row[j] == each.at(i, j));
    }
    Figure figure = one_panel(each);
    CHECK(wrong_cells(picture(figure), lay_out(figure).panels.at(0),
                      [&](std::size_t i, std::size_t j) {
                        return color_of(figure.scale, each.at(i, j));
                      }) == 0);
  }
  CHECK(turned.at(6, 4) == values[4 * 7 + 6]);
  CHECK(part.at(0, 0) == values[4 * 7 + 6]);
  CHECK(part.at(1, 2) == values[2]);
  CHECK(mean.at(2, 3) == (values[17] + others[17]) / 2);
  CHECK(mean.part({3}, {5, 4}).transposed().at(1, 0) == mean.at(3, 4));
  // Masked in one: the mean of the others. In all: masked.
  const std::vector<double> a = {kMinusInfinity, kMinusInfinity}, b = {3, kMinusInfinity};
  const Matrix masked = Matrix::mean_of({matrix(a, 1, 2), matrix(b, 1, 2)});
  CHECK(masked.at(0, 0) == 3);
  CHECK(masked.at(0, 1) == kMinusInfinity);
  CHECK_THROWS(whole.part({5}, {}));
  CHECK_THROWS(Matrix::mean_of({whole, turned}));
  CHECK_THROWS(Matrix::mean_of({}));
  CHECK_THROWS(part.part({0}, {}));
}

TEST_CASE(
    "the largest value of the cells that share a drawn one; of signed ones that of most size") {
  const std::size_t n = 701;
  for (const bool is_signed : {false, true}) {
    auto values = random_values(n * n, is_signed ? -1 : 0, 1);
    values[0] = kMinusInfinity;
    Figure figure = one_panel(matrix(values, n, n));
    figure.reduce = Reduce::kMax;
    figure.canvas = {500, 500};
    figure.scale = {is_signed ? ColorMap::kDiverging : ColorMap::kViridis, is_signed ? -1.0 : 0.0,
                    1, "value"};
    const Layout layout = lay_out(figure);
    const Cells& cells = layout.panels.at(0);
    REQUIRE(cells.row_reduction > 1);
    CHECK(wrong_cells(picture(figure), cells, [&](std::size_t block_i, std::size_t block_j) {
            double largest = kMinusInfinity;
            for (std::size_t i = block_i * cells.row_reduction;
                 i < std::min(n, (block_i + 1) * cells.row_reduction); ++i)
              for (std::size_t j = block_j * cells.column_reduction;
                   j < std::min(n, (block_j + 1) * cells.column_reduction); ++j) {
                const double value = values[i * n + j];
                if (value == kMinusInfinity) continue;
                if (largest == kMinusInfinity ||
                    (is_signed ? std::abs(value) > std::abs(largest) : value > largest))
                  largest = value;
              }
            return color_of(figure.scale, largest);
          }) == 0);
    CHECK(says(layout, TextKind::kNote,
               is_signed ? "Each drawn cell is the value of the largest size of "
                         : "Each drawn cell is the largest of "));
  }
}

TEST_CASE("a resolution of 192: each cell, line and canvas is twice as large; the file says so") {
  const auto values = random_values(20 * 20);
  Figure figure = one_panel(matrix(values, 20, 20));
  const Cells cells = lay_out(figure).panels.at(0);
  const DecodedPng plain = picture(figure), sharp = picture(figure, 192);
  REQUIRE(sharp.width == 2 * plain.width);
  REQUIRE(sharp.height == 2 * plain.height);
  const Cells twice{
      2 * cells.left, 2 * cells.top, 2 * cells.cell_width, 2 * cells.cell_height, 1, 1,
      cells.rows,     cells.columns};
  CHECK(wrong_cells(sharp, twice, [&](std::size_t i, std::size_t j) {
          return color_of(figure.scale, values[i * 20 + j]);
        }) == 0);
  // Text is set anew: not every block of 2 × 2 pixels has one color.
  std::size_t uneven = 0;
  for (std::size_t y = 0; y < plain.height; ++y)
    for (std::size_t x = 0; x < plain.width; ++x)
      uneven += !(sharp.at(2 * x, 2 * y) == sharp.at(2 * x + 1, 2 * y + 1));
  CHECK(uneven > 1000);

  const std::string bytes = paint(figure, Format::kPng, 192).bytes;
  const std::size_t chunk = bytes.find("pHYs");
  REQUIRE(chunk == 37);
  const auto number = [&](std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < 4; ++k)
      value = value << 8 | static_cast<std::uint8_t>(bytes[at + k]);
    return value;
  };
  CHECK(number(chunk + 4) == 7559);  // 192 / 0.0254
  CHECK(number(chunk + 8) == 7559);
  CHECK(bytes[chunk + 12] == 1);
  CHECK(paint(figure, Format::kPng).bytes.find("pHYs") == std::string::npos);
}

TEST_CASE("any resolution: cells meet without gaps") {
  const auto values = random_values(130 * 130);
  const Figure figure = one_panel(matrix(values, 130, 130));
  const Cells cells = lay_out(figure).panels.at(0);
  for (const int dpi : {100, 144, 300}) {
    const DecodedPng image = picture(figure, dpi);
    const auto at = [&](std::size_t place) {
      return static_cast<std::size_t>(std::lround(static_cast<double>(place) * dpi / 96));
    };
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < 130; ++i)
      for (std::size_t j = 0; j < 130; ++j) {
        const std::size_t x0 = at(cells.left + j * cells.cell_width);
        const std::size_t x1 = at(cells.left + (j + 1) * cells.cell_width) - 1;
        const std::size_t y0 = at(cells.top + i * cells.cell_height);
        const Rgb want = color_of(figure.scale, values[i * 130 + j]);
        wrong += !(image.at(x0, y0) == want) || !(image.at(x1, y0) == want);
      }
    INFO(dpi);
    CHECK(wrong == 0);
  }
}

TEST_CASE("numbers in cells: on, off, and with so many decimals") {
  const std::vector<double> values = {0.25, 0.5, 1, 0};
  Figure figure = one_panel(matrix(values, 2, 2));
  const auto numbers = [&] { return texts_of(lay_out(figure), TextKind::kValue); };
  CHECK(numbers() == std::vector<std::string>{"0.25", "0.50", "1", "0"});
  figure.digits = 3;
  CHECK(numbers() == std::vector<std::string>{"0.250", "0.500", "1.000", "0.000"});
  figure.digits = 0;
  CHECK(numbers() == std::vector<std::string>{"0", "0", "1", "0"});
  figure.digits.reset();
  figure.show_values = ShowValues::kOff;
  CHECK(numbers().empty());

  // Where they do not fit, cells grow.
  const auto many = random_values(60 * 60);
  figure.panels[0].values = matrix(many, 60, 60);
  figure.show_values = ShowValues::kAuto;
  CHECK(numbers().empty());
  figure.show_values = ShowValues::kOn;
  CHECK(numbers().size() == 3600);
  check_layout(lay_out(figure));
  figure.canvas = {600, 600};
  CHECK_THROWS_WITH(lay_out(figure), Catch::Matchers::Contains("numbers do not fit"));
  figure.canvas = {};
  const auto too_many = random_values(100 * 100);
  figure.panels[0].values = matrix(too_many, 100, 100);
  CHECK_THROWS_WITH(lay_out(figure), Catch::Matchers::Contains("10000 cells cannot be read"));
}

TEST_CASE("a bare figure has no words but ticks and legend; what it should say is handed over") {
  const auto values = random_values(9);
  Figure figure = one_panel(matrix(values, 3, 3));
  figure.rows.labels = figure.columns.labels = {"a", "b", "c"};
  figure.show_values = ShowValues::kOff;
  figure.bare = true;
  const Layout layout = lay_out(figure);
  check_layout(layout);
  for (const PlacedText& text : layout.texts) CHECK(text.kind == TextKind::kTick);
  CHECK(paint(figure, Format::kPng).unsaid ==
        std::vector<std::string>{"head 1", "weight, 0 to 1", "Each row sums to 1."});
  figure.bare = false;
  CHECK(paint(figure, Format::kPng).unsaid.empty());
}

TEST_CASE("looks: cells grow for numbers of any length") {
  const std::vector<double> values = random_values(121);
  Figure figure = one_panel(matrix(values, 11, 11));
  figure.show_values = ShowValues::kOn;
  for (int digits = 0; digits <= 12; ++digits) {
    figure.digits = digits;
    INFO(digits);
    CHECK_NOTHROW(lay_out(figure));
  }
}
