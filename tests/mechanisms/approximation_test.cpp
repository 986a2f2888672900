// Cheaper attention: the worked examples of the course, laws, and that every step can be
// computed again.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/reference.hpp"
#include "support/running_example.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::head_values;
using test::matrix;
using test::mismatch;
using test::off;
using test::problem_of;
using test::random_tensor;
using test::running_example;
using test::tolerance_of;
using test::values_of;

/// The running example with a method in place of softmax.
Problem approximated_example(ApproximationSettings method) {
  Problem problem = running_example();
  problem.attention.approximation = std::move(method);
  return problem;
}

ApproximationSettings linear(bool recurrent = false) {
  ApproximationSettings method;
  method.recurrent = recurrent;
  return method;
}

ApproximationSettings performer(std::size_t count, bool orthogonal = true) {
  ApproximationSettings method;
  method.type = ApproximationType::kPerformer;
  method.feature_count = count;
  method.seed = 3;
  method.orthogonal = orthogonal;
  return method;
}

ApproximationSettings linformer(Tensor e) {
  ApproximationSettings method;
  method.type = ApproximationType::kLinformer;
  method.e = std::move(e);
  return method;
}

ApproximationSettings nystrom(std::size_t landmarks,
                              std::optional<std::size_t> iterations = std::nullopt) {
  ApproximationSettings method;
  method.type = ApproximationType::kNystrom;
  method.landmarks = landmarks;
  method.iterations = iterations;
  return method;
}

/// Random tokens, two heads, random weights.
Problem random_problem(ApproximationSettings method, DType dtype = DType::kFloat64) {
  AttentionSettings settings;
  settings.heads = 2;
  settings.weights = RandomWeights{11};
  settings.approximation = std::move(method);
  return problem_of(random_tensor({12, 6}, "x", dtype, 2), settings);
}

/// Every method, with the masks that it knows.
std::vector<Problem> all_methods(DType dtype) {
  std::vector<ApproximationSettings> methods{
      linear(),   performer(20), performer(5, false), linformer(random_tensor({4, 12}, "E", dtype)),
      nystrom(4), nystrom(3, 6)};
  methods[2].stabilize = true;
  methods[3].f = random_tensor({4, 12}, "F", dtype);
  std::vector<Problem> problems;
  for (ApproximationSettings& method : methods) problems.push_back(random_problem(method, dtype));
  for (const bool recurrent : {false, true}) {
    problems.push_back(random_problem(linear(recurrent), dtype));
    problems.back().attention.mask.causal = true;
  }
  problems.push_back(random_problem(performer(20), dtype));
  problems.back().attention.mask.causal = true;
  for (const std::size_t i : {0, 1, 3, 7}) {
    problems.push_back(problems[i]);
    problems.back().attention.mask.padding = {false, true, true, true,  true, false,
                                              true,  true, true, false, true, true};
  }
  return problems;
}

double distance_of(const Trace& trace, std::size_t part = 0, std::size_t head = 0) {
  return head_values(trace, head, "distance").at(part);
}

TEST_CASE("linear attention: the running example, by sums over all keys") {
  const Trace trace = run_attention(approximated_example(linear()));
  CHECK(off(head_values(trace, 0, "query_features"), "li_fQ") == "");
  CHECK(off(head_values(trace, 0, "key_features"), "li_fK") == "");
  CHECK(off(head_values(trace, 0, "key_value_sum"), "li_S3") == "");
  CHECK(off(head_values(trace, 0, "key_sum"), "li_z3") == "");
  CHECK(off(head_values(trace, 0, "weights"), "li_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "li_O") == "");
  CHECK(off(values_of(trace, "layer0/attention_output"), "li_O") == "");
  CHECK(off(head_values(trace, 0, "exact_weights"), "run_As") == "");
}

TEST_CASE("linear attention: the running example as a recurrence") {
  for (const bool recurrent : {false, true}) {
    Problem problem = approximated_example(linear(recurrent));
    problem.attention.mask.causal = true;
    const Trace trace = run_attention(problem);
    CHECK(off(head_values(trace, 0, "output"), "li_c") == "");
    CHECK(off(head_values(trace, 0, "exact_weights"), "ca_A") == "");
    if (!recurrent) continue;
    const Tensor& state = head_values(trace, 0, "state");
    CHECK(state.shape() == std::vector<std::size_t>{3, 2, 2});
    CHECK(off(state.part(2), "li_S3") == "");
    CHECK(off(head_values(trace, 0, "state_sum").part(2), "li_z3") == "");
  }
}

TEST_CASE("Performer: the running example with four fixed features") {
  ApproximationSettings method = performer(1);
  method.features = matrix({{1, 0}, {0, 1}, {-1, 0}, {0, -1}});
  const Trace trace = run_attention(approximated_example(method));
  CHECK(off(head_values(trace, 0, "query_features"), "pf_q") == "");
  CHECK(off(head_values(trace, 0, "kernel"), "pf_ker") == "");
  CHECK(off(head_values(trace, 0, "weights"), "pf_A") == "");
  // What the kernel stands for: the exponential of the scaled scores.
  Problem exact = approximated_example(method);
  exact.attention.approximation.reset();
  Tensor exponentials = head_values(run_attention(exact), 0, "scaled_scores");
  for (double& value : exponentials.values<double>()) value = std::exp(value);
  CHECK(off(exponentials, "pf_exact") == "");
  // Taking out the largest exponent changes features, not weights.
  method.stabilize = true;
  const Trace stable = run_attention(approximated_example(method));
  CHECK(off(head_values(stable, 0, "query_features"), "pf_q") != "");
  CHECK(off(head_values(stable, 0, "weights"), "pf_A") == "");
}

TEST_CASE("Linformer: the running example with two projected keys") {
  const Trace trace =
      run_attention(approximated_example(linformer(matrix({{.5, .5, 0}, {0, 0, 1}}))));
  CHECK(off(head_values(trace, 0, "projected_key"), "lf_K") == "");
  CHECK(off(head_values(trace, 0, "projected_weights"), "lf_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "lf_O") == "");
  CHECK(absolute_mismatch(test::evaluate(ops::matmul, {head_values(trace, 0, "weights"),
                                                       head_values(trace, 0, "value")}),
                          head_values(trace, 0, "output"), 1e-12) == "");
}

TEST_CASE("Nyström: the example with two landmarks") {
  const Tensor x = matrix({{1, 0}, {.9, .1}, {0, 1}, {.1, .9}});
  AttentionSettings settings;
  settings.approximation = nystrom(2);
  const Trace exact_inverse = run_attention(problem_of(x, settings));
  CHECK(off(head_values(exact_inverse, 0, "kernel_1"), "ny_F") == "");
  CHECK(off(head_values(exact_inverse, 0, "kernel_2"), "ny_Fa") == "");
  CHECK(off(head_values(exact_inverse, 0, "weights"), "ny_A", 1e-9) == "");
  CHECK(off(head_values(exact_inverse, 0, "exact_weights"), "ny_ex") == "");
  Tensor error(DType::kFloat64, {});
  error.values<double>()[0] = distance_of(exact_inverse);
  CHECK(off(error, "ny_err", 1e-9) == "");

  settings.approximation = nystrom(2, 6);
  const Trace iterated = run_attention(problem_of(x, settings));
  CHECK(off(head_values(iterated, 0, "weights"), "ny_it", 1e-9) == "");
  CHECK(absolute_mismatch(head_values(iterated, 0, "pseudo_inverse"),
                          head_values(exact_inverse, 0, "pseudo_inverse"), 1e-12) == "");
}

TEST_CASE("linear attention: parallel and recurrent forms agree") {
  for (const DType dtype : test::kDTypes) {
    for (const bool padded : {false, true}) {
      Tensor outputs[2];
      for (const bool recurrent : {false, true}) {
        Problem problem = random_problem(linear(recurrent), dtype);
        problem.attention.mask.causal = true;
        if (padded) problem.attention.mask.padding.assign(12, true);
        if (padded) problem.attention.mask.padding[0] = problem.attention.mask.padding[4] = false;
        outputs[recurrent] = values_of(run_attention(problem), "layer0/attention_output");
      }
      CHECK(mismatch(outputs[0], outputs[1], tolerance_of(dtype)) == "");
    }
  }
}

TEST_CASE("linear attention: the last row of the causal form sees what the other form sees") {
  Problem problem = random_problem(linear());
  const Trace all = run_attention(problem);
  problem.attention.mask.causal = true;
  const Trace causal = run_attention(problem);
  CHECK(mismatch(head_values(causal, 1, "output").part(11), head_values(all, 1, "output").part(11),
                 1e-12) == "");
}

TEST_CASE("approximations: the output is the implied weights times the values") {
  for (const DType dtype : test::kDTypes) {
    for (const Problem& problem : all_methods(dtype)) {
      const Trace trace = run_attention(problem);
      for (std::size_t head = 0; head < 2; ++head) {
        CAPTURE(head, name_of(dtype), values_of(trace, "input/embeddings").rows());
        const Tensor mixed = test::evaluate(
            ops::matmul, {head_values(trace, head, "weights"), head_values(trace, head, "value")});
        CHECK(test::product_mismatch(head_values(trace, head, "output"), mixed,
                                     dtype == DType::kFloat64 ? 1e-12 : 1e-4) == "");
      }
    }
  }
}

TEST_CASE("approximations: padded keys change nothing") {
  for (Problem problem : {random_problem(linear()), random_problem(performer(9)),
                          random_problem(linformer(random_tensor({4, 12}, "E")))}) {
    problem.attention.mask.padding.assign(12, true);
    problem.attention.mask.padding[3] = problem.attention.mask.padding[11] = false;
    const Trace before = run_attention(problem);
    for (const std::size_t row : {3, 11}) {
      for (std::size_t j = 0; j < 6; ++j) problem.embeddings.values<double>()[row * 6 + j] += 1.5;
    }
    const Trace after = run_attention(problem);
    for (const std::size_t row : {0, 4, 10}) {
      CHECK(absolute_mismatch(head_values(after, 0, "output").part(row),
                              head_values(before, 0, "output").part(row), 1e-12) == "");
      CHECK(head_values(after, 0, "weights").at(row, 3) == 0);
      CHECK(head_values(after, 0, "weights").at(row, 11) == 0);
    }
  }
}

TEST_CASE("approximations: where nothing is lost they are exact") {
  const Problem whole_linformer = random_problem(linformer(identity_matrix(12, DType::kFloat64)));
  const Problem whole_nystrom = random_problem(nystrom(12));
  for (std::size_t head = 0; head < 2; ++head) {
    for (std::size_t part = 0; part < 3; ++part) {
      CHECK(distance_of(run_attention(whole_linformer), part, head) <= 1e-12);
      // The core of 12 landmarks is far from singular only by chance; 1e-9 as for all inverses.
      CHECK(distance_of(run_attention(whole_nystrom), part, head) <= 1e-9);
    }
  }
}

TEST_CASE("Performer: more features come nearer to softmax") {
  for (const bool orthogonal : {false, true}) {
    const auto mean_distance = [&](std::size_t count) {
      Problem problem = random_problem(performer(count, orthogonal));
      problem.embeddings = random_tensor({12, 6}, "x");
      const Trace trace = run_attention(problem);
      return (distance_of(trace, 1, 0) + distance_of(trace, 1, 1)) / 2;
    };
    const double few = mean_distance(4), many = mean_distance(20000);
    CAPTURE(orthogonal, few, many);
    CHECK(many < few / 10);
    CHECK(many < 0.005);
  }
}

TEST_CASE("Performer: heads and seeds have features of their own") {
  const Trace trace = run_attention(random_problem(performer(7)));
  CHECK(!head_values(trace, 0, "features").same_bits(head_values(trace, 1, "features")));
  ApproximationSettings other = performer(7);
  other.seed = 4;
  CHECK(!head_values(run_attention(random_problem(other)), 0, "features")
             .same_bits(head_values(trace, 0, "features")));
  CHECK(head_values(run_attention(random_problem(performer(7))), 0, "features")
            .same_bits(head_values(trace, 0, "features")));
}

TEST_CASE("approximations: arrays for each head") {
  ApproximationSettings method = linformer(random_tensor({2, 4, 12}, "E"));
  const Trace trace = run_attention(random_problem(method));
  for (std::size_t head = 0; head < 2; ++head) {
    CHECK(head_values(trace, head, "E").same_bits(method.e->part(head)));
  }
}

TEST_CASE("approximations: every step can be computed again from its inputs") {
  for (const DType dtype : test::kDTypes) {
    for (const Problem& problem : all_methods(dtype)) {
      const Trace trace = run_attention(problem);
      for (const Step& step : trace.steps) {
        if (step.op == "input" || step.op == "parameter") continue;
        CAPTURE(step.id, step.op);
        const Operation* operation = find_operation(step.op);
        REQUIRE(operation != nullptr);
        std::vector<const Tensor*> inputs;
        for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
        const Outcome again = operation->evaluate(inputs, step.attributes);
        CHECK(again.values.same_bits(step.values));
        CHECK(again.findings == step.findings);
      }
    }
  }
}

TEST_CASE("approximations: a query that sees no key gets weights and output 0") {
  for (const bool recurrent : {false, true}) {
    Problem problem = approximated_example(linear(recurrent));
    problem.attention.mask.causal = true;
    problem.attention.mask.padding = {false, true, true};
    const Trace trace = run_attention(problem);
    const Attributes first{{"empty_rows", std::vector<double>{0}}};
    CHECK(trace.find("layer0/head0/weights")->findings == first);
    CHECK(trace.find("layer0/head0/exact_weights")->findings == first);
    if (recurrent) CHECK(trace.find("layer0/head0/output")->findings == first);
    for (std::size_t j = 0; j < 2; ++j) CHECK(head_values(trace, 0, "output").at(0, j) == 0);
  }
  for (ApproximationSettings method :
       {linear(), performer(4), linformer(matrix({{1, 1, 1}, {1, 0, 2}}))}) {
    Problem problem = approximated_example(method);
    problem.attention.mask.padding = {false, false, false};
    const Trace trace = run_attention(problem);
    CHECK(trace.find("layer0/head0/weights")->findings ==
          Attributes{{"empty_rows", std::vector<double>{0, 1, 2}}});
    for (std::size_t i = 0; i < 6; ++i) CHECK(head_values(trace, 0, "output").at(i) == 0);
  }
}

TEST_CASE("linear attention: a vanishing denominator is made larger and listed") {
  Problem problem = problem_of(matrix({{-40, -40}, {1, 1}}));
  problem.attention.approximation = linear();
  problem.context = test::context_of(matrix({{-30, -30}}));
  const Trace trace = run_attention(problem);
  const Attributes first{{"vanishing_rows", std::vector<double>{0, 1}}};
  CHECK(trace.find("layer0/head0/output")->findings == first);
  CHECK(trace.find("layer0/head0/weights")->findings == first);
  CHECK(head_values(trace, 0, "weights").at(0, 0) >= 0);
  CHECK(head_values(trace, 0, "weights").at(0, 0) < 1e-12);
}

TEST_CASE("approximations: cross-attention, with one more query than keys") {
  for (ApproximationSettings method :
       {linear(), linear(true), performer(6), linformer(random_tensor({2, 4}, "E")), nystrom(2)}) {
    AttentionSettings settings;
    settings.approximation = method;
    settings.mask.causal = method.recurrent;
    Problem problem = problem_of(random_tensor({6, 4}, "x"), settings);
    problem.context = test::context_of(random_tensor({4, 4}, "y"), random_tensor({4, 3}, "z"));
    const Trace trace = run_attention(problem);
    const Tensor& weights = head_values(trace, 0, "weights");
    CHECK(weights.axes() == std::vector<Axis>{{6, "token"}, {4, "context"}});
    const Tensor mixed = test::evaluate(ops::matmul, {weights, head_values(trace, 0, "value")});
    CHECK(test::product_mismatch(head_values(trace, 0, "output"), mixed, 1e-12) == "");
  }
}

TEST_CASE("approximations: the settings tell every default") {
  const auto told = [](ApproximationSettings method, bool causal = false) {
    Problem problem = random_problem(std::move(method));
    problem.attention.mask.causal = causal;
    const Trace trace = run_attention(problem);
    return trace.settings.get<Attributes>("attention").get<Attributes>("approximation");
  };
  CHECK(told(linear(true), true) == Attributes{{"type", "linear"}, {"form", "recurrent"}});
  CHECK(told(performer(20)) ==
        Attributes{{"type", "performer"},
                   {"random", Attributes{{"count", 20.0}, {"seed", 3.0}, {"orthogonal", true}}},
                   {"stabilize", false}});
  CHECK(told(linformer(random_tensor({4, 12}, "E"))) ==
        Attributes{{"type", "linformer"}, {"E", "given"}, {"F", "E"}});
  CHECK(told(nystrom(3, 6)) == Attributes{{"type", "nystrom"},
                                          {"landmarks", 3.0},
                                          {"pseudo_inverse", Attributes{{"iterations", 6.0}}}});
}

}  // namespace
}  // namespace attn_viz
