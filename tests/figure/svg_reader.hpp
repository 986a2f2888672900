// Reads an SVG back with libxml2: its elements, their texts, and where they lie.
#pragma once

#include <libxml/parser.h>
#include <libxml/tree.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace attn_viz::figure {

/// Left, top, right and bottom.
struct SvgBox {
  double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9;
  void add(double x, double y) {
    left = std::min(left, x);
    right = std::max(right, x);
    top = std::min(top, y);
    bottom = std::max(bottom, y);
  }
};

struct SvgElement {
  std::string name;
  std::map<std::string, std::string> attributes;  ///< also inherited ones
  std::string text;                               ///< without its <title>
  std::string title;                              ///< of its <title>
  bool defined = false;                           ///< inside of <defs>
  std::vector<SvgElement> children;

  bool has(const std::string& name_of) const { return attributes.count(name_of) > 0; }
  std::string get(const std::string& name_of) const {
    const auto found = attributes.find(name_of);
    return found == attributes.end() ? "" : found->second;
  }
  double number(const std::string& name_of) const {
    return std::strtod(get(name_of).c_str(), nullptr);
  }
};

inline SvgElement read_svg_node(const xmlNode* node, std::map<std::string, std::string> inherited,
                                bool defined) {
  SvgElement element;
  element.name = reinterpret_cast<const char*>(node->name);
  element.defined = defined || element.name == "defs";
  for (const xmlAttr* attribute = node->properties; attribute; attribute = attribute->next) {
    const std::string name = reinterpret_cast<const char*>(attribute->name);
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
        xmlNodeListGetString(node->doc, attribute->children, 1), xmlFree);
    const std::string text = value ? reinterpret_cast<const char*>(value.get()) : "";
    // Transforms add up, others take the place of the group's.
    if (name == "transform")
      inherited[name] += " " + text;
    else
      inherited[name] = text;
  }
  element.attributes = inherited;
  for (const xmlNode* child = node->children; child; child = child->next) {
    if (child->type == XML_TEXT_NODE) element.text += reinterpret_cast<const char*>(child->content);
    if (child->type != XML_ELEMENT_NODE) continue;
    element.children.push_back(read_svg_node(child, inherited, element.defined));
    const SvgElement& read = element.children.back();
    if (read.name == "title")
      element.title = read.text;
    else
      element.text += read.text;
  }
  return element;
}

/// The root, or an element without name if the XML is not well-formed.
inline SvgElement parse_svg(const std::string& svg) {
  const std::unique_ptr<xmlDoc, decltype(&xmlFreeDoc)> document(
      xmlReadMemory(svg.data(), static_cast<int>(svg.size()), nullptr, nullptr,
                    XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NONET | XML_PARSE_HUGE),
      &xmlFreeDoc);
  if (!document) return {};
  return read_svg_node(xmlDocGetRootElement(document.get()), {}, false);
}

/// All elements of a name that are drawn, in order.
inline void collect_svg(const SvgElement& from, const std::string& name,
                        std::vector<const SvgElement*>& found) {
  if (from.name == name && !from.defined) found.push_back(&from);
  for (const SvgElement& child : from.children) collect_svg(child, name, found);
}
inline std::vector<const SvgElement*> all_of(const SvgElement& root, const std::string& name) {
  std::vector<const SvgElement*> found;
  collect_svg(root, name, found);
  return found;
}
std::vector<const SvgElement*> all_of(SvgElement&& root, const std::string& name) = delete;

/// The numbers in a text, whatever stands between them.
inline std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> numbers;
  for (std::size_t at = 0; (at = text.find_first_of("-.0123456789", at)) != std::string::npos;) {
    char* end = nullptr;
    numbers.push_back(std::strtod(text.c_str() + at, &end));
    at = std::max(at + 1, static_cast<std::size_t>(end - text.c_str()));
  }
  return numbers;
}

/// A point as the element's transforms place it: translate, scale and rotate(angle x y), at most
/// one of each, which is what we write.
inline std::array<double, 2> placed(const SvgElement& element, double x, double y) {
  const std::string transform = element.get("transform");
  auto part = [&](const std::string& name) {
    const std::size_t at = transform.find(name);
    return at == std::string::npos ? std::vector<double>{}
                                   : numbers_in(transform.substr(at, transform.find(')', at) - at));
  };
  if (const auto scale = part("scale"); !scale.empty()) x *= scale[0], y *= scale[1];
  if (const auto move = part("translate"); !move.empty()) x += move[0], y += move[1];
  if (const auto turn = part("rotate"); !turn.empty()) {
    const double angle = turn[0] * std::acos(-1) / 180, dx = x - turn[1], dy = y - turn[2];
    x = turn[1] + dx * std::cos(angle) - dy * std::sin(angle);
    y = turn[2] + dx * std::sin(angle) + dy * std::cos(angle);
  }
  return {x, y};
}

struct SvgRectangle {
  double x = 0, y = 0, width = 0, height = 0;
};

/// The rectangles of a path such as M1 2h3v4H1z.
inline std::vector<SvgRectangle> rectangles_of(const std::string& path) {
  std::vector<SvgRectangle> rectangles;
  for (std::size_t at = path.find('M'); at != std::string::npos; at = path.find('M', at + 1)) {
    const std::vector<double> n = numbers_in(path.substr(at, path.find('z', at) - at));
    if (n.size() == 5) rectangles.push_back({n[0], n[1], n[2], n[3]});
  }
  return rectangles;
}

/// Where a line of text (a <text> or <tspan>) lies, as its stated length says.
inline SvgBox box_of_text(const SvgElement& text) {
  const double length = text.number("textLength"), size = text.number("font-size");
  const std::string anchor = text.get("text-anchor");
  const bool left_to_right = text.get("direction") != "rtl";
  double left = text.number("x");
  if (anchor == "middle") left -= length / 2;
  if (anchor != "middle" && (anchor == "end") == left_to_right) left -= length;
  SvgBox box;
  for (const double x : {left, left + length})
    for (const double y : {text.number("y") - 0.75 * size, text.number("y") + 0.25 * size}) {
      const auto [px, py] = placed(text, x, y);
      box.add(px, py);
    }
  return box;
}

}  // namespace attn_viz::figure
