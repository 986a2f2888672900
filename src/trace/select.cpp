#include "attn_viz/trace/select.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>

#include "attn_viz/core/error.hpp"
#include "trace/names.hpp"

namespace attn_viz {
namespace {

// ---- names ----

/// The name in all layers and heads, with what kind of layer it is: "cross/weights".
std::string kind_of(const StepName& name) {
  return fmt::format("{}{}{}", name.encoder ? "encoder/" : "", name.cross ? "cross/" : "",
                     name.step);
}

/// The steps for which `is_meant(id, name)` holds.
template <class IsMeant>
std::vector<const Step*> steps_that(const Trace& trace, IsMeant is_meant) {
  std::vector<const Step*> steps;
  for (const Step& step : trace.steps) {
    if (is_meant(step.id, parse_step_id(step.id))) steps.push_back(&step);
  }
  return steps;
}

std::vector<const Step*> steps_named(const Trace& trace, const std::string& wanted) {
  if (wanted.find_first_of("*?[") != std::string::npos) {
    const auto keeps = [&](const std::string& text) {
      return ::fnmatch(wanted.c_str(), text.c_str(), 0) == 0;
    };
    return steps_that(trace, [&](const std::string& id, const StepName& name) {
      return keeps(id) || keeps(std::string(name.step));
    });
  }
  if (const Step* step = trace.find(wanted)) return {step};
  std::vector<const Step*> steps = steps_that(trace, [&](const auto&, const StepName& name) {
    return name.step == wanted || kind_of(name) == wanted;
  });
  if (!steps.empty()) return steps;
  return steps_that(
      trace, [&](const auto&, const StepName& name) { return last_part(name.step) == wanted; });
}

/// "unknown step "wieghts"; expected one of …".
Error unknown_step(const Trace& trace, const std::string& wanted) {
  std::vector<std::string_view> names, all;
  const auto add = [](std::vector<std::string_view>& list, std::string_view name) {
    if (std::find(list.begin(), list.end(), name) == list.end()) list.push_back(name);
  };
  for (const Step& step : trace.steps) add(names, parse_step_id(step.id).step);
  Error error = unknown_name(ErrorCode::kInvalid, "step", wanted, names);
  if (!error.hint().empty()) return error;
  // Not near to a name, but perhaps to an id or to the end of a name.
  for (const Step& step : trace.steps) {
    all.push_back(step.id);
    all.push_back(last_part(step.id));
  }
  const std::string_view near = nearest_name(wanted, all);
  if (!near.empty()) error.hint(fmt::format("did you mean \"{}\"?", near));
  return error;
}

/// What was meant if nothing was said: some mechanisms have no weights.
Error no_weights(const Trace& trace) {
  if (trace.steps.empty()) return Error(ErrorCode::kInvalid, "the trace has no steps").at("/steps");
  std::string names;
  for (const Step& step : trace.steps) {
    const std::string name(parse_step_id(step.id).step);
    if (("," + names + ",").find(", " + name + ",") != std::string::npos || names == name) continue;
    names += (names.empty() ? "" : ", ") + name;
  }
  const auto mechanism = trace.settings.get_or("mechanism", std::string("attention"));
  return Error(ErrorCode::kInvalid,
               fmt::format(
                   "the mechanism \"{}\" has no weights; expected the name of a step, one of {}",
                   mechanism, names))
      .hint("choose one with --step");
}

// ---- numbers ----

struct Range {
  std::size_t first = 0, last = 0;
};

std::vector<Range> parse_ranges(const std::string& text, std::string_view what) {
  const char *place = text.data(), *end = place + text.size();
  const auto bad = [&] {
    return Error(
               ErrorCode::kUsage,
               fmt::format("expected numbers and ranges such as 0, 0-2 or 0,2-3, got \"{}\"", text))
        .at(fmt::format("--{}", what));
  };
  const auto number = [&] {
    std::size_t value = 0;
    const auto [rest, failure] = std::from_chars(place, end, value);
    if (failure != std::errc{}) throw bad();
    place = rest;
    return value;
  };
  std::vector<Range> ranges;
  while (true) {
    Range range;
    range.first = range.last = number();
    if (place != end && *place == '-') ++place, range.last = number();
    if (range.last < range.first) throw bad();
    ranges.push_back(range);
    if (place == end) return ranges;
    if (*place++ != ',') throw bad();
  }
}

/// "0 to 3, 5".
std::string list_of(const std::set<std::size_t>& numbers) {
  std::string list;
  for (auto number = numbers.begin(); number != numbers.end();) {
    const std::size_t first = *number;
    std::size_t last = first;
    while (++number != numbers.end() && *number == last + 1) ++last;
    list += fmt::format("{}{}", list.empty() ? "" : ", ", first);
    if (last > first) list += fmt::format(" to {}", last);
  }
  return list;
}

/// Keeps the steps whose number is in the list.
/// @param what    "layer" or "head"
/// @param number  that of a name
void keep_numbered(std::vector<const Step*>& steps, const std::string& list, std::string_view what,
                   const std::string& step, std::optional<std::size_t> StepName::*number) {
  const std::vector<Range> ranges = parse_ranges(list, what);
  const auto number_of = [&](const Step* one) { return parse_step_id(one->id).*number; };
  std::set<std::size_t> known;
  for (const Step* one : steps) {
    if (const auto found = number_of(one)) known.insert(*found);
  }
  if (known.empty()) {
    throw Error(ErrorCode::kInvalid, fmt::format("the step \"{}\" belongs to no {}", step, what))
        .hint(fmt::format("leave the {} away", what));
  }
  for (const Range& range : ranges) {
    for (const std::size_t end : {range.first, range.last}) {
      if (known.count(end) > 0) continue;
      throw Error(ErrorCode::kInvalid,
                  fmt::format("there is no {} {} with a step \"{}\"; expected {}", what, end, step,
                              list_of(known)));
    }
  }
  std::erase_if(steps, [&](const Step* one) {
    const auto found = number_of(one);
    return !found || std::none_of(ranges.begin(), ranges.end(), [&](const Range& range) {
      return range.first <= *found && *found <= range.last;
    });
  });
}

}  // namespace

std::vector<const Step*> select_steps(const Trace& trace, const StepQuery& query) {
  std::vector<const Step*> steps = steps_named(trace, query.step);
  if (steps.empty() && query.step == StepQuery{}.step) throw no_weights(trace);
  if (steps.empty()) throw unknown_step(trace, query.step);
  if (query.layer) keep_numbered(steps, *query.layer, "layer", query.step, &StepName::layer);
  if (query.head) keep_numbered(steps, *query.head, "head", query.step, &StepName::head);
  return steps;
}

}  // namespace attn_viz
