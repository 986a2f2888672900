#include "explain/latex.hpp"

#include <fmt/format.h>

#include <cctype>
#include <cstdint>
#include <utility>

namespace attn_viz::explain {
namespace {

struct Replacement {
  std::string_view from, to;
};

constexpr Replacement kMath[] = {
    {"·", "\\cdot "},
    {"×", "\\times "},
    {"−", "-"},
    {"ᵀ", "^{\\top}"},
    {"⁺", "^{+}"},
    {"²", "^{2}"},
    {"³", "^{3}"},
    {"∘", "\\circ "},
    {"‖", "\\|"},
    {"∧", "\\wedge "},
    {"∨", "\\vee "},
    {"≤", "\\le "},
    {"≥", "\\ge "},
    {"≠", "\\ne "},
    {"≈", "\\approx "},
    {"∈", "\\in "},
    {"∞", "\\infty "},
    {"~", "\\sim "},
    {"φ", "\\varphi "},
    {"λ", "\\lambda "},
    {"ε", "\\varepsilon "},
    {"ω", "\\omega "},
    {"θ", "\\theta "},
    {"τ", "\\tau "},
    {"δ", "\\delta "},
    {"Δ", "\\Delta "},
    {"α", "\\alpha "},
    {"β", "\\beta "},
    {"γ", "\\gamma "},
    {"π", "\\pi "},
    {"σ", "\\sigma "},
    {"ρ", "\\rho "},
    {"μ", "\\mu "},
    {"Φ", "\\Phi "},
    {"Σ", "\\Sigma "},
    {"ℓ", "\\ell "},
    {"…", "\\ldots "},
    {"½", "\\tfrac12 "},
    {"¼", "\\tfrac14 "},
    {"Ã", "\\tilde{A}"},
    {"h̃", "\\tilde{h}"},
    {"√", "\\surd "},
    {"→", "\\overrightarrow "},
    {"←", "\\overleftarrow "},
    {"{", "\\{"},
    {"}", "\\}"},
    {"%", "\\%"},
    {"#", "\\#"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"\\", "\\backslash "},
    {"′", "'"},
    {"–", "-"},
    {"’", "'"},
};

constexpr Replacement kSubscripts[] = {
    {"₀", "0"}, {"₁", "1"}, {"₂", "2"}, {"₃", "3"}, {"₄", "4"}, {"₅", "5"}, {"₆", "6"},
    {"₇", "7"}, {"₈", "8"}, {"₉", "9"}, {"₋", "-"}, {"₊", "+"}, {"₍", ""},  {"₎", ""},
    {"ⱼ", "j"}, {"ₘ", "m"}, {"ᵢ", "i"}, {"ₕ", "h"}, {"ₜ", "t"}, {"ₖ", "k"},
};

constexpr Replacement kText[] = {
    {"\\", "\\textbackslash{}"},
    {"{", "\\{"},
    {"}", "\\}"},
    {"%", "\\%"},
    {"#", "\\#"},
    {"$", "\\$"},
    {"&", "\\&"},
    {"_", "\\_"},
    {"^", "\\textasciicircum{}"},
    {"~", "\\textasciitilde{}"},
    {"<", "\\textless{}"},
    {">", "\\textgreater{}"},
    {"|", "\\textbar{}"},
    {"\"", "''"},
    {"≈", "$\\approx$"},
    {"−", "$-$"},
    {"×", "$\\times$"},
    {"√", "$\\surd$"},
    {"∞", "$\\infty$"},
    {"τ", "$\\tau$"},
    {"δ", "$\\delta$"},
    {"Σ", "$\\Sigma$"},
    {"λ", "$\\lambda$"},
    {"10⁻¹²", "$10^{-12}$"},
    {"–", "--"},
    {"—", "---"},
    {"’", "'"},
    {"‘", "`"},
    {"“", "``"},
    {"”", "''"},
    {"…", "\\ldots{}"},
    {"\n", " "},
    {"\t", " "},
    {"\r", " "},
};

/// The replacement of what a text begins with, which is then taken off; or null.
template <std::size_t N>
const Replacement* take(const Replacement (&known)[N], std::string_view& text) {
  for (const Replacement& each : known) {
    if (text.substr(0, each.from.size()) != each.from) continue;
    text.remove_prefix(each.from.size());
    return &each;
  }
  return nullptr;
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::uint32_t code_point(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0xFFu >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) code = code << 6 | (byte(i) & 0x3F);
  return code;
}

/// What is inside of the bracket that a text begins with; "" if it does not end.
std::string_view bracketed(std::string_view text) {
  int open = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    open += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (open == 0) return text.substr(1, i - 1);
  }
  return "";
}

std::string braced(std::string_view inside) {
  return fmt::format("{{{}}}", latex_math(inside));
}

/// The word or the bracket behind "_" or "^", in braces.
std::string script(std::string_view& text) {
  if (!text.empty() && text[0] == '(') {
    const std::string_view inside = bracketed(text);
    if (!inside.empty()) {
      text.remove_prefix(inside.size() + 2);
      return braced(inside);
    }
  }
  std::size_t size = 0;
  while (size < text.size() && (is_letter(text[size]) || is_digit(text[size]))) ++size;
  std::string_view word = text.substr(0, size);
  text.remove_prefix(size);
  if (word.empty() && !text.empty()) word = next_character(text);
  return braced(word);
}

/// A run of letters: a variable, or a name of several letters.
std::string word_of(std::string_view& text) {
  std::size_t size = 0;
  while (size < text.size() && is_letter(text[size])) ++size;
  const std::string word(text.substr(0, size));
  text.remove_prefix(size);
  if (size == 1) return word;
  const bool called = !text.empty() && text[0] == '(';
  return (called ? "\\operatorname{" : "\\mathrm{") + word + "}";
}

}  // namespace

std::string_view next_character(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  std::size_t size = lead < 0x80 ? 1 : lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (size > text.size()) size = 1;
  const std::string_view character = text.substr(0, size);
  text.remove_prefix(size);
  return character;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const std::uint32_t code = code_point(next_character(text));
    const bool combining = code >= 0x300 && code < 0x370;
    const bool wide = (code >= 0x1100 && code < 0x1160) || (code >= 0x2E80 && code < 0xA4D0) ||
                      (code >= 0xAC00 && code < 0xD7A4) || (code >= 0xF900 && code < 0xFB00) ||
                      (code >= 0xFE30 && code < 0xFE70) || (code >= 0xFF00 && code < 0xFF61) ||
                      (code >= 0x1F300 && code < 0x1FAFF) || (code >= 0x20000 && code < 0x40000);
    width += combining ? 0 : wide ? 2 : 1;
  }
  return width;
}

std::size_t set_width(std::string_view formula) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < formula.size(); ++i) {
    if (formula[i] == '\\') {
      while (i + 1 < formula.size() && std::isalpha(static_cast<unsigned char>(formula[i + 1])))
        ++i;
    }
    width += std::string_view("{}_^ ").find(formula[i]) == std::string_view::npos;
  }
  return width;
}

std::string latex_math(std::string_view formula) {
  std::string math;
  char before = ' ';
  for (std::size_t left = formula.size(); left > 0; left = formula.size()) {
    const char c = formula[0];
    const std::string_view rest_of_it = formula;
    if (const Replacement* marked = is_letter(c) ? take(kMath, formula) : nullptr) {
      math += marked->to;
    } else if (is_letter(c)) {
      math += word_of(formula);
    } else if (c == '_' || c == '^') {
      formula.remove_prefix(1);
      math += c + script(formula);
      if (c == '_' && !formula.empty() && formula[0] == '_') math += "{}";
    } else if (formula.substr(0, 4) == "√(" && !bracketed(formula.substr(3)).empty()) {
      const std::string_view inside = bracketed(formula.substr(3));
      formula.remove_prefix(3 + inside.size() + 2);
      math += "\\sqrt{" + latex_math(inside) + "}";
    } else if (std::string_view rest = formula; take(kSubscripts, rest) != nullptr) {
      std::string low;
      while (const Replacement* each = take(kSubscripts, formula)) low += each->to;
      if (!math.empty() && math.back() == '}') math += "{}";  // never two subscripts of one letter
      math += "_{" + low + "}";
    } else if (formula.substr(0, 3) == "Σ_") {
      formula.remove_prefix(2);
      math += "\\sum ";
    } else if (const Replacement* known = take(kMath, formula)) {
      math += known->to;
    } else if (c == ' ') {
      formula.remove_prefix(1);
      // Between symbols and words; beside operators LaTeX knows better.
      const char next = formula.empty() ? ' ' : formula[0];
      const bool beside_words = (is_letter(before) || is_digit(before) || before == ')') &&
                                (is_letter(next) || is_digit(next) || next == '(');
      math += beside_words ? "\\ " : " ";
    } else {
      const std::string_view character = next_character(formula);
      math += character.size() == 1 && c > 0x20
                  ? std::string(character)
                  : fmt::format("\\text{{U+{:04X}}}", code_point(character));
    }
    before = rest_of_it[left - formula.size() - 1];
  }
  return math;
}

std::string latex_symbol(std::string_view symbol) {
  const std::size_t open = symbol.find('[');
  if (open == std::string_view::npos || symbol.back() != ']') return latex_math(symbol);
  const std::string_view index = symbol.substr(open + 1, symbol.size() - open - 2);
  return latex_math(symbol.substr(0, open)) + "_{" + std::string(index) + "}";
}

std::string latex_unicode_text(std::string_view text) {
  std::string latex;
  while (!text.empty()) {
    const Replacement* known = take(kText, text);
    latex += known != nullptr ? known->to : next_character(text);
  }
  return latex;
}

std::string latex_text(std::string_view text, std::string_view plain) {
  std::string latex, without;
  bool all = true;
  for (std::string_view rest = text; !rest.empty();) {
    if (const Replacement* known = take(kText, rest)) {
      latex += known->to;
      without += known->to;
      continue;
    }
    const std::string_view character = next_character(rest);
    const bool simple = character.size() == 1 && character[0] >= 0x20;
    all = all && simple;
    latex += character;
    without += simple ? character : "?";
  }
  if (all) return latex;
  return "\\otherwise{" + latex + "}{" + (plain.empty() ? without : std::string(plain)) + "}";
}

}  // namespace attn_viz::explain
