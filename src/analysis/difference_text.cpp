#include "attn_viz/analysis/difference_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/json_write.hpp"

namespace attn_viz::analysis {
namespace {

/// A cell's value; a masked score has none.
std::string number_text(double value) {
  return std::isinf(value) ? "masked" : fmt::format("{:.6g}", value);
}

std::string error_text(double error) {
  return std::isinf(error) ? "masked" : fmt::format("{:.3g}", error);
}

/// What is different about a step, in the words of a sentence: "0.25 and 0.5 at row 0, column 1".
std::string what_differs(const StepDifference& step, const Compared& compared) {
  if (!step.in_both()) {
    return "only in " + (step.first != nullptr ? compared.first_name : compared.second_name);
  }
  if (step.other_shape) {
    return fmt::format("shape {} and {}", shape_text(step.first->values.shape()),
                       shape_text(step.second->values.shape()));
  }
  return fmt::format("{} and {} at {}", number_text(step.first->values.at(step.absolute_at)),
                     number_text(step.second->values.at(step.absolute_at)),
                     place_of_cell(*compared.first, *step.first, step.absolute_at));
}

/// The steps that differ: other shapes first, then the largest errors, then what one alone has.
std::vector<const StepDifference*> ranked(const std::vector<StepDifference>& steps) {
  std::vector<const StepDifference*> differing;
  for (const StepDifference& step : steps) {
    if (step.differs()) differing.push_back(&step);
  }
  const auto rank = [](const StepDifference* step) {
    return !step->in_both() ? 2 : step->other_shape ? 0 : 1;
  };
  std::stable_sort(differing.begin(), differing.end(), [&](const auto* a, const auto* b) {
    if (rank(a) != rank(b)) return rank(a) < rank(b);
    return a->absolute > b->absolute;
  });
  return differing;
}

void append_cell(std::string& text, const Step& step, std::size_t position) {
  std::vector<double> index(step.values.rank());
  for (std::size_t axis = index.size(); axis-- > 0; position /= step.values.size(axis)) {
    index[axis] = static_cast<double>(position % step.values.size(axis));
  }
  json::append_list(text, index);
}

void append_step(std::string& text, const StepDifference& step) {
  text += "{\"id\": ";
  json::append(text, step.id);
  text += step.in_both()          ? ", \"in\": \"both\""
          : step.first != nullptr ? ", \"in\": \"first\""
                                  : ", \"in\": \"second\"";
  if (step.other_shape) {
    const auto append_shape = [&](const Step& one) {
      const std::vector<std::size_t> shape = one.values.shape();
      json::append_list(text, std::vector<double>(shape.begin(), shape.end()));
    };
    text += ", \"shapes\": [";
    append_shape(*step.first);
    text += ", ";
    append_shape(*step.second);
    text += ']';
  } else if (step.in_both()) {
    // A cell that is masked in one trace alone has no distance: null.
    const auto append_number = [&](std::string_view key, double number) {
      text += fmt::format(", \"{}\": ", key);
      if (std::isinf(number))
        text += "null";
      else
        json::append(text, number);
    };
    append_number("absolute", step.absolute);
    append_number("relative", step.relative);
    text += fmt::format(", \"cells\": {}, \"cell\": ", step.cells);
    if (step.absolute > 0) {
      append_cell(text, *step.first, step.absolute_at);
      append_number("a", step.first->values.at(step.absolute_at));
      append_number("b", step.second->values.at(step.absolute_at));
    } else {
      text += "null";
    }
  }
  text += '}';
}

const StepDifference* first_other(const std::vector<StepDifference>& steps) {
  const auto found =
      std::find_if(steps.begin(), steps.end(), [](const auto& step) { return step.differs(); });
  return found == steps.end() ? nullptr : &*found;
}

}  // namespace

std::string difference_text(const std::vector<StepDifference>& steps, const Compared& compared) {
  std::string text;
  const StepDifference* first = first_other(steps);
  std::size_t same = 0, width = 4;
  for (const StepDifference& step : steps) {
    same += !step.differs();
    if (step.differs()) width = std::max(width, step.id.size());
  }
  if (first != nullptr) {
    text += fmt::format("first difference: {}: {}\n\n", first->id, what_differs(*first, compared));
    text += fmt::format("{:{}}  {:>9}  {:>9}  {:>12}  {}\n", "step", width, "absolute", "relative",
                        "cells", "where the absolute error is largest");
    for (const StepDifference* step : ranked(steps)) {
      const bool numbers = step->in_both() && !step->other_shape;
      text += fmt::format(
          "{:{}}  {:>9}  {:>9}  {:>12}  {}\n", step->id, width,
          numbers ? error_text(step->absolute) : "-", numbers ? error_text(step->relative) : "-",
          numbers ? fmt::format("{} of {}", step->cells, step->first->values.count()) : "-",
          what_differs(*step, compared));
    }
    text += '\n';
  }
  const std::size_t other = steps.size() - same;
  text += other == 0 ? fmt::format("all {} steps are the same", same)
                     : fmt::format("{} of {} steps differ", other, steps.size());
  return text + fmt::format(" (tolerance {})\n", compared.tolerance);
}

std::string difference_json(const std::vector<StepDifference>& steps, const Compared& compared) {
  const StepDifference* first = first_other(steps);
  std::string text = fmt::format("{{\"same\": {}, \"tolerance\": ", first == nullptr);
  json::append(text, compared.tolerance);
  text += ", \"first\": ";
  if (first == nullptr)
    text += "null";
  else
    json::append(text, first->id);
  text += ", \"steps\": [";
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += i == 0 ? "" : ", ";
    append_step(text, steps[i]);
  }
  return text + "]}\n";
}

}  // namespace attn_viz::analysis
