// SVG, read by an XML parser: every text is there and is a text, nothing lies outside, and the
// cells have the colours of their values.
#include <algorithm>
#include <string>

#include "catch.hpp"
#include "figure/support.hpp"
#include "figure/svg_reader.hpp"

using namespace attn_viz::figure;

namespace {

const std::vector<std::string> kOdd = {"<b>&amp;\"q\"'",
                                       "]]>",
                                       "العربية",
                                       "שלום עולם",
                                       "注意力",
                                       "👩‍🔬",
                                       "a\x01\x1f"
                                       "b",
                                       "a\nb",
                                       std::string(200, 'x'),
                                       " the ",
                                       "two  of",
                                       "مرحبا abc",
                                       "\xff\xfe",
                                       "\uFFFE",
                                       "",
                                       "e\u0301",
                                       "<!--",
                                       "a\0b"};

Figure odd_figure(const std::vector<double>& values) {
  Figure figure = one_panel(matrix(values, kOdd.size(), kOdd.size()));
  figure.title =
      "Weights < 1 & \"more\":\nשלום, 👩‍🔬 and a title so long that it breaks over "
      "lines "
      "wherever it stands, since nobody stops the lecturer from writing on and on";
  figure.subtitle = "مرحبا بالعالم: ‫a line‬ & <another>";
  figure.notes.push_back(std::string(150, 'W') + " " + std::string(20, 'w'));
  figure.rows.labels = figure.columns.labels = kOdd;
  return figure;
}

/// Without what XML cannot have, and with a space where a line ends.
std::string as_xml(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  const std::string noncharacter = "\uFFFE";
  if (const std::size_t at = text.find(noncharacter); at != std::string::npos)
    text.replace(at, noncharacter.size(), "\uFFFD");
  return text;
}

/// Whether an element shows a text, or its beginning with the whole of it as title.
bool shows(const SvgElement& element, const PlacedText& text) {
  if (!text.shortened) return element.text == as_xml(text.text);
  const std::string ellipsis = "…";
  return element.title == text.text && element.text.size() > ellipsis.size() &&
         element.text.substr(element.text.size() - ellipsis.size()) == ellipsis &&
         text.text.rfind(element.text.substr(0, element.text.size() - ellipsis.size()), 0) == 0;
}

bool is_inside(const SvgBox& box, const Layout& layout) {
  return box.left >= 0 && box.top >= 0 && box.right <= static_cast<double>(layout.width) &&
         box.bottom <= static_cast<double>(layout.height);
}

/// Everything that has a place lies inside of the view box.
void check_inside(const SvgElement& root, const Layout& layout) {
  for (const SvgElement* text : all_of(root, "text")) {
    INFO(text->text);
    if (text->has("x")) CHECK(is_inside(box_of_text(*text), layout));
    for (const SvgElement& line : text->children)
      if (line.name == "tspan") CHECK(is_inside(box_of_text(line), layout));
  }
  for (const std::string name : {"rect", "image"})
    for (const SvgElement* element : all_of(root, name)) {
      SvgBox box;
      box.add(element->number("x"), element->number("y"));
      box.add(element->number("x") + element->number("width"),
              element->number("y") + element->number("height"));
      INFO(name << " at " << box.left << ", " << box.top);
      CHECK(is_inside(box, layout));
    }
  for (const SvgElement* path : all_of(root, "path")) {
    SvgBox box;
    for (const SvgRectangle& each : rectangles_of(path->get("d"))) {
      const auto first = placed(*path, each.x, each.y);
      const auto last = placed(*path, each.x + each.width, each.y + each.height);
      box.add(first[0], first[1]);
      box.add(last[0], last[1]);
    }
    if (path->get("fill") == "none") {
      const std::vector<double> n = numbers_in(path->get("d"));
      for (std::size_t i = 0; i + 1 < n.size(); i += 2) box.add(n[i], n[i + 1]);
    }
    INFO(path->get("d"));
    CHECK(is_inside(box, layout));
  }
}

Rgb color_in(const std::string& hex) {
  const long number = std::strtol(hex.c_str() + 1, nullptr, 16);
  return {static_cast<std::uint8_t>(number >> 16), static_cast<std::uint8_t>(number >> 8 & 255),
          static_cast<std::uint8_t>(number & 255)};
}

std::string from_base64(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = digits.find(c);
    if (digit == std::string::npos) break;
    bits = bits << 6 | static_cast<unsigned>(digit);
    count += 6;
    if (count >= 8) bytes += static_cast<char>(bits >> (count -= 8) & 255);
  }
  return bytes;
}

}  // namespace

TEST_CASE("SVG: every text of the layout is a text, escaped, and inside of the view box") {
  const auto values = random_values(kOdd.size() * kOdd.size());
  const Figure figure = odd_figure(values);
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  REQUIRE(root.name == "svg");
  const Layout layout = lay_out(figure);
  CHECK(root.get("viewBox") ==
        "0 0 " + std::to_string(layout.width) + " " + std::to_string(layout.height));
  const auto texts = all_of(root, "text");
  REQUIRE(texts.size() == layout.texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    INFO(layout.texts[i].text << " → " << texts[i]->text);
    CHECK(shows(*texts[i], layout.texts[i]));
  }
  check_inside(root, layout);
}

TEST_CASE("SVG: a line of text lies where the layout has it") {
  const auto values = random_values(kOdd.size() * kOdd.size());
  const Figure figure = odd_figure(values);
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  const Layout layout = lay_out(figure);
  const auto texts = all_of(root, "text");
  REQUIRE(texts.size() == layout.texts.size());
  std::size_t compared = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (!texts[i]->has("textLength")) continue;
    const PlacedText& text = layout.texts[i];
    const SvgBox box = box_of_text(*texts[i]);
    INFO(text.text);
    // Ink against advances, which reach further at a space; and a shortened label ends anywhere.
    CHECK((box.left + box.right) / 2 == Approx(text.left + text.width / 2).margin(4));
    CHECK((box.top + box.bottom) / 2 == Approx(text.top + text.height / 2).margin(7));
    CHECK(texts[i]->has("transform") == text.upward);
    ++compared;
  }
  CHECK(compared > 300);
}

TEST_CASE("SVG: words from right to left say so") {
  const std::vector<double> values = {0.5, 0.5, 0.5, 0.5};
  Figure figure = one_panel(matrix(values, 2, 2));
  figure.rows.labels = {"שלום", "peace"};
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  for (const SvgElement* text : all_of(root, "text")) {
    INFO(text->text);
    CHECK((text->get("direction") == "rtl") == (text->text == "שלום"));
  }
}

TEST_CASE("SVG: spaces that XML would take away are kept") {
  const std::vector<double> values = {0.5, 0.5};
  Figure figure = one_panel(matrix(values, 2, 1));
  figure.rows.labels = {"two  of", "one of"};
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  for (const SvgElement* text : all_of(root, "text")) {
    INFO(text->text);
    CHECK((text->get("space") == "preserve") == (text->text == "two  of"));
  }
}

TEST_CASE("SVG: title and description stand first, for those who do not see the picture") {
  const std::vector<double> values = {1};
  Figure figure = one_panel(matrix(values, 1, 1));
  figure.title = "1 < 2";
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  REQUIRE(root.children.size() > 2);
  CHECK(root.get("role") == "img");
  CHECK(root.children[0].name == "title");
  CHECK(root.children[0].text == "1 < 2");
  CHECK(root.children[1].name == "desc");
  CHECK(root.children[1].text == "head 1\nweight, 0 to 1\nEach row sums to 1.");
}

TEST_CASE("SVG: each cell has the color of its value, and no cell is left out") {
  const std::size_t n = GENERATE(1, 7, 60, 140);
  auto values = random_values(n * n);
  for (std::size_t i = 0; i < values.size(); i += 5) values[i] = kMinusInfinity;
  if (n == 1) values[0] = 0.3;
  const Figure figure = one_panel(matrix(values, n, n));
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  const Layout layout = lay_out(figure);
  std::vector<int> times(n * n, 0);
  std::size_t wrong = 0;
  for (const SvgElement* path : all_of(root, "path")) {
    if (path->get("transform").find("scale") == std::string::npos) continue;
    for (const SvgRectangle& run : rectangles_of(path->get("d"))) {
      for (std::size_t j = 0; j < static_cast<std::size_t>(run.width); ++j) {
        const std::size_t cell =
            static_cast<std::size_t>(run.y) * n + static_cast<std::size_t>(run.x) + j;
        ++times[cell];
        const Rgb expected = values[cell] == kMinusInfinity ? palette_of(Theme::kLight).masked
                                                            : color_of(figure.scale, values[cell]);
        wrong += !(color_in(path->get("fill")) == expected);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(std::all_of(times.begin(), times.end(), [](int count) { return count == 1; }));
  check_inside(root, layout);
}

TEST_CASE("SVG: beyond 20,000 cells the matrix is a PNG of one pixel a cell") {
  const std::size_t n = 150;
  const auto values = random_values(n * n);
  const Figure figure = one_panel(matrix(values, n, n));
  const SvgElement root = parse_svg(paint(figure, Format::kSvg).bytes);
  const auto images = all_of(root, "image");
  REQUIRE(images.size() == 1);
  const std::string uri = images[0]->get("href");
  const std::string head = "data:image/png;base64,";
  REQUIRE(uri.rfind(head, 0) == 0);
  const DecodedPng image = decode(from_base64(uri.substr(head.size())));
  REQUIRE(image.width == n);
  REQUIRE(image.height == n);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = 0; j < n; ++j)
      wrong += !(image.at(j, i) == color_of(figure.scale, values[i * n + j]));
  CHECK(wrong == 0);
  check_inside(root, lay_out(figure));
}

TEST_CASE("SVG: the color bar has the colors of the scale, to one of 255 steps") {
  const auto values = random_values(100);
  const Figure figure = one_panel(matrix(values, 10, 10));
  const std::string svg = paint(figure, Format::kSvg).bytes;
  const SvgElement root = parse_svg(svg);
  std::vector<std::pair<double, Rgb>> stops;
  for (const SvgElement& child : root.children)
    if (child.name == "defs" && child.children[0].name == "linearGradient")
      for (const SvgElement& stop : child.children[0].children)
        stops.emplace_back(stop.number("offset"), color_in(stop.get("stop-color")));
  REQUIRE(stops.size() > 4);
  CHECK(stops.size() < 150);
  // The gradient at an offset against the color map, whose step adds to the tolerance.
  auto channel = [](Rgb color, int k) {
    return k == 0 ? color.red : k == 1 ? color.green : color.blue;
  };
  for (double t = 0.01; t < 1; t += 0.01) {
    std::size_t k = 1;
    while (k + 1 < stops.size() && stops[k].first < t) ++k;
    const auto& [from, first] = stops[k - 1];
    const auto& [to, last] = stops[k];
    const double share = (t - from) / (to - from);
    for (int c = 0; c < 3; ++c) {
      const double got = channel(first, c) + share * (channel(last, c) - channel(first, c));
      INFO("at " << t << ", channel " << c);
      CHECK(got == Approx(channel(color_of(figure.scale, 1 - t), c)).margin(5));
    }
  }
}

TEST_CASE("SVG: the same definitions have the same names, others have others") {
  const std::vector<double> values = {0.5, kMinusInfinity, 0.5, 0.5};
  Figure figure = one_panel(matrix(values, 2, 2));
  auto ids = [](const std::string& svg) {
    std::vector<std::string> names;
    for (std::size_t at = svg.find(" id=\""); at != std::string::npos;
         at = svg.find(" id=\"", at + 1))
      names.push_back(svg.substr(at + 5, svg.find('"', at + 5) - at - 5));
    return names;
  };
  const auto plain = ids(paint(figure, Format::kSvg).bytes);
  CHECK(plain.size() == 2);
  CHECK(ids(paint(figure, Format::kSvg).bytes) == plain);
  figure.scale.map = ColorMap::kDiverging;
  const auto other = ids(paint(figure, Format::kSvg).bytes);
  REQUIRE(other.size() == 2);
  CHECK(other[0] == plain[0]);  // the hatch
  CHECK(other[1] != plain[1]);  // the color bar
}
