// Two traces, step by step: what counts as a difference, in which order, and the exact texts.
#include "attn_viz/analysis/difference.hpp"

#include "attn_viz/analysis/difference_text.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/tensors.hpp"

namespace attn_viz::analysis {
namespace {

using test::kInfinity;

Step step_of(std::string id, std::size_t rows, std::size_t columns, std::vector<double> values) {
  Step step;
  step.id = std::move(id);
  step.op = "input";
  step.values =
      Tensor({Axis{rows, "token"}, Axis{columns}}, Buffer<double>(values.begin(), values.end()));
  return step;
}

Trace trace_of(std::vector<Step> steps) {
  Trace trace;
  trace.axes.push_back({.name = "token", .labels = {"Tom", "Jerry"}, .grid = {}, .image = {}});
  trace.steps = std::move(steps);
  return trace;
}

std::vector<std::string> ids(const std::vector<StepDifference>& steps) {
  std::vector<std::string> all;
  for (const StepDifference& step : steps) all.push_back(step.id);
  return all;
}

TEST_CASE("difference: a trace does not differ from itself") {
  const Trace trace = run_attention(test::problem_of(test::random_tensor({5, 4}, "x")));
  for (const StepDifference& step : differences(trace, trace, 0)) {
    CAPTURE(step.id);
    CHECK_FALSE(step.differs());
    CHECK(step.absolute == 0);
    CHECK(step.relative == 0);
  }
}

TEST_CASE("difference: the largest absolute and relative errors have places of their own") {
  const Trace a = trace_of({step_of("x", 2, 2, {100, 0.5, 1, 0})});
  const Trace b = trace_of({step_of("x", 2, 2, {101, 0.25, 1, 0})});
  const auto steps = differences(a, b, 1e-9);
  REQUIRE(steps.size() == 1);
  CHECK(steps[0].absolute == 1);
  CHECK(steps[0].absolute_at == 0);
  CHECK(steps[0].relative == 0.5);
  CHECK(steps[0].relative_at == 1);
  CHECK(steps[0].cells == 2);
}

TEST_CASE("difference: the tolerance grows with large numbers, not with small ones") {
  const Trace a = trace_of({step_of("x", 1, 2, {1000, 0.001})});
  const Trace b = trace_of({step_of("x", 1, 2, {1000.5, 0.0015})});
  CHECK(differences(a, b, 1e-3)[0].cells == 0);
  CHECK(differences(a, b, 4e-4)[0].cells == 2);
}

TEST_CASE("difference: a masked cell equals a masked cell and nothing else") {
  const Trace a = trace_of({step_of("s", 1, 3, {-kInfinity, -kInfinity, 1})});
  const Trace b = trace_of({step_of("s", 1, 3, {-kInfinity, 2, 1})});
  const auto steps = differences(a, b, 1e6);
  CHECK(steps[0].absolute == kInfinity);
  CHECK(steps[0].absolute_at == 1);
  CHECK(steps[0].relative == 1);
  CHECK(steps[0].cells == 1);
  CHECK(differences(a, a, 0)[0].absolute == 0);
}

TEST_CASE("difference: steps of one trace alone stand where they were computed") {
  const auto one = [](const char* id) { return step_of(id, 1, 1, {1}); };
  const Trace a = trace_of({one("a"), one("only a"), one("b"), one("c")});
  const Trace b = trace_of({one("a"), one("b"), one("only b"), one("c"), one("last")});
  CHECK(ids(differences(a, b, 0)) ==
        std::vector<std::string>{"a", "only a", "b", "only b", "c", "last"});
  CHECK(ids(differences(b, a, 0)) ==
        std::vector<std::string>{"a", "only a", "b", "only b", "c", "last"});
}

TEST_CASE("difference: float32 is compared by value with float64") {
  const Tensor embeddings = test::random_tensor({4, 4}, "x");
  const Trace wide = run_attention(test::problem_of(embeddings));
  const Trace narrow = run_attention(test::problem_of(embeddings.as(DType::kFloat32)));
  double largest = 0;
  for (const StepDifference& step : differences(wide, narrow, 1e-5)) {
    CHECK_FALSE(step.differs());
    largest = std::max(largest, step.absolute);
  }
  CHECK(largest > 1e-9);
}

TEST_CASE("difference: the exact text, largest error first") {
  const Trace a = trace_of({step_of("q", 2, 1, {1, 2}), step_of("s", 2, 2, {1, -kInfinity, 3, 4}),
                            step_of("w", 2, 2, {0.5, 0.5, 1, 0}), step_of("t", 1, 1, {0})});
  const Trace b = trace_of({step_of("q", 2, 1, {1, 2}), step_of("s", 2, 2, {1, -kInfinity, 3, 4.5}),
                            step_of("w", 2, 2, {0.5, 0.5, 0.25, 0.75}), step_of("t", 1, 2, {0, 0}),
                            step_of("z", 1, 1, {0})});
  const Compared compared{&a, &b, "a.json", "b.json", 1e-9};
  CHECK(difference_text(differences(a, b, 1e-9), compared) ==
        "first difference: s: 4 and 4.5 at row 1 (Jerry), column 1\n"
        "\n"
        "step   absolute   relative         cells  where the absolute error is largest\n"
        "t             -          -             -  shape [1, 1] and [1, 2]\n"
        "w          0.75          1        2 of 4  1 and 0.25 at row 1 (Jerry), column 0\n"
        "s           0.5      0.111        1 of 4  4 and 4.5 at row 1 (Jerry), column 1\n"
        "z             -          -             -  only in b.json\n"
        "\n"
        "4 of 5 steps differ (tolerance 1e-09)\n");
  CHECK(difference_text(differences(a, a, 0), {&a, &a, "a.json", "a.json", 0}) ==
        "all 4 steps are the same (tolerance 0)\n");
}

TEST_CASE("difference: the exact JSON") {
  const Trace a = trace_of({step_of("s", 1, 2, {1, -kInfinity}), step_of("t", 1, 1, {0})});
  const Trace b = trace_of({step_of("s", 1, 2, {1, 2}), step_of("u", 1, 1, {0})});
  CHECK(difference_json(differences(a, b, 0), {&a, &b, "a", "b", 0}) ==
        R"({"same": false, "tolerance": 0, "first": "s", "steps": [)"
        R"({"id": "s", "in": "both", "absolute": null, "relative": 1, "cells": 1, "cell": [0, 1], )"
        R"("a": null, "b": 2}, {"id": "t", "in": "first"}, {"id": "u", "in": "second"}]})"
        "\n");
  const Trace c = trace_of({step_of("s", 2, 1, {1, 2})});
  CHECK(difference_json(differences(a, c, 0), {&a, &c, "a", "c", 0}) ==
        R"({"same": false, "tolerance": 0, "first": "s", "steps": [)"
        R"({"id": "s", "in": "both", "shapes": [[1, 2], [2, 1]]}, {"id": "t", "in": "first"}]})"
        "\n");
}

}  // namespace
}  // namespace attn_viz::analysis
