// Which steps a worksheet shows, asks for, or leaves out.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "attn_viz/core/error.hpp"
#include "attn_viz/explain/worksheet.hpp"

namespace attn_viz::explain {
namespace {

constexpr std::size_t kMostCells = 400;  // of one grid; nobody fills more by hand

/// A set of steps of a trace.
using Marks = std::vector<bool>;

/// What some steps are computed from, themselves included.
Marks ancestors_of(const Trace& trace, Marks marked) {
  for (std::size_t i = trace.steps.size(); i-- > 0;) {
    if (!marked[i]) continue;
    for (const StepId input : trace.steps[i].inputs) marked[input] = true;
  }
  return marked;
}

/// What follows from some steps, themselves included.
Marks descendants_of(const Trace& trace, Marks marked) {
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    const std::vector<StepId>& inputs = trace.steps[i].inputs;
    if (std::any_of(inputs.begin(), inputs.end(), [&](StepId input) { return marked[input]; })) {
      marked[i] = true;
    }
  }
  return marked;
}

void expect_blankable(const Step& step) {
  if (step.inputs.empty()) {
    throw Error(ErrorCode::kInvalid, "expected a computed step to leave blank, got a given one")
        .at(step.id);
  }
  if (step.values.count() > kMostCells) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("a grid of {} is too large to be filled by hand; at most {} cells",
                            shape_text(step.values.shape()), kMostCells))
        .at(step.id);
  }
}

/// The shortest number that reads back to the same value.
std::string csv_number(double value) {
  return std::isinf(value) ? "masked" : fmt::format("{}", value);
}

}  // namespace

SheetPlan plan_sheet(const Trace& trace, const std::vector<const Step*>& blank) {
  Marks blanks(trace.steps.size());
  for (const Step* step : blank) {
    expect_blankable(*step);
    blanks[static_cast<std::size_t>(step - trace.steps.data())] = true;
  }
  const Marks needed = ancestors_of(trace, blanks), follows = descendants_of(trace, blanks);
  SheetPlan plan;
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    if (!needed[i]) continue;
    (blanks[i] ? plan.blank : follows[i] ? plan.between : plan.given).push_back(&trace.steps[i]);
  }
  return plan;
}

std::string answers_csv(const SheetPlan& plan, bool solved) {
  std::string text = "step,row,values\n";
  for (const Step* step : plan.blank) {
    const std::size_t columns = step->values.columns();
    for (std::size_t i = 0; i < step->values.rows(); ++i) {
      text += fmt::format("{},{}", step->id, i);
      for (std::size_t j = 0; j < columns; ++j) {
        text += ',';
        text += solved ? csv_number(step->values.at(i, j)) : "?";
      }
      text += '\n';
    }
  }
  return text;
}

}  // namespace attn_viz::explain
