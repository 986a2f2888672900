#include "figure/chart_scale.hpp"

#include <fmt/format.h>

#include <cmath>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr double kBeyond = 0.03;  // share of the axis at each end

/// "10⁶" of a power of ten that would be long to write, else "".
std::string power_text(double value) {
  constexpr const char* kDigits[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  const int power = static_cast<int>(std::lround(std::log10(value)));
  if (std::abs(power) < 4 || std::abs(std::log10(value) - power) > 1e-9) return "";
  std::string text = power < 0 ? "10⁻" : "10";
  for (const char digit : std::to_string(std::abs(power))) text += kDigits[digit - '0'];
  return text;
}

}  // namespace

ChartScale::ChartScale(const ChartAxis& axis, double low, double high)
    : logarithmic_(axis.logarithmic), low_(low), high_(high) {
  const bool fits = std::isfinite(low) && std::isfinite(high) && low <= high;
  if (!fits || (logarithmic_ && !(low > 0))) {
    throw Error(ErrorCode::kBug,
                fmt::format("the axis \"{}\" cannot run from {} to {}", axis.name, low, high));
  }
  if (logarithmic_) low_ = std::log10(low), high_ = std::log10(high);
  const double room = high_ > low_ ? kBeyond * (high_ - low_) : 0.5;
  low_ -= room, high_ += room;
}

double ChartScale::place(double value) const {
  return ((logarithmic_ ? std::log10(value) : value) - low_) / (high_ - low_);
}

std::vector<Tick> ChartScale::ticks(std::size_t most) const {
  if (!logarithmic_) return figure::ticks(low_, high_, most);
  std::vector<Tick> ticks = log_ticks(std::pow(10, low_), std::pow(10, high_), most);
  for (Tick& tick : ticks) {
    if (std::string power = power_text(tick.value); !power.empty()) tick.text = std::move(power);
  }
  return ticks;
}

}  // namespace attn_viz::figure
