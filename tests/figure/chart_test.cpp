// Charts: points inside of the axes, larger values higher, texts apart, series told apart.
#include "attn_viz/figure/chart.hpp"

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/cost_charts.hpp"
#include "figure/chart_scale.hpp"
#include "figure/support.hpp"
#include "figure/svg_reader.hpp"

using namespace attn_viz;
using namespace attn_viz::figure;

namespace {

Chart chart_of(std::vector<std::vector<ChartPoint>> series, bool logarithmic) {
  Chart chart;
  chart.title = "Chart";
  chart.subtitle = "of points";
  chart.x = {"x", logarithmic};
  chart.y = {"y", logarithmic};
  for (std::size_t i = 0; i < series.size(); ++i) {
    chart.series.push_back({numbered("series ", i), std::move(series[i])});
  }
  chart.notes = {"A note."};
  return chart;
}

analysis::Growth growth(std::vector<std::size_t> lengths, std::size_t d = 512) {
  return analysis::growth_of({.lengths = std::move(lengths), .width = d});
}

/// A straight line as the SVG has it.
struct DrawnLine {
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0, width = 0;
  std::string color;
  bool dashed = false;
};

struct DrawnChart {
  SvgBox frame;  ///< of the plot: the first four rectangles of all
  std::vector<DrawnLine> lines;
};

DrawnChart drawn_chart(const Chart& chart) {
  const SvgElement root = parse_svg(paint(chart, Format::kSvg).bytes);
  DrawnChart picture;
  std::size_t sides = 0;
  for (const SvgElement* path : all_of(root, "path")) {
    if (path->get("fill") != "none") {
      for (const SvgRectangle& rect : rectangles_of(path->get("d"))) {
        if (sides++ == 4) break;
        picture.frame.add(rect.x, rect.y);
        picture.frame.add(rect.x + rect.width, rect.y + rect.height);
      }
      continue;
    }
    const std::vector<double> n = numbers_in(path->get("d"));
    REQUIRE(n.size() == 4);
    picture.lines.push_back({n[0], n[1], n[2], n[3], path->number("stroke-width"),
                             path->get("stroke"), path->has("stroke-dasharray")});
  }
  return picture;
}

/// Samples of the legend stand right of the plot.
bool is_sample(const DrawnLine& line, const DrawnChart& picture) {
  return std::min(line.x0, line.x1) > picture.frame.right + 10;
}

/// Lines inside of the plot; texts outside of it, on the canvas and apart.
void check_chart(const Chart& chart) {
  const DrawnChart picture = drawn_chart(chart);
  const SvgBox& frame = picture.frame;
  std::size_t outside = 0, meeting = 0, samples = 0;
  for (const DrawnLine& line : picture.lines) {
    if (is_sample(line, picture)) {
      ++samples;
      continue;
    }
    outside += std::min(line.x0, line.x1) < frame.left || std::max(line.x0, line.x1) > frame.right;
    outside += std::min(line.y0, line.y1) < frame.top || std::max(line.y0, line.y1) > frame.bottom;
  }
  CHECK(outside == 0);
  CHECK(samples >= chart.series.size());
  const Layout layout = lay_out(chart);
  for (std::size_t a = 0; a < layout.texts.size(); ++a) {
    const PlacedText& text = layout.texts[a];
    const double right = text.left + text.width, bottom = text.top + text.height;
    outside += text.left < 0 || text.top < 0 || right > static_cast<double>(layout.width) ||
               bottom > static_cast<double>(layout.height) || text.shortened;
    meeting += text.left < frame.right && frame.left < right && text.top < frame.bottom &&
               frame.top < bottom;
    for (std::size_t b = a + 1; b < layout.texts.size(); ++b) {
      const PlacedText& other = layout.texts[b];
      if (text.left < other.left + other.width && other.left < right &&
          text.top < other.top + other.height && other.top < bottom) {
        UNSCOPED_INFO(text.text << " meets " << other.text);
        ++meeting;
      }
    }
  }
  CHECK(outside == 0);
  CHECK(meeting == 0);
}

std::string message_of(const Chart& chart) {
  try {
    lay_out(chart);
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kBug);
    return error.message();
  }
  return "no error";
}

}  // namespace

TEST_CASE("chart: places grow with the value and lie inside of the axis, ticks too") {
  for (const bool logarithmic : {false, true}) {
    const double low = logarithmic ? 0.02 : -7, high = 3e7;
    const ChartScale scale({"x", logarithmic}, low, high);
    double before = 0;
    for (int i = 0; i <= 100; ++i) {
      const double share = i / 100.0;
      const double value =
          logarithmic ? low * std::pow(high / low, share) : low + share * (high - low);
      const double place = scale.place(value);
      CHECK(place > before);
      CHECK(place < 1);
      before = place;
    }
    double last = 0;
    for (const Tick& tick : scale.ticks(8)) {
      CHECK(scale.place(tick.value) >= last);
      CHECK(scale.place(tick.value) <= 1);
      last = scale.place(tick.value);
    }
  }
}

TEST_CASE("chart: equal ratios are equal lengths on a logarithmic axis, which names its decades") {
  const ChartScale scale({"x", true}, 64, 65536);
  CHECK(scale.place(128) - scale.place(64) == Approx(scale.place(65536) - scale.place(32768)));
  std::vector<std::string> texts;
  for (const Tick& tick : scale.ticks(8)) texts.push_back(tick.text);
  CHECK(texts == std::vector<std::string>{"100", "1000", "10⁴"});
  CHECK(ChartScale({"x", true}, 1e-9, 1e13).ticks(8).back().text == "10¹³");
  CHECK(ChartScale({"x", true}, 1e-9, 1e13).ticks(8).front().text.starts_with("10⁻"));
}

TEST_CASE("chart: points, marks and texts have their room") {
  check_chart(chart_of({{{1, 1}, {2, 8}, {3, 4}}, {{1, -2}, {3, 0}}}, false));
  check_chart(chart_of({{{5, 5}}}, false));  // one point: axes without extent
  check_chart(chart_of({{{5, 5}}}, true));
  check_chart(chart_of({{{1e-9, 1e30}, {1e9, 1e-30}}}, true));
  check_chart(multiply_adds_chart(growth(analysis::default_lengths(512)), Theme::kLight));
  check_chart(memory_chart(growth(analysis::default_lengths(3, 5), 3), Theme::kDark));
  check_chart(multiply_adds_chart(growth({1}, 1), Theme::kPrint));
  // Marks close to one another, and at both ends.
  Chart marked = chart_of({{{1, 1}, {1000, 1000}}}, true);
  for (const double x : {1.0, 30.0, 33.0, 35.0, 1000.0}) {
    marked.marks.push_back({{x, x}, "here x is " + std::to_string(x)});
  }
  check_chart(marked);
  // A mark beyond all points widens the axes.
  check_chart(multiply_adds_chart(growth({4, 8}), Theme::kLight));
}

TEST_CASE("chart: a higher value stands higher") {
  const DrawnChart picture = drawn_chart(chart_of({{{1, 1}, {2, 10}, {4, 100}, {8, 1000}}}, true));
  std::vector<double> heights;
  for (const DrawnLine& line : picture.lines) {
    if (line.width != 2 || is_sample(line, picture)) continue;
    CHECK(line.x0 < line.x1);
    heights.push_back(line.y0 - line.y1);
  }
  REQUIRE(heights.size() == 3);
  for (const double height : heights) {
    CHECK(height > 0);
    CHECK(height == Approx(heights[0]).margin(0.02));
  }
}

TEST_CASE("chart: in print, series that are neighbours differ in dashes and markers") {
  const DrawnChart picture =
      drawn_chart(multiply_adds_chart(growth(analysis::default_lengths(512)), Theme::kPrint));
  std::vector<bool> dashed;
  std::vector<std::size_t> marker_lines;
  for (const DrawnLine& line : picture.lines) {
    if (!is_sample(line, picture)) continue;
    CHECK(line.color == "#000000");
    if (line.width == 2) {
      dashed.push_back(line.dashed);
      marker_lines.push_back(0);
    } else {
      ++marker_lines.back();
    }
  }
  CHECK(dashed == std::vector<bool>{false, true, false, true});
  CHECK(marker_lines == std::vector<std::size_t>{16, 4, 3, 2});  // circle, square, triangle, cross
}

TEST_CASE("cost charts: layers that cost the same share a line; the crossover is marked") {
  const Chart chart = multiply_adds_chart(growth({256, 512, 1024}), Theme::kLight);
  std::vector<std::string> names;
  for (const ChartSeries& series : chart.series) names.push_back(series.name);
  CHECK(names == std::vector<std::string>{"self-attention: n² d", "restricted: r n d",
                                          "linear, recurrent: n d²",
                                          "convolution, dilated: k n d²"});
  REQUIRE(chart.marks.size() == 1);
  CHECK(chart.marks[0].label == "n = d = 512: self-attention = recurrent");
  CHECK(chart.marks[0].at.x == 512);
  CHECK(chart.marks[0].at.y == 134'217'728);
  for (const std::size_t series : {0, 2}) {
    CHECK(chart.series[series].points[1].x == chart.marks[0].at.x);
    CHECK(chart.series[series].points[1].y == chart.marks[0].at.y);
  }
  // Nothing is kept by convolutions, which a logarithmic axis cannot show.
  const Chart memory = memory_chart(growth({256, 512}), Theme::kLight);
  CHECK(memory.series.size() == 4);
  CHECK(memory.notes == std::vector<std::string>{"convolution, dilated: nothing is kept."});
}

TEST_CASE("chart: what cannot be drawn is refused") {
  CHECK(message_of(chart_of({}, false)) == "a chart without series cannot be drawn");
  CHECK(message_of(chart_of({{}}, false)) == "the series \"series 0\" has no points");
  CHECK(message_of(chart_of({{{1, std::nan("")}}}, false)) == "a point of a chart is not finite");
  CHECK(message_of(chart_of({{{0, 1}, {1, 1}}}, true)) == "the axis \"x\" cannot run from 0 to 1");
}

TEST_CASE("chart: every format, and the same bytes each time") {
  const Chart chart = multiply_adds_chart(growth({256, 512, 1024}), Theme::kLight);
  for (const Format format : {Format::kPng, Format::kSvg, Format::kPdf}) {
    CHECK(paint(chart, format).bytes == paint(chart, format).bytes);
  }
  CHECK(decode(paint(chart, Format::kPng).bytes).width == lay_out(chart).width);
  CHECK(paint(chart, Format::kPng).missing_glyphs.empty());
}
