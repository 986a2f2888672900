#include "attn_viz/analysis/difference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace attn_viz::analysis {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Distance {
  double absolute = 0, relative = 0;
};

/// −∞ marks a masked cell: equal to itself, and infinitely far from every number.
Distance distance(double a, double b) {
  if (a == b) return {};
  const double absolute = std::abs(a - b);
  if (std::isinf(absolute)) return {kInfinity, 1};
  return {absolute, absolute / std::max(std::abs(a), std::abs(b))};
}

template <class A, class B>
void compare_values(std::span<const A> a, std::span<const B> b, double tolerance,
                    StepDifference& step) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    const auto x = static_cast<double>(a[i]), y = static_cast<double>(b[i]);
    const Distance apart = distance(x, y);
    if (apart.absolute > step.absolute) step.absolute = apart.absolute, step.absolute_at = i;
    if (apart.relative > step.relative) step.relative = apart.relative, step.relative_at = i;
    const double allowed = tolerance * std::max({1.0, std::abs(x), std::abs(y)});
    step.cells += apart.absolute > allowed || std::isinf(apart.absolute);
  }
}

StepDifference compare(const Step& first, const Step& second, double tolerance) {
  StepDifference step{.id = first.id, .first = &first, .second = &second};
  if (first.values.shape() != second.values.shape()) {
    step.other_shape = true;
    return step;
  }
  dispatch(first.values.dtype(), [&](auto a) {
    dispatch(second.values.dtype(), [&](auto b) {
      compare_values(first.values.values<decltype(a)>(), second.values.values<decltype(b)>(),
                     tolerance, step);
    });
  });
  return step;
}

std::unordered_map<std::string_view, std::size_t> places_of(const Trace& trace) {
  std::unordered_map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < trace.steps.size(); ++i) places.emplace(trace.steps[i].id, i);
  return places;
}

}  // namespace

std::vector<StepDifference> differences(const Trace& first, const Trace& second, double tolerance) {
  const auto in_first = places_of(first), in_second = places_of(second);
  std::vector<StepDifference> steps;
  std::size_t next = 0;  // of the second trace
  const auto add_second_alone = [&](std::size_t end) {
    for (; next < end; ++next) {
      const Step& step = second.steps[next];
      if (in_first.count(step.id) == 0) steps.push_back({.id = step.id, .second = &step});
    }
  };
  for (const Step& step : first.steps) {
    const auto found = in_second.find(step.id);
    if (found == in_second.end()) {
      steps.push_back({.id = step.id, .first = &step});
      continue;
    }
    add_second_alone(found->second);
    steps.push_back(compare(step, second.steps[found->second], tolerance));
  }
  add_second_alone(second.steps.size());
  return steps;
}

std::string place_of_cell(const Trace& trace, const Step& step, std::size_t position) {
  const std::vector<Axis>& axes = step.values.axes();
  std::vector<std::size_t> index(axes.size());
  for (std::size_t axis = axes.size(); axis-- > 0; position /= axes[axis].size) {
    index[axis] = position % axes[axis].size;
  }
  std::string text;
  for (std::size_t axis = 0; axis < axes.size(); ++axis) {
    const bool matrix = axes.size() == 2;
    const std::string name = !matrix ? "index" : axis == 0 ? "row" : "column";
    text += fmt::format("{}{} {}", axis == 0 ? "" : ", ", name, index[axis]);
    const AxisInfo* info = axes[axis].name.empty() ? nullptr : trace.axis(axes[axis].name);
    if (info == nullptr || info->labels.size() != axes[axis].size) continue;
    const std::string& label = info->labels[index[axis]];
    if (label != std::to_string(index[axis])) text += fmt::format(" ({})", label);
  }
  return text;
}

}  // namespace attn_viz::analysis
