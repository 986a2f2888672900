#include "explain/number.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace attn_viz::explain {
namespace {

/// The shortest text that gives back the number in its type.
std::string shortest(double value, DType dtype) {
  char text[512];
  const auto end =
      dtype == DType::kFloat64
          ? std::to_chars(text, text + sizeof text, value, std::chars_format::fixed).ptr
          : std::to_chars(text, text + sizeof text, static_cast<float>(value),
                          std::chars_format::fixed)
                .ptr;
  return std::string(text, end);
}

std::size_t decimals_of(const std::string& text) {
  const std::size_t point = text.find('.');
  return point == std::string::npos ? 0 : text.size() - point - 1;
}

std::string without_trailing_zeros(std::string text) {
  if (text.find('.') == std::string::npos) return text;
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string superscript(const std::string& exponent) {
  constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string text;
  for (const char c : exponent) text += c == '-' ? "⁻" : kDigits[c - '0'];
  return text;
}

/// "1.2346 × 10⁻⁷".
NumberText with_power(double value, DType dtype, const Style& style) {
  char exact[64];
  const auto end =
      dtype == DType::kFloat64
          ? std::to_chars(exact, exact + sizeof exact, value, std::chars_format::scientific).ptr
          : std::to_chars(exact, exact + sizeof exact, static_cast<float>(value),
                          std::chars_format::scientific)
                .ptr;
  std::string text(exact, end);
  std::size_t e = text.find('e');
  const bool rounded = decimals_of(text.substr(0, e)) > static_cast<std::size_t>(style.digits);
  if (rounded) {
    text = fmt::format("{:.{}e}", value, style.digits);
    e = text.find('e');
  }
  const std::string exponent = std::to_string(std::stoi(text.substr(e + 1)));
  const std::string power = style.format == Format::kLatex ? " \\times 10^{" + exponent + "}"
                                                           : " × 10" + superscript(exponent);
  return {text.substr(0, e) + power, rounded, true};
}

}  // namespace

std::size_t decimals_of(double value) {
  return std::isfinite(value) ? decimals_of(shortest(std::abs(value), DType::kFloat64)) : 0;
}

NumberText number_text(double value, DType dtype, const Style& style) {
  const bool latex = style.format == Format::kLatex;
  const std::string minus = latex ? "-" : "−";
  if (std::isnan(value)) return {latex ? "\\mathrm{NaN}" : "NaN"};
  if (std::isinf(value)) {
    return {(value < 0 ? minus : std::string()) + (latex ? "\\infty" : "∞")};
  }
  const double size = std::abs(value);
  const std::string exact = shortest(size, dtype);
  const auto wanted = static_cast<std::size_t>(style.digits);
  const double smallest = std::pow(10.0, style.digits > 1 ? 1 - style.digits : -style.digits);
  const double unit = dtype == DType::kFloat64 ? std::numeric_limits<double>::epsilon()
                                               : std::numeric_limits<float>::epsilon();
  NumberText number;
  if (size < 1e15 && decimals_of(exact) <= wanted) {
    number.text = exact;
  } else if (size >= 1e15 || size < smallest) {
    number = with_power(size, dtype, style);
  } else {
    number.text = fmt::format("{:.{}f}", size, style.digits);
    number.rounded = std::abs(std::stod(number.text) - size) > 4 * unit * size;
    if (!number.rounded) number.text = without_trailing_zeros(number.text);
  }
  if (value < 0) number.text.insert(0, minus);
  return number;
}

}  // namespace attn_viz::explain
