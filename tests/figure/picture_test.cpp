// The three formats: what the bytes are, that they are the same each time, and what is refused.
#include <functional>
#include <string>
#include <thread>

#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "figure/support.hpp"

using namespace attn_viz;
using namespace attn_viz::figure;

namespace {

constexpr Format kFormats[] = {Format::kPng, Format::kSvg, Format::kPdf};

Figure sample(const std::vector<double>& values, std::size_t n) {
  Figure figure = one_panel(matrix(values, n, n));
  figure.title = "注意力 & <weights>";
  for (std::size_t i = 0; i < n; ++i) figure.rows.labels.push_back(numbered("词", i));
  figure.columns.labels = figure.rows.labels;
  return figure;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBug);
    return error.message();
  }
  return "no error";
}

std::vector<char32_t> missing_of(const std::string& label) {
  const std::vector<double> values = {1};
  Figure figure = one_panel(matrix(values, 1, 1));
  figure.rows.labels = {label};
  return paint(figure, Format::kPng).missing_glyphs;
}

}  // namespace

TEST_CASE("the same figure gives the same bytes, whatever was drawn before") {
  for (const std::size_t n : {6, 150}) {
    const auto values = random_values(n * n);
    const Figure figure = sample(values, n);
    for (const Format format : kFormats) {
      INFO(name_of(format) << " of " << n);
      const std::string first = paint(figure, format).bytes;
      CHECK((paint(figure, format).bytes == first));
      // The same words in other sizes before it.
      Painter painter;
      const auto others = random_values(400);
      painter.paint(sample(others, 20), format);
      CHECK((painter.paint(figure, format).bytes == first));
      CHECK((painter.paint(figure, format).bytes == first));
    }
  }
}

TEST_CASE("painters in different threads give the same bytes") {
  const auto values = random_values(400);
  const Figure figure = sample(values, 20);
  for (const Format format : kFormats) {
    const std::string expected = paint(figure, format).bytes;
    std::string bytes[4];
    std::vector<std::thread> threads;
    for (std::string& own : bytes)
      threads.emplace_back([&own, &figure, format] { own = paint(figure, format).bytes; });
    for (std::thread& thread : threads) thread.join();
    for (const std::string& own : bytes) CHECK((own == expected));
  }
}

TEST_CASE("SVG has the size of the layout, and its elements close") {
  for (const std::size_t n : {6, 150}) {
    const auto values = random_values(n * n);
    const Figure figure = sample(values, n);
    const std::string svg = paint(figure, Format::kSvg).bytes;
    const Layout layout = lay_out(figure);
    CHECK(svg.rfind("<?xml", 0) == 0);
    CHECK(svg.find("viewBox=\"0 0 " + std::to_string(layout.width) + " " +
                   std::to_string(layout.height) + "\"") != std::string::npos);
    // Every element that opens is closed, in order: enough of XML for what Cairo writes.
    std::vector<std::string> open;
    bool well_formed = true;
    for (std::size_t at = svg.find('<'); at != std::string::npos; at = svg.find('<', at + 1)) {
      const std::size_t end = svg.find('>', at);
      if (end == std::string::npos) {
        well_formed = false;
        break;
      }
      const std::string tag = svg.substr(at + 1, end - at - 1);
      if (tag[0] == '?' || tag[0] == '!') continue;
      const std::string name = tag.substr(0, tag.find_first_of(" \n/", 1));
      if (tag[0] == '/') {
        well_formed = well_formed && !open.empty() && "/" + open.back() == tag;
        if (!open.empty()) open.pop_back();
      } else if (tag.back() != '/') {
        open.push_back(name);
      }
    }
    CHECK(well_formed);
    CHECK(open.empty());
    // Beyond 20,000 cells the matrix is one image.
    CHECK((svg.find("<image") != std::string::npos) == (n == 150));
  }
}

TEST_CASE("PDF is a PDF with embedded fonts, one page and no time of day") {
  const auto values = random_values(36);
  const std::string pdf = paint(sample(values, 6), Format::kPdf).bytes;
  CHECK(pdf.rfind("%PDF-", 0) == 0);
  CHECK(pdf.find("%%EOF") != std::string::npos);
  CHECK(pdf.find("/Count 1") != std::string::npos);
  CHECK(pdf.find("DejaVuSans") != std::string::npos);
  CHECK(pdf.find("(20000101000000Z)") != std::string::npos);
}

TEST_CASE("characters without a glyph are named, each once and in order") {
  CHECK(missing_of("\U0010FFFD\uF8FF\U0010FFFD") == std::vector<char32_t>{0xF8FF, 0x10FFFD});
  for (const std::string known :
       {"plain", "中文", "العربية", "👩‍🔬", "é", "e\u0301", "☺️", "\n", ""}) {
    INFO(known);
    CHECK(missing_of(known).empty());
  }
}

TEST_CASE("missing glyphs are found in every text, also where labels were thinned out") {
  const std::string odd = "\uF8FF";
  const auto values = random_values(300 * 300);
  const Figure plain = one_panel(matrix(values, 300, 300));
  std::vector<std::function<void(Figure&)>> changes = {
      [&](Figure& figure) { figure.title = odd; },
      [&](Figure& figure) { figure.subtitle = odd; },
      [&](Figure& figure) { figure.rows.name = odd; },
      [&](Figure& figure) { figure.columns.name = odd; },
      [&](Figure& figure) { figure.scale.note = odd; },
      [&](Figure& figure) { figure.notes = {odd}; },
      [&](Figure& figure) { figure.panels[0].title = odd; },
      [&](Figure& figure) {
        figure.columns.labels.assign(300, "a");
        figure.columns.labels[7] = odd;
      }};
  Painter painter;
  CHECK(painter.paint(plain, Format::kPng).missing_glyphs.empty());
  for (const auto& change : changes) {
    Figure figure = plain;
    change(figure);
    CHECK(painter.paint(figure, Format::kPng).missing_glyphs == std::vector<char32_t>{0xF8FF});
  }
}

TEST_CASE("texts that are not UTF-8 are drawn all the same") {
  const std::vector<double> values = {1};
  Figure figure = one_panel(matrix(values, 1, 1));
  figure.title = "\xff\xfe";
  figure.rows.labels = {"\xe4\xb8"};
  CHECK_FALSE(paint(figure, Format::kPng).bytes.empty());
}

TEST_CASE("nothing to draw is an error") {
  CHECK(message_of([] { paint(Figure{}, Format::kPng); }) ==
        "a figure without panels cannot be drawn");
  CHECK(message_of([] { paint(one_panel(Matrix()), Format::kPng); }) ==
        "a figure without cells cannot be drawn");
  CHECK(message_of([] { lay_out(Figure{}); }) == "a figure without panels cannot be drawn");
}

TEST_CASE("values that have no color are refused by panel and cell") {
  const std::vector<double> nan = {0, 0, 0, 0, 0, std::numeric_limits<double>::quiet_NaN()};
  const std::vector<double> infinite = {0, 0, std::numeric_limits<double>::infinity(), 0, 0, 0};
  Figure figure = one_panel(matrix(nan, 2, 3));
  CHECK(message_of([&] { paint(figure, Format::kPng); }) ==
        "NaN cannot be drawn (row 1, column 2 of panel 1)");
  const std::vector<double> good(6, 0.0);
  figure.panels[0].values = matrix(good, 2, 3);
  figure.panels.push_back({"head 2", matrix(infinite, 2, 3)});
  CHECK(message_of([&] { paint(figure, Format::kSvg); }) ==
        "+∞ cannot be drawn (row 0, column 2 of \"head 2\")");
}

TEST_CASE("figures whose parts do not fit together are refused") {
  const std::vector<double> values(6, 0.0);
  const Figure good = one_panel(matrix(values, 2, 3));
  auto refused = [&](const std::function<void(Figure&)>& change) {
    Figure figure = good;
    change(figure);
    return message_of([&] { paint(figure, Format::kPng); });
  };
  CHECK(refused([&](Figure& f) { f.rows.labels = {"one"}; }) == "1 row labels for 2");
  CHECK(refused([&](Figure& f) { f.columns.labels = {"one", "two"}; }) == "2 column labels for 3");
  CHECK(refused([&](Figure& f) {
          f.panels.push_back({"", matrix(values, 3, 2)});
        }) == "the panels of a figure must have the same size");
  CHECK(refused([&](Figure& f) { f.panels[0].scores = matrix(values, 3, 2); }) ==
        "the scores of a panel must have the size of its values");
  CHECK(refused([&](Figure& f) {
          f.panels[0].marked = {{2, 0}};
        }) == "the marked cell of a panel lies outside of it");
  CHECK(refused([&](Figure& f) { f.scale.low = 2; }) == "a color scale from 2 to 1");
  CHECK(refused([&](Figure& f) { f.scale.high = std::numeric_limits<double>::infinity(); }) ==
        "a color scale from 0 to inf");
}

TEST_CASE("pictures stay below the largest that can be drawn") {
  const std::vector<double> values(40'000, 0.5);
  CHECK(lay_out(one_panel(matrix(values, 1, 40'000))).width < 5000);
  CHECK(lay_out(one_panel(matrix(values, 40'000, 1))).height < 5000);
  Figure many = one_panel(matrix(values, 200, 200));
  many.panels.assign(1024, many.panels[0]);
  many.panels_per_row = 32;
  const Layout layout = lay_out(many);
  CHECK(layout.width < 8000);
  CHECK(layout.height < 8000);
}

TEST_CASE("one row of a tensor is folded to a map") {
  Tensor tensor({Axis{2, "query"}, Axis{6, "key"}},
                Buffer<double>{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  const Matrix map = Matrix::of_row(tensor, 1, 2, 3);
  CHECK(map.rows() == 2);
  CHECK(map.columns() == 3);
  CHECK(map.at(1, 0) == 9);
  CHECK(message_of([&] { Matrix::of_row(tensor, 2, 2, 3); }) ==
        "a row of a tensor cannot be folded to more cells than it has");
}
