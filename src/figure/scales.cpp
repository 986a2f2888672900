#include "figure/scales.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <string>

namespace attn_viz::figure {
namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  bool empty() const { return low > high; }
};

/// Widens a range by the finite values of some rows of a tensor.
void widen(Range& range, const Tensor& tensor, std::size_t first_row, std::size_t rows) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t columns = tensor.columns();
    for (const T value : tensor.values<T>().subspan(first_row * columns, rows * columns)) {
      if (!std::isfinite(value)) continue;
      range.low = std::min(range.low, static_cast<double>(value));
      range.high = std::max(range.high, static_cast<double>(value));
    }
  });
}

/// Whether the last part of a step's name is one of these.
template <std::size_t N>
bool is_one_of(std::string_view step_name, const std::string_view (&names)[N]) {
  const std::string_view last = step_name.substr(step_name.rfind('/') + 1);  // npos + 1 is 0
  return std::find(std::begin(names), std::end(names), last) != std::end(names);
}

/// Whether a step holds weights, of which most are from 0 to 1: the maps of differential attention,
/// weights that heads have mixed, those of cheaper attention, of two levels, within a window, and
/// what was chosen by them.
bool holds_weights(std::string_view step_name) {
  constexpr std::string_view kNames[] = {
      "weights",       "weights_1",      "weights_2",     "mixed_weights", "projected_weights",
      "exact_weights", "weights_within", "weights_among", "aligned",       "choice",
      "kernel_1",      "kernel_2",       "kernel_3"};
  return is_one_of(step_name, kNames);
}

/// Whether a step holds nothing but 0 and 1.
bool is_binary(std::string_view step_name) {
  constexpr std::string_view kNames[] = {"mask", "allow", "window", "membership"};
  return is_one_of(step_name, kNames);
}

/// From the least to the largest value.
ColorScale scale_over(Range range, std::string_view of_what, std::string_view shared) {
  if (range.empty()) range = {0, 1};
  if (range.low == range.high) range.high = range.low + 1;
  return {ColorMap::kViridis, range.low, range.high,
          fmt::format("weight, range of the {} ({:.3g} to {:.3g}){}", of_what, range.low,
                      range.high, shared)};
}

}  // namespace

ColorScale scale_of(const Trace& trace, std::string_view step_name, bool auto_scale) {
  Range range;
  std::size_t steps = 0;
  bool difference = false;
  std::string_view sharers = "layers";
  for (const Step& step : trace.steps) {
    const StepName name = parse_step_id(step.id);
    if (name.step != step_name) continue;
    if (name.head) sharers = "heads";
    widen(range, step.values, 0, step.values.rows());
    difference |= step.op == ops::differential.name;
    ++steps;
  }
  const std::string shared = steps > 1 ? fmt::format(", one scale for all {}", sharers) : "";
  if (step_name == kProbabilities) return {ColorMap::kViridis, 0, 1, "probability, 0 to 1"};
  // What one map of differential attention subtracts from the other may leave less than nothing.
  const bool weights = holds_weights(step_name);
  if (weights && (difference || range.low < 0)) {
    double size = std::max(-range.low, range.high);
    if (!(size > 0)) size = 1;
    if (size <= 1 && !auto_scale) {
      return {ColorMap::kDiverging, -1, 1,
              fmt::format("weight, −1 to 1 (it may be negative){}", shared)};
    }
    return {
        ColorMap::kDiverging, -size, size,
        fmt::format("weight (it may be negative), ± the largest size ({:.3g}){}", size, shared)};
  }
  if (weights && !auto_scale) {
    // A dark figure must not look empty.
    constexpr double kPale = 0.2;
    const std::string largest =
        range.high < kPale ? fmt::format("; the largest is {:.2g}", range.high) : "";
    // A relu may give weights of more than 1 (rounding does not count).
    const bool beyond = range.high > 1 + 1e-7;
    return {ColorMap::kViridis, 0, beyond ? range.high : 1,
            beyond ? fmt::format("weight, 0 to the largest ({:.3g}){}", range.high, shared)
                   : fmt::format("weight, 0 to 1{}{}", shared, largest)};
  }
  if (is_binary(step_name)) return {ColorMap::kViridis, 0, 1, "0 or 1"};
  if (weights) return scale_over(range, "data", shared);
  if (range.empty()) range = {0, 0};
  double size = std::max(std::abs(range.low), std::abs(range.high));
  if (size == 0) size = 1;
  return {ColorMap::kDiverging, -size, size,
          fmt::format("value, ± the largest size ({:.3g}){}", size, shared)};
}

std::string_view quantity_of(std::string_view step_name) {
  if (step_name == kProbabilities) return "probability";
  if (step_name == kInfluence) return kInfluence;
  return holds_weights(step_name) ? "weight" : "value";
}

ColorScale map_scale(const std::vector<const Step*>& weights, std::size_t query,
                     const ColorScale& scale, bool auto_scale) {
  if (!auto_scale || scale.map == ColorMap::kDiverging) return scale;
  Range range;
  for (const Step* step : weights) {
    if (query < step->values.rows()) widen(range, step->values, query, 1);
  }
  return scale_over(range, "query's weights",
                    weights.size() > 1 ? ", one scale for all heads" : "");
}

}  // namespace attn_viz::figure
