// What is shown of a trace that somebody changed, for every mechanism that has weights.
#include <string>

#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/verify.hpp"
#include "catch.hpp"
#include "support/samples.hpp"

namespace attn_viz::test {
namespace {

/// A row of the step, the first with a number that is not 0, times 3.
bool triple_a_row(Step& step) {
  return dispatch(step.values.dtype(), [&](auto zero) {
    const auto values = step.values.values<decltype(zero)>();
    const std::size_t m = step.values.columns();
    for (std::size_t i = 0; i < step.values.rows(); ++i) {
      const auto row = values.subspan(i * m, m);
      bool any = false;
      for (auto& value : row) any |= value != 0, value *= 3;
      if (any) return true;
    }
    return false;
  });
}

TEST_CASE("tampered: a row of weights times 3 is not shown, of any mechanism, under any role") {
  std::size_t tampered = 0;
  for (const std::string& name : sample_names()) {
    const Trace trace = sample_trace(name);
    for (std::size_t i = 0; i < trace.steps.size(); ++i) {
      if (trace.steps[i].role != Role::kWeights || trace.steps[i].inputs.empty()) continue;
      Trace changed = trace;
      if (!triple_a_row(changed.steps[i])) continue;
      INFO(name << ": " << changed.steps[i].id);
      const Step* const shown[] = {&changed.steps[i]};
      CHECK_THROWS_AS(verify_shown(changed, shown), Error);
      ++tampered;
    }
  }
  CHECK(tampered >= 140);
}

TEST_CASE("tampered: weights as they were computed are shown, of every sample") {
  for (const std::string& name : sample_names()) {
    const Trace trace = sample_trace(name);
    for (const Step& step : trace.steps) {
      INFO(name << ": " << step.id);
      const Step* const shown[] = {&step};
      CHECK_NOTHROW(verify_shown(trace, shown));
    }
  }
}

TEST_CASE("tampered: a role cannot lie a step out of what its operation promises") {
  for (const char* name : {"three-tokens", "criss-cross-attention", "pointer"}) {
    Trace trace = sample_trace(name);
    for (Step& step : trace.steps) {
      const Operation* operation = find_operation(step.op);
      if (step.role != Role::kWeights || !operation->rows_sum_to_one) continue;
      step.role = Role::kHidden;
      REQUIRE(triple_a_row(step));
      INFO(name << ": " << step.id);
      CHECK_THROWS_AS(verify_weights(trace, step), Error);
    }
  }
}

}  // namespace
}  // namespace attn_viz::test
