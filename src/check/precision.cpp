#include "check/precision.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace attn_viz::check {
namespace {

/// A number as 0.ddd × 10^(exponent + 1).
struct Digits {
  int significant = 0;
  int exponent = 0;
  int decimals() const { return std::max(0, significant - 1 - exponent); }
};

/// Of "1.2345e-05".
Digits digits_of_text(std::string_view shown) {
  const std::size_t e = shown.find('e');
  std::string_view digits = shown.substr(0, e);
  if (digits.find('.') != std::string_view::npos) {
    digits = digits.substr(0, digits.find_last_not_of('0') + 1);
  }
  const std::size_t count = digits.size() > 2 ? digits.size() - 1 : 1;  // without the point
  Digits result{static_cast<int>(count), 0};
  const std::size_t sign = shown[e + 1] == '+' ? 1 : 0;  // from_chars takes no plus
  std::from_chars(shown.data() + e + 1 + sign, shown.data() + shown.size(), result.exponent);
  return result;
}

/// Of the shortest text of a number; 0.30000000000000004, as a sum of short numbers may be, is 0.3.
template <class T>
Digits digits_of(T x) {
  if (x == 0) return {};
  constexpr int kSure = std::numeric_limits<T>::digits10, kShort = 12;
  char text[40];
  const auto shown = [&](const std::to_chars_result& result) {
    return digits_of_text({text, static_cast<std::size_t>(result.ptr - text)});
  };
  char* const last = text + sizeof text;
  const Digits shortest =
      shown(std::to_chars(text, last, std::abs(x), std::chars_format::scientific));
  if (std::is_same_v<T, float> || shortest.significant <= kSure) return shortest;
  const Digits sure =
      shown(std::to_chars(text, last, std::abs(x), std::chars_format::scientific, kSure - 1));
  return sure.significant <= kShort ? sure : shortest;
}

/// How many bits of mantissa a number needs.
int bits_of(double x) {
  int exponent = 0;
  double rest = std::abs(std::frexp(x, &exponent));
  int bits = 0;
  while (rest > 0) {
    rest = 2 * rest - std::floor(2 * rest);
    ++bits;
  }
  return bits;
}

/// Fewer digits than these are taken for decimals of a person.
constexpr int kMachineDigits = 10, kFullDigits = 13, kFloatDigits = 7, kFloatBits = 24;

template <class T>
Precision precision_of_values(std::span<const T> values) {
  int decimals = 0, significant = 0, most_digits = 0;
  for (const T x : values) {
    if (!std::isfinite(x)) continue;
    const Digits digits = digits_of(x);
    most_digits = std::max(most_digits, digits.significant);
    if (digits.decimals() == 0) continue;
    decimals = std::max(decimals, digits.decimals());
    significant = std::max(significant, digits.significant);
  }
  if (decimals == 0) return {};
  if (std::is_same_v<T, float> && most_digits >= kFloatDigits) {
    return {Precision::Kind::kBinary, 0, 0, 0, kFloatBits};
  }
  if (most_digits >= kMachineDigits) {
    int bits = 0;
    for (const T x : values) {
      if (std::isfinite(x)) bits = std::max(bits, bits_of(static_cast<double>(x)));
      if (bits > kFloatBits) break;
    }
    if (bits <= kFloatBits) return {Precision::Kind::kBinary, 0, 0, 0, bits};
    if (most_digits >= kFullDigits) return {Precision::Kind::kFull};
  }
  return {Precision::Kind::kDecimal, decimals, 0, significant};
}

/// How many more cells show that many significant digits than show that many decimals. Rounded to
/// decimals, nearly all cells show the most decimals; rounded to significant digits, nearly all
/// show the most of those.
std::ptrdiff_t votes_for_significant(const Tensor& tensor, int decimals, int significant) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    std::ptrdiff_t votes = 0;
    for (const auto x : tensor.values<decltype(zero)>()) {
      if (!std::isfinite(x)) continue;
      const Digits digits = digits_of(x);
      votes += digits.decimals() > 0 && digits.significant == significant ? 1 : 0;
      votes -= digits.decimals() == decimals ? 1 : 0;
    }
    return votes;
  });
}

/// So many cells are not whole by chance.
constexpr std::size_t kSurelyWhole = 4;

}  // namespace

bool is_given_value(const Step& step) {
  return step.op == ops::input.name || step.op == ops::parameter.name;
}

int decimals_of(double x) {
  return std::isfinite(x) ? digits_of(x).decimals() : 0;
}

double Precision::half_unit(double x) const {
  if (kind == Kind::kBinary) return std::abs(x) * std::ldexp(1.0, -bits);
  if (kind == Kind::kWhole) return 0.005;  // a weight of 0.999999 is 1 in every sheet
  if (kind != Kind::kDecimal) return 0;
  double half = 0.5 * std::pow(10.0, -decimals);
  if (significant > 0 && x != 0 && std::isfinite(x)) {
    half = std::max(half, 0.5 * std::pow(10.0, digits_of(x).exponent + 1 - significant));
  }
  return half;
}

Precision precision_of(const Tensor& tensor) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    return precision_of_values<decltype(zero)>(tensor.values<decltype(zero)>());
  });
}

Precisions precisions_of(const Trace& program, const std::vector<const Tensor*>& given,
                         bool is_trace) {
  using Kind = Precision::Kind;
  Precisions all{std::vector<Precision>(given.size())};
  const auto taken = [&](StepId id) { return is_trace && is_given_value(program.steps[id]); };
  Precision shown, finest;  // the most digits of a computed step, and of any step
  const auto extend = [](Precision& most, const Precision& here) {
    if (here.kind != Kind::kDecimal) return;
    most.kind = Kind::kDecimal;
    most.decimals = std::max(most.decimals, here.decimals);
    most.most_significant = std::max(most.most_significant, here.most_significant);
  };
  std::size_t machine_steps = 0, decimal_steps = 0;
  for (StepId id = 0; id < given.size(); ++id) {
    if (given[id] == nullptr) continue;
    const Precision& here = all.of_step[id] = precision_of(*given[id]);
    extend(finest, here);
    if (taken(id)) continue;
    extend(shown, here);
    machine_steps += here.kind == Kind::kFull || here.kind == Kind::kBinary ? 1 : 0;
    decimal_steps += here.kind == Kind::kDecimal ? 1 : 0;
    if (here.kind == Kind::kBinary) all.bits = std::min(all.bits, here.bits);
  }
  // Some steps of a program may have few digits by chance, or a person changed one cell.
  const bool machine = machine_steps > 0 && 3 * machine_steps >= decimal_steps;
  const Precision of_machine =
      all.bits < 53 ? Precision{Kind::kBinary, 0, 0, 0, all.bits} : Precision{Kind::kFull};
  if (is_trace && machine) {
    all.of_step.assign(given.size(), of_machine);
    return all;
  }

  std::ptrdiff_t votes = 0;
  for (StepId id = 0; id < given.size(); ++id) {
    Precision& here = all.of_step[id];
    if (given[id] == nullptr || here.kind != Kind::kDecimal) continue;
    const Precision& most = is_trace ? finest : here;
    const auto here_votes = votes_for_significant(*given[id], most.decimals, most.most_significant);
    votes += here_votes;
    if (here_votes > 0) here.significant = here.most_significant;
  }
  if (votes > 0) shown.significant = shown.most_significant;
  all.finest = machine ? of_machine : shown;
  for (StepId id = 0; id < given.size(); ++id) {
    if (given[id] == nullptr) continue;
    Precision& here = all.of_step[id];
    if (is_trace) {
      here.significant = votes > 0 ? finest.most_significant : 0;
      if (here.kind == Kind::kDecimal) here.decimals = std::max(here.decimals, shown.decimals);
    }
    if (taken(id)) {
      // What the others were computed from has as many digits as they have, unless it is exact.
      const bool exact = here.kind == Kind::kWhole && given[id]->count() >= kSurelyWhole;
      if (exact || here.kind == Kind::kFull || shown.kind != Kind::kDecimal) continue;
      here.kind = Kind::kDecimal;
      here.decimals = std::max(here.decimals, shown.decimals);
    } else if (here.kind == Kind::kWhole) {
      here = shown;  // 1 may be 1.00; without decimals anywhere it is 1
    }
  }
  return all;
}

}  // namespace attn_viz::check
