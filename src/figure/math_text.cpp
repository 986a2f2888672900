#include "figure/math_text.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "attn_viz/core/label_text.hpp"
#include "figure/math_parse.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kScript = 0.74;                   // size of lowered and raised parts
constexpr double kLowered = 0.22, kRaised = 0.36;  // of the size, from the baseline
constexpr double kLeading = 1.32;
constexpr int kLongestPart = 420;  // pixels; what is longer is shortened

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// What a "_" or "^" applies to, at the front of the text, which is taken off.
std::string take_script(std::string_view& text) {
  const char open = text.empty() ? '\0' : text[0];
  if (open == '(' || open == '{') {
    const std::size_t close = text.find(open == '(' ? ')' : '}');
    if (close != std::string_view::npos) {
      const std::string script(text.substr(1, close - 1));
      text.remove_prefix(close + 1);
      return script;
    }
  }
  std::size_t end = 0;
  while (end < text.size() && is_word(text[end])) ++end;
  const std::string script(text.substr(0, end));
  text.remove_prefix(end);
  return script;
}

struct Word {
  std::vector<MathPart> parts;
  double width = 0;
  bool ends_line = false;
};

Style part_style(const Style& style, int level) {
  Style part = style;
  if (level != 0) part.size *= kScript;
  part.max_width = kLongestPart;
  part.wrap = false;
  return part;
}

double width_of(const std::vector<MathPart>& parts, const Style& style, Typesetter& type) {
  double width = 0;
  for (const MathPart& part : parts) {
    if (!part.text.empty())
      width += type.set(part.text, part_style(style, part.level)).logical().width;
  }
  return width;
}

/// Words one after another, with spaces between them; neighbours of one level are one part.
std::vector<MathPart> joined(const std::vector<Word>& words, std::size_t first, std::size_t last) {
  std::vector<MathPart> parts;
  for (std::size_t w = first; w < last; ++w) {
    if (w > first) {
      if (parts.empty() || parts.back().level != 0) parts.push_back({});
      parts.back().text += ' ';
    }
    for (const MathPart& part : words[w].parts) {
      if (!parts.empty() && parts.back().level == part.level)
        parts.back().text += part.text;
      else
        parts.push_back(part);
    }
  }
  return parts;
}

}  // namespace

std::vector<MathPart> parse_math(std::string_view text) {
  std::vector<MathPart> parts;
  const auto add = [&](const std::string& piece, int level) {
    if (piece.empty()) return;
    if (!parts.empty() && parts.back().level == level)
      parts.back().text += piece;
    else
      parts.push_back({piece, level});
  };
  while (!text.empty()) {
    const std::size_t mark = std::min(text.find_first_of("_^"), text.size());
    add(std::string(text.substr(0, mark)), 0);
    text.remove_prefix(mark);
    if (text.empty()) break;
    const int level = text[0] == '_' ? -1 : 1;
    const std::string sign(text.substr(0, 1));
    text.remove_prefix(1);
    const std::string script = take_script(text);
    if (script.empty())
      add(sign, 0);
    else
      add(script, level);
  }
  return parts;
}

MathText set_math(std::string_view text, const Style& style, int width, TextKind kind,
                  Typesetter& type) {
  const std::string shown = visible_text(text);
  std::vector<Word> words;
  for (std::size_t from = 0; from < shown.size();) {
    const std::size_t end = std::min(shown.find_first_of(" \n", from), shown.size());
    if (end > from) {
      Word word{parse_math(std::string_view(shown).substr(from, end - from))};
      word.ends_line = end < shown.size() && shown[end] == '\n';
      word.width = width_of(word.parts, style, type);
      words.push_back(std::move(word));
    }
    from = end + 1;
  }
  MathText math;
  const double space = 0.32 * style.size;
  double top = 0;
  for (std::size_t first = 0, last = 0; first < words.size(); first = last) {
    double line = 0;
    for (last = first; last < words.size(); ++last) {
      const double longer = line + (last > first ? space : 0) + words[last].width;
      if (last > first && (longer > width || words[last - 1].ends_line)) break;
      line = longer;
    }
    const std::vector<MathPart> parts = joined(words, first, last);
    const double whole = width_of(parts, style, type);
    math.width = std::max(math.width, whole);
    const double baseline = top + style.size;
    if (first == 0) math.baseline = baseline;
    double x = std::floor(-whole / 2);
    for (const MathPart& part : parts) {
      const Run& run = type.set(part.text, part_style(style, part.level));
      const double shift = part.level < 0   ? kLowered * style.size
                           : part.level > 0 ? -kRaised * style.size
                                            : 0;
      math.items.push_back({&run, static_cast<int>(x),
                            static_cast<int>(std::lround(baseline + shift - run.baseline())), false,
                            kind});
      x = std::ceil(x + run.logical().width);  // parts never meet
    }
    top += kLeading * style.size;
  }
  math.height = top;
  return math;
}

}  // namespace attn_viz::figure
