#include "figure/svg_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "figure/xml.hpp"

namespace attn_viz::figure {
namespace {

/// The families as CSS has them, for viewers with and without Pango's fonts: Verdana's letters are
/// as wide as those of DejaVu Sans.
std::string css_families(const std::vector<std::string>& families) {
  constexpr std::string_view kGeneric[] = {"sans-serif", "serif", "monospace"};
  auto has = [&](std::string_view part) {
    return !families.empty() && families[0].find(part) != std::string::npos;
  };
  std::string css;
  for (const std::string& family : families) {
    if (std::find(std::begin(kGeneric), std::end(kGeneric), family) != std::end(kGeneric)) continue;
    css += '\'';
    for (const char c : family)
      if (c != '\'' && c != '\\') css += c;
    css += "',";
    if (family == "DejaVu Sans") css += "Verdana,";
  }
  const bool serif = has("erif") && !has("ans");
  css += kGeneric[has("Mono") || has("mono") ? 2 : serif ? 1 : 0];
  return escaped(css);
}

/// Which end of a text keeps its place in a viewer with other fonts: the one beside the matrix.
enum class Hold { kLeft, kMiddle, kRight };

Hold hold_of(const TextItem& item) {
  if (item.kind == TextKind::kRowLabel && !item.upward) return Hold::kRight;
  if (item.kind == TextKind::kValue) return Hold::kMiddle;
  return Hold::kLeft;
}

/// x="…" y="…" and what else places a line.
std::string place_of(const TextItem& item, const TextLine& line, Hold hold) {
  const double share = hold == Hold::kLeft ? 0 : hold == Hold::kMiddle ? 0.5 : 1;
  std::string place =
      fmt::format(" x=\"{}\" y=\"{}\"", decimal(item.x + line.left + share * line.width),
                  decimal(item.y + line.baseline));
  if (line.width > 0)
    place +=
        fmt::format(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", decimal(line.width));
  const bool from_start = (hold == Hold::kLeft) == line.rightward;
  if (hold == Hold::kMiddle)
    place += " text-anchor=\"middle\"";
  else if (!from_start)
    place += " text-anchor=\"end\"";
  if (!line.rightward) place += " direction=\"rtl\"";
  return place;
}

/// Whether XML would take away a space.
bool has_loose_space(const std::vector<TextLine>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const TextLine& line) {
    return line.text.find("  ") != std::string::npos || line.text.starts_with(' ') ||
           line.text.ends_with(' ');
  });
}

void append(std::string& svg, const TextItem& item) {
  const std::vector<TextLine> lines = item.run->lines();
  svg += "<text";
  if (item.upward) svg += fmt::format(" transform=\"rotate(-90 {} {})\"", item.x, item.y);
  if (lines.size() == 1) svg += place_of(item, lines[0], hold_of(item));
  if (has_loose_space(lines)) svg += " xml:space=\"preserve\"";
  svg += '>';
  if (item.run->shortened()) svg += "<title>" + escaped(item.run->text()) + "</title>";
  if (lines.size() == 1) {
    svg += escaped(lines[0].text);
  } else {
    for (const TextLine& line : lines) {
      if (!line.text.empty())
        svg += fmt::format("<tspan{}{}>{}</tspan>", place_of(item, line, Hold::kLeft),
                           line.rightward ? "" : " unicode-bidi=\"embed\"", escaped(line.text));
      if (line.space_after) svg += ' ';
    }
  }
  svg += "</text>\n";
}

}  // namespace

void append_texts(std::string& svg, const std::vector<TextItem>& texts) {
  std::string open;
  for (const TextItem& item : texts) {
    const Run& run = *item.run;
    const Rgb color = run.color();
    const std::string group = fmt::format(
        "<g font-family=\"{}\" font-size=\"{}\"{} fill=\"#{:02x}{:02x}{:02x}\""
        ">\n",
        css_families(run.families()), decimal(run.size()),
        run.bold() ? " font-weight=\"bold\"" : "", color.red, color.green, color.blue);
    if (group != open) {
      if (!open.empty()) svg += "</g>\n";
      svg += group;
      open = group;
    }
    append(svg, item);
  }
  if (!open.empty()) svg += "</g>\n";
}

}  // namespace attn_viz::figure
