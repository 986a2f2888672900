// A calculator for the formulas that an explanation prints, independent of what made them.
#pragma once

#include <cmath>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::test {

class Calculator {
 public:
  /// The value of "max(2 − 1.25, 0) / √(3² + 1)"; none if there are names in it.
  static std::optional<double> value(std::string_view text) {
    try {
      Calculator calculator(text);
      const double result = calculator.sum();
      calculator.skip();
      return calculator.rest_.empty() ? std::optional(result) : std::nullopt;
    } catch (const std::invalid_argument&) {
      return std::nullopt;
    }
  }

 private:
  explicit Calculator(std::string_view text) : rest_(text) {}

  void skip() {
    while (!rest_.empty() && rest_[0] == ' ') rest_.remove_prefix(1);
  }
  bool take(std::string_view word) {
    skip();
    if (rest_.substr(0, word.size()) != word) return false;
    rest_.remove_prefix(word.size());
    return true;
  }
  void expect(std::string_view word) {
    if (!take(word)) throw std::invalid_argument("expected " + std::string(word));
  }

  double sum() {
    double total = product();
    while (true) {
      if (take("+")) {
        total += product();
      } else if (take("−")) {
        total -= product();
      } else {
        return total;
      }
    }
  }
  double product() {
    double total = power();
    while (true) {
      if (take("×")) {
        total *= power();
      } else if (take("/")) {
        total /= power();
      } else if (take("mod")) {
        total = std::fmod(total, power());
      } else {
        return total;
      }
    }
  }
  double power() {
    if (take("−")) return -power();
    const double base = atom();
    if (take("²")) return base * base;
    if (take("³")) return base * base * base;
    if (take("^")) return std::pow(base, atom());
    return base;
  }
  std::vector<double> arguments() {
    expect("(");
    std::vector<double> values{sum()};
    while (take(",")) values.push_back(sum());
    expect(")");
    return values;
  }
  double atom() {
    if (take("|")) {
      const double inside = sum();
      expect("|");
      return std::abs(inside);
    }
    if (take("√")) return std::sqrt(atom());
    if (take("exp")) return std::exp(arguments()[0]);
    if (take("ln")) return std::log(arguments()[0]);
    if (take("sin")) return std::sin(arguments()[0]);
    if (take("cos")) return std::cos(arguments()[0]);
    if (take("tanh")) return std::tanh(arguments()[0]);
    if (take("erfc")) return std::erfc(arguments()[0]);
    if (take("∞")) return std::numeric_limits<double>::infinity();
    if (take("max")) {
      double most = -std::numeric_limits<double>::infinity();
      for (const double each : arguments()) most = std::max(most, each);
      return most;
    }
    if (take("(")) {
      const double inside = sum();
      expect(")");
      return inside;
    }
    return number();
  }
  double number() {
    skip();
    std::size_t size = 0;
    while (size < rest_.size() && std::string_view("0123456789.").find(rest_[size]) < 12) ++size;
    const std::string digits(rest_.substr(0, size));
    rest_.remove_prefix(size);
    double value = std::stod(digits);  // throws invalid_argument if there is none
    if (digits == "10") {              // "1.5 × 10⁻⁷"
      if (const auto exponent = superscript()) value = std::pow(10.0, *exponent);
    }
    return value;
  }
  std::optional<int> superscript() {
    constexpr std::string_view kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    const std::string_view before = rest_;
    const bool negative = take("⁻");
    int exponent = 0;
    bool any = false;
    for (bool found = true; found;) {
      found = false;
      for (int digit = 0; digit < 10 && !found; ++digit) {
        found = rest_.substr(0, kDigits[digit].size()) == kDigits[digit];
        if (!found) continue;
        rest_.remove_prefix(kDigits[digit].size());
        exponent = exponent * 10 + digit;
        any = true;
      }
    }
    if (!any) rest_ = before;
    return any ? std::optional(negative ? -exponent : exponent) : std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace attn_viz::test
