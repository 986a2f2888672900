#include "figure/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attn_viz::figure {
namespace {

std::string with_minus(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c == '-')
      result += "−";
    else
      result += c;
  }
  return result;
}

/// "1.2e5" of 123456; the shortest form that keeps `digits` significant digits.
std::string scientific(double value, int digits) {
  std::string text = fmt::format("{:.{}e}", value, digits - 1);
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e);
  if (mantissa.find('.') != std::string::npos) {
    while (mantissa.back() == '0') mantissa.pop_back();
    if (mantissa.back() == '.') mantissa.pop_back();
  }
  return with_minus(fmt::format("{}e{}", mantissa, std::stoi(text.substr(e + 1))));
}

/// A tick with its last digit `decimals` places after the point (before it, where negative).
std::string tick_text(double value, int decimals) {
  if (value == 0) return "0";
  const double size = std::abs(value);
  if (size >= 1e6 || decimals > 6)
    return scientific(
        value, std::clamp(static_cast<int>(std::floor(std::log10(size))) + decimals + 1, 1, 17));
  std::string text = fmt::format("{:.{}f}", value, std::max(0, decimals));
  if (decimals > 0) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return with_minus(text);
}

}  // namespace

std::string value_text(double value, int decimals) {
  const double size = std::abs(value);
  if (size >= 1e5) return scientific(value, 2);
  if (value == 0) return "0";
  if (value == std::trunc(value)) return with_minus(fmt::format("{:.0f}", value));
  if (size >= 100) decimals = 0;
  if (size >= 10) decimals = std::min(decimals, 1);
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  // A sign that is all that is left of a number would be read as a misprint.
  if (text.find_first_of("123456789") == std::string::npos) return text.substr(text[0] == '-');
  return with_minus(text);
}

std::string fixed_text(double value, int decimals) {
  if (std::abs(value) >= 1e15) return scientific(value, 2);
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  if (text.find_first_of("123456789") == std::string::npos) return text.substr(text[0] == '-');
  return with_minus(text);
}

std::string short_text(double value) {
  return with_minus(fmt::format("{:.3g}", value));
}

int decimals_for(double largest) {
  if (!(largest > 0) || largest >= 0.1) return 2;
  return std::min(6, 1 - static_cast<int>(std::floor(std::log10(largest))));
}

std::vector<Tick> ticks(double low, double high, std::size_t most) {
  std::vector<Tick> result;
  // Tenths of the range cannot overflow where the range does.
  const double range = high / 10 - low / 10;
  const double size = std::max(std::abs(low), std::abs(high));
  if (low == high) return {{low, with_minus(fmt::format("{:.6g}", low))}};
  const std::vector<Tick> ends = {{low, with_minus(fmt::format("{:.17g}", low))},
                                  {high, with_minus(fmt::format("{:.17g}", high))}};
  if (!(range > 1e-13 * size) || range < 1e-290) return ends;

  // The smallest step of 1, 2, 2.5, 5 × 10ᵏ that gives few enough.
  int power = static_cast<int>(std::floor(std::log10(range)));
  for (;; ++power) {
    for (const double digit : {1.0, 2.0, 2.5, 5.0}) {
      const double step = digit * std::pow(10.0, power);
      const double first = std::ceil(low / step - 1e-9), last = std::floor(high / step + 1e-9);
      if (!(last - first + 1 <= static_cast<double>(most))) continue;
      const int decimals = -power + (digit == 2.5 ? 1 : 0);
      for (double k = first; k <= last; ++k)
        result.push_back({k * step, tick_text(k * step, decimals)});
      return result.size() >= 2 ? result : ends;
    }
  }
}

std::vector<Tick> log_ticks(double low, double high, std::size_t most) {
  const auto text = [](double value) {
    return value < 1e-4 || value >= 1e5 ? scientific(value, 1) : tick_text(value, 4);
  };
  const int first = static_cast<int>(std::ceil(std::log10(low) - 1e-9));
  const int last = static_cast<int>(std::floor(std::log10(high) + 1e-9));
  std::vector<Tick> result;
  if (last - first >= 2) {
    const int step = (last - first) / static_cast<int>(most) + 1;
    for (int power = last; power >= first; power -= step) {
      const double value = std::pow(10.0, power);
      result.insert(result.begin(), {value, text(value)});
    }
    return result;
  }
  for (int power = first - 1; power <= last; ++power) {
    for (const double digit : {1.0, 2.0, 5.0}) {
      const double value = digit * std::pow(10.0, power);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9))
        result.push_back({value, text(value)});
    }
  }
  if (result.size() >= 2) return result;
  return {{low, short_text(low)}, {high, short_text(high)}};
}

}  // namespace attn_viz::figure
