// Whether a trace is the program that it claims to be.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::test {

/// The first step that its operation, inputs and attributes do not give again, bit for bit.
inline std::string first_not_recomputed(const Trace& trace) {
  for (const Step& step : trace.steps) {
    if (step.equation.empty()) continue;
    const Operation* operation = find_operation(step.op);
    if (operation == nullptr) return step.id + ": no operation " + step.op;
    std::vector<const Tensor*> inputs;
    for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
    if (!operation->evaluate(inputs, step.attributes).values.same_bits(step.values)) return step.id;
  }
  return "";
}

}  // namespace attn_viz::test
