// Pictures of a size that was asked for.
#include <cstdio>

#include "attn_viz/core/error.hpp"
#include "figure/layout_support.hpp"

using namespace attn_viz;
using namespace attn_viz::figure;

namespace {

Figure labelled(const std::vector<double>& values, std::size_t rows, std::size_t columns) {
  Figure figure = one_panel(matrix(values, rows, columns));
  for (std::size_t i = 0; i < rows; ++i)
    figure.rows.labels.push_back(i % 5 == 3 ? std::string(200, 'x')
                                            : numbered("<b>&\u0001שלום", i));
  for (std::size_t j = 0; j < columns; ++j) figure.columns.labels.push_back(numbered("token", j));
  figure.title = "A title that wraps on narrow canvases, with <markup> & signs";
  return figure;
}

}  // namespace

TEST_CASE("canvas: exactly as large as asked for, with everything inside") {
  const std::size_t shapes[][2] = {{1, 1}, {1, 500}, {500, 1}, {12, 12}, {700, 300}, {2000, 2000}};
  const Canvas sizes[] = {{640, 480}, {1280, 720}, {480, 900}, {1001, 777}};
  for (const auto& shape : shapes) {
    const auto values = random_values(shape[0] * shape[1]);
    Figure figure = labelled(values, shape[0], shape[1]);
    for (const Canvas& size : sizes) {
      INFO(shape[0] << " × " << shape[1] << " on " << size.width << " × " << size.height);
      figure.canvas = size;
      const Layout layout = lay_out(figure);
      CHECK(layout.width == static_cast<std::size_t>(size.width));
      CHECK(layout.height == static_cast<std::size_t>(size.height));
      check_layout(layout);
    }
    figure.canvas = {500, 0};
    const Layout narrow = lay_out(figure);
    CHECK(narrow.width == 500);
    check_layout(narrow);
  }
}

TEST_CASE("canvas: cells of a drawn block keep their mean on any size") {
  const std::size_t n = 600;
  const auto values = random_values(n * n);
  Figure figure = one_panel(matrix(values, n, n));
  figure.canvas = {512, 400};
  const Layout layout = lay_out(figure);
  const Cells& cells = layout.panels.at(0);
  REQUIRE(cells.row_reduction == cells.column_reduction);
  const std::size_t r = cells.row_reduction;
  REQUIRE(r > 1);
  std::size_t wrong = 0;
  const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
  for (std::size_t a = 0; a < cells.rows; ++a)
    for (std::size_t b = 0; b < cells.columns; ++b) {
      double sum = 0, count = 0;
      for (std::size_t i = a * r; i < std::min(n, (a + 1) * r); ++i)
        for (std::size_t j = b * r; j < std::min(n, (b + 1) * r); ++j, ++count)
          sum += values[i * n + j];
      const Rgb got = cell_color(image, cells, a, b);
      wrong += !(got == color_of(figure.scale, sum / count - 1e-12) ||
                 got == color_of(figure.scale, sum / count + 1e-12));
    }
  CHECK(wrong == 0);
  CHECK(says(layout, TextKind::kNote, "Each drawn cell is the mean of "));
}

TEST_CASE("canvas: where labels do not fit they are left out, and the figure says so") {
  const auto values = random_values(16);
  Figure figure = labelled(values, 4, 4);
  figure.title = "Short";
  figure.canvas = {260, 250};
  const Layout layout = lay_out(figure);
  check_layout(layout);
  CHECK(texts_of(layout, TextKind::kRowLabel).empty());
  CHECK(says(layout, TextKind::kNote, "There is no room for the labels"));
}

TEST_CASE("canvas: too small is an error that says what would be enough") {
  const auto values = random_values(16);
  Figure figure = labelled(values, 4, 4);
  figure.canvas = {90, 60};
  try {
    lay_out(figure);
    FAIL("drawn");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kUsage);
    CHECK(error.message() == "the figure does not fit into 90 × 60 pixels");
    CHECK(error.hint().find("would be enough") != std::string::npos);
  }
  figure.bare = true;
  figure.canvas = {120, 90};
  CHECK(lay_out(figure).width == 120);
}

TEST_CASE("canvas: the size that an error names is enough") {
  const std::vector<double> values = random_values(144);
  Figure figure = labelled(values, 12, 12);
  figure.subtitle = "Layer 0, head 0: weights    A = softmax(S_scaled)";
  for (const Canvas& size : {Canvas{40, 40}, Canvas{100, 100}, Canvas{300, 60}}) {
    figure.canvas = size;
    std::string hint;
    try {
      lay_out(figure);
    } catch (const Error& error) {
      hint = error.hint();
    }
    INFO(hint);
    REQUIRE(std::sscanf(hint.c_str(), "about %d × %d", &figure.canvas.width,
                        &figure.canvas.height) == 2);
    CHECK_NOTHROW(lay_out(figure));
  }
}

TEST_CASE("canvas: grids of maps, from 1 × 1 to 32 × 32") {
  const auto values = random_values(40 * 40);
  for (const std::size_t n : {1, 2, 12, 32}) {
    Figure figure = one_panel(matrix(values, 40, 40));
    figure.panels.assign(n * n, figure.panels[0]);
    figure.panels_per_row = n;
    figure.panel_rows.name = "layer";
    figure.panel_columns.name = "head";
    for (std::size_t i = 0; i < n; ++i) {
      figure.panel_rows.labels.push_back(std::to_string(i));
      figure.panel_columns.labels.push_back(std::to_string(i));
    }
    if (n > 1) figure.panels[1].blank = true;
    for (const Canvas& canvas : {Canvas{}, Canvas{1500, 1200}}) {
      INFO(n << " × " << n << " on " << canvas.width);
      figure.canvas = canvas;
      const Layout layout = lay_out(figure);
      check_layout(layout);
      CHECK(layout.width < 2400);
      if (canvas.width > 0) CHECK(layout.width == 1500);
      const auto titles = texts_of(layout, TextKind::kPanelTitle);
      CHECK(titles.size() >= 2 * n);
      CHECK(std::count(titles.begin(), titles.end(), "layer 0") == 1);
      // Where "head 31" does not fit over a map, the number does.
      CHECK(says(layout, TextKind::kPanelTitle, numbered(n == 32 ? "" : "head ", n - 1)));
      const DecodedPng image = decode(paint(figure, Format::kPng).bytes);
      for (std::size_t p = n > 1 ? 2 : 0; p < layout.panels.size(); p += 7) {
        if (layout.panels[p].row_reduction > 1) continue;
        CHECK(wrong_cells(image, layout.panels[p], [&](std::size_t i, std::size_t j) {
                return color_of(figure.scale, values[i * 40 + j]);
              }) == 0);
      }
    }
  }
}
