// A trace as the program that it is.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::test {

/// Evaluates every step again from its inputs and attributes alone. "" if each has the same bits
/// and the same findings, else the first that has not.
inline std::string first_other_step(const Trace& trace) {
  for (const Step& step : trace.steps) {
    if (step.inputs.empty()) continue;
    const Operation* operation = find_operation(step.op);
    if (operation == nullptr) return step.id + ": no operation " + step.op;
    std::vector<const Tensor*> inputs;
    for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
    const Outcome again = operation->evaluate(inputs, step.attributes);
    if (!again.values.same_bits(step.values)) return step.id + ": other values";
    if (!(again.findings == step.findings)) return step.id + ": other findings";
  }
  return "";
}

}  // namespace attn_viz::test
