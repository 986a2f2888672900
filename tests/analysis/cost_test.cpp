// Costs of traces: D12's formulas, naive loops, arithmetic term by term, and what counts once.
#include "attn_viz/analysis/cost.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "attn_viz/analysis/cost_text.hpp"
#include "attn_viz/analysis/step_cost.hpp"
#include "attn_viz/ops/arithmetic.hpp"
#include "catch.hpp"
#include "support/tasks.hpp"
#include "support/tensors.hpp"

namespace attn_viz::analysis {
namespace {

using test::trace_of;
using test::trace_of_sample;

/// n rows of d numbers, as JSON.
std::string rows_of(std::size_t n, std::size_t d) {
  std::string text = "[";
  for (std::size_t i = 0; i < n; ++i) {
    text += i == 0 ? "[" : ", [";
    for (std::size_t t = 0; t < d; ++t) {
      text += fmt::format("{}{}", t == 0 ? "" : ", ", (i * 7 + t * 3) % 5);
    }
    text += "]";
  }
  return text + "]";
}

std::string attention_document(std::size_t n, std::size_t d, const std::string& attention,
                               const std::string& rest = "") {
  return fmt::format(R"({{"embeddings": {}, "attention": {{{}, "weights": {{"random": 1}}}}{}}})",
                     rows_of(n, d), attention, rest);
}

TEST_CASE("cost: parameters, scores and values of several heads are those of the formulas") {
  struct Sizes {
    std::size_t n, d, heads, d_k, d_v;
  };
  for (const auto& [n, d, heads, d_k, d_v] :
       {Sizes{5, 6, 1, 6, 6}, Sizes{4, 6, 3, 2, 5}, Sizes{7, 8, 2, 3, 1}}) {
    const TraceCost cost = cost_of(trace_of(attention_document(
        n, d, fmt::format(R"("heads": {}, "head_size": {}, "value_size": {})", heads, d_k, d_v))));
    CAPTURE(n, d, heads, d_k, d_v);
    CHECK(cost.parameters == Count(d * heads * (2 * d_k + d_v) + heads * d_v * d));
    REQUIRE(cost.layers.size() == 1);
    CHECK(cost.layers[0].weights == Count(heads * n * n));
    CHECK(cost.layers[0].scores_and_values == Count(n * n * heads * (d_k + d_v)));
    CHECK(cost.layers[0].visible_scores_and_values == cost.layers[0].scores_and_values);
    const std::size_t projections = n * d * heads * (2 * d_k + d_v) + n * heads * d_v * d;
    CHECK(cost.multiply_adds == Count(n * n * heads * (d_k + d_v) + projections));
  }
}

TEST_CASE("cost: cross-attention has n queries and m keys of another width") {
  const std::size_t n = 3, m = 7, d = 4, d_context = 6, heads = 2, d_k = 3, d_v = 2;
  const TraceCost cost = cost_of(trace_of(attention_document(
      n, d, R"("heads": 2, "head_size": 3, "value_size": 2)",
      fmt::format(R"(, "context": {{"embeddings": {}}})", rows_of(m, d_context)))));
  REQUIRE(cost.layers.size() == 1);
  CHECK(cost.layers[0].weights == Count(heads * n * m));
  CHECK(cost.layers[0].scores_and_values == Count(n * m * heads * (d_k + d_v)));
  CHECK(cost.layers[0].longest_path == 1);
  CHECK(cost.parameters == Count(heads * (d * d_k + d_context * (d_k + d_v)) + heads * d_v * d));
}

TEST_CASE("cost: heads of a group share keys and values, which count once") {
  const std::size_t n = 5, d = 8, heads = 4, d_k = 2;
  for (const std::size_t groups : {1, 2, 4}) {
    const TraceCost cost = cost_of(trace_of(attention_document(
        n, d, fmt::format(R"("heads": {}, "key_value_heads": {})", heads, groups))));
    CAPTURE(groups);
    CHECK(cost.parameters == Count(d * d_k * (heads + 2 * groups) + heads * d_k * d));
    CHECK(cost.multiply_adds == Count(n * d * d_k * (heads + 2 * groups) + n * heads * d_k * d +
                                      2 * n * n * heads * d_k));
    // All heads keep weights of their own.
    CHECK(cost.layers[0].weights == Count(heads * n * n));
  }
}

TEST_CASE("cost: hidden pairs are counted, and what visible ones need is told") {
  const std::size_t n = 6, d = 4;
  const TraceCost causal =
      cost_of(trace_of(attention_document(n, d, R"("mask": {"causal": true})")));
  const JoiningLayer& layer = causal.layers[0];
  CHECK(layer.visible == Count(n * (n + 1) / 2));
  CHECK(layer.scores_and_values == Count(n * n * 2 * d));
  CHECK(layer.visible_scores_and_values == Count(n * (n + 1) / 2 * 2 * d));
  CHECK(layer.longest_path == 1);
  CHECK(layer.never == n * (n - 1) / 2);
}

TEST_CASE("cost: exact weights beside an approximation do not count") {
  for (const char* name : {"linear-attention", "linear-attention-causal", "linformer"}) {
    const Trace trace = trace_of_sample(name);
    const TraceCost cost = cost_of(trace);
    CAPTURE(name);
    REQUIRE(cost.layers.size() == 1);
    CHECK_FALSE(cost.layers[0].needed);
    CHECK_FALSE(cost.layers[0].scores_and_values);
    CHECK(cost.bytes < cost.trace_bytes);
    for (const KindCost& kind : cost.kinds) CHECK(kind.name != "exact_weights");
  }
  // n d (d_k + 1) of outputs and m d_k d_v of the sums, with d = d_k = d_v = 2 and n = m = 3.
  const TraceCost linear = cost_of(trace_of_sample("linear-attention"));
  for (const KindCost& kind : linear.kinds) {
    if (kind.operation == "key-value-sum") CHECK(kind.multiply_adds == Count(3 * 2 * 2));
    if (kind.operation == "kernel-output") CHECK(kind.multiply_adds == Count(3 * 2 * 2 + 3 * 2));
  }
}

TEST_CASE("cost: steps of a chain wait for one another, the rows of a recurrence, too") {
  // Q and K at once, then scores, scale, softmax, output, output matrix.
  CHECK(cost_of(trace_of_sample("three-tokens")).sequential == Count(6));
  // One projection, then seven rows.
  CHECK(cost_of(trace_of_sample("gru")).sequential == Count(8));
}

// ---- steps ----

/// A step over inputs of these shapes; its values are not looked at.
struct Made {
  Trace trace;

  Made(const Operation& operation, const std::vector<std::vector<std::size_t>>& inputs,
       std::vector<std::size_t> result, Attributes attributes = {}) {
    for (const auto& shape : inputs) add("input", shape, {}, {});
    std::vector<StepId> all(inputs.size());
    for (StepId i = 0; i < all.size(); ++i) all[i] = i;
    add(std::string(operation.name), result, all, std::move(attributes));
  }
  void add(std::string op, const std::vector<std::size_t>& shape, std::vector<StepId> inputs,
           Attributes attributes) {
    std::vector<Axis> axes;
    for (const std::size_t size : shape) axes.push_back({size, ""});
    Step step;
    step.id = fmt::format("step{}", trace.steps.size());
    step.op = std::move(op);
    step.inputs = std::move(inputs);
    step.attributes = std::move(attributes);
    step.values = Tensor(DType::kFloat64, std::move(axes));
    trace.steps.push_back(std::move(step));
  }
  Count multiply_adds() const { return cost_of(trace, trace.steps.back()).multiply_adds; }
  Count other() const { return cost_of(trace, trace.steps.back()).other; }
};

TEST_CASE("cost: the rules of operations are what naive loops count") {
  const std::size_t n = 3, m = 5, d = 4, c = 2, a = 7;
  std::size_t count = 0;
  const auto times = [&](std::initializer_list<std::size_t> loops) {
    std::vector<std::size_t> at(loops.size(), 0);
    const std::vector<std::size_t> ends(loops);
    while (true) {  // every index of the nest of loops
      ++count;
      std::size_t loop = ends.size();
      while (loop > 0 && ++at[loop - 1] == ends[loop - 1]) at[--loop] = 0;
      if (loop == 0) return;
    }
  };
  const auto check = [&](const char* name, const Made& made) {
    CAPTURE(name);
    CHECK(made.multiply_adds() == Count(count));
    count = 0;
  };
  times({n, d, c});
  check("linear", {ops::linear, {{n, d}, {d, c}, {c}}, {n, c}});
  times({n, m, d});
  check("dot-product", {ops::dot_product, {{n, d}, {m, d}}, {n, m}});
  times({n, d, a}), times({m, c, a}), times({n, m, a});
  check("additive", {ops::additive, {{n, d}, {m, c}, {d, a}, {c, a}, {a}}, {n, m}});
  times({n, d, c}), times({n, m, c});
  check("bilinear", {ops::bilinear, {{n, d}, {m, c}, {d, c}}, {n, m}});
  times({n, d, a}), times({m, c, a}), times({n, m, a});
  check("network", {ops::network, {{n, d}, {m, c}, {d + c, a}, {a}, {a}, {1}}, {n, m}});
  times({n, d}), times({m, c});
  check("gat", {ops::gat, {{n, d}, {m, c}, {d + c}}, {n, m}});
  times({n, m, d}), times({n, a, d});
  check("relative", {ops::relative_dot_product, {{n, d}, {m, d}, {a, d}}, {n, m}});
  times({n, m, d}), times({n, a, d});
  check("relative values", {ops::relative_matmul, {{n, m}, {m, d}, {a, d}}, {n, d}});
  times({n, m, 2});
  check("mix-heads", {ops::mix_heads, {{n, m}, {n, m}, {2, 2}}, {n, m}});
  times({m, d, c});
  check("key-value-sum", {ops::key_value_sum, {{m, d}, {m, c}}, {d, c}});
  times({n, d, c}), times({n, d});
  check("kernel-output", {ops::kernel_output, {{n, d}, {d, c}, {d}}, {n, c}});
  times({n, c, c}), times({n, m, c});
  check("nystrom", {ops::nystrom_weights, {{n, c}, {c, c}, {c, m}}, {n, m}});
  times({4, 6, c, c, c});
  check("inverse", {ops::pseudo_inverse, {{c, c}}, {c, c}, {{"iterations", 6.0}}});
  times({n, m, d});
  check("accumulator", {ops::online_accumulator, {{n, m}, {n, m}, {m, d}}, {n, m, d}});
  times({a, n, m, c, 3, 2});
  check("maps", {ops::convolution_2d, {{c, n, m}, {a, c, 3, 2}}, {a, n, m}});
  times({n, 3, d, c});
  check("grid", {ops::grid_convolution, {{n, d}, {3, d, c}}, {n, c}});
  times({n, d, d});
  check("rnn", {ops::rnn, {{n, d}, {d, d}}, {n, d}});
  times({3, n, d, d});
  check("gru", {ops::gru, {{n, d}, {n, d}, {n, d}, {d, d}, {d, d}, {d, d}}, {n, 4 * d}});
  times({n, m, 3});
  check("encoding", {ops::encoding_scores, {{n, m, 3}, {3}}, {n, m}});
  times({n - 1, 5, 4, d + 1, d});
  check("floater", {ops::floater,
                    {{n, d}, {d}, {d + 1, d}},
                    {n, d},
                    {{"substeps", 5.0},
                     {"method", "rk4"},
                     {"parameters", std::vector<std::string>{"p_0", "W_1"}}}});
}

TEST_CASE("cost: other numbers of recurrences are the gates and states that they write") {
  const std::size_t n = 3, h = 4;
  const std::vector<std::size_t> rows{n, h}, square{h, h};
  CHECK(Made(ops::rnn, {rows, square}, rows).other() == Count(n * h));
  CHECK(Made(ops::gru, {rows, rows, rows, square, square, square}, {n, 4 * h}).other() ==
        Count(4 * n * h));
  CHECK(Made(ops::matmul, {rows, square}, rows).other() == Count(0));
  // Seven rows of z, r, h̃ and h; one number each.
  CHECK(cost_of(trace_of_sample("gru")).other == Count(28));
}

std::size_t products_in(const Expression& expression) {
  std::size_t count = expression.kind == Expression::Kind::kProduct;
  for (const Expression& part : expression.parts) count += products_in(part);
  return count;
}

TEST_CASE("cost: matrix products of samples are the products in the terms of their cells") {
  std::size_t steps = 0;
  for (const char* name : {"two-heads", "tagging-stack", "memory", "linformer", "causal"}) {
    const Trace trace = trace_of_sample(name);
    for (const Step& step : trace.steps) {
      const bool product = step.op == "linear" || step.op == "matmul" || step.op == "dot-product";
      if (!product) continue;
      std::vector<const Tensor*> inputs;
      for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
      std::size_t count = 0;
      for (std::size_t cell = 0; cell < step.values.count(); ++cell) {
        count += products_in(
            find_operation(step.op)->terms({inputs, step.attributes, step.values, cell}).result);
      }
      CAPTURE(name, step.id);
      CHECK(cost_of(trace, step).multiply_adds == Count(count));
      ++steps;
    }
  }
  CHECK(steps > 40);
}

TEST_CASE("cost: every operation has a rule") {
  for (const std::string_view name : operation_names()) {
    CAPTURE(name);
    const bool given = cost_rule_of(name) == CostRule::kGiven;
    CHECK(given == (name == "input" || name == "parameter" || name == "random-features"));
  }
}

// ---- all samples, texts ----

TEST_CASE("cost: of every sample the kinds sum to the total, and all numbers are told as JSON") {
  std::size_t samples = 0;
  for (const auto& file : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (file.path().extension() != ".json") continue;
    std::ifstream in(file.path());
    std::ostringstream text;
    text << in.rdbuf();
    const Trace trace = run(read_task(text.str(), "t", {}));
    const TraceCost cost = cost_of(trace);
    CAPTURE(file.path().stem().string());
    Count multiply_adds, other;
    for (const KindCost& kind : cost.kinds)
      multiply_adds += kind.multiply_adds, other += kind.other;
    CHECK(multiply_adds == cost.multiply_adds);
    CHECK(other == cost.other);
    CHECK(cost.bytes <= cost.trace_bytes);
    CHECK(cost.sequential > Count(0));
    for (const JoiningLayer& layer : cost.layers) {
      CHECK(layer.longest_path.has_value() == layer.why_no_path.empty());
      CHECK(layer.visible <= layer.weights);
    }
    CostReport report{.file = cost, .growth = growth_of({.lengths = {4}})};
    const auto json = nlohmann::json::parse(cost_report(report, TableFormat::kJson));
    CHECK(json["file"]["multiply_adds"] == std::stoull(cost.multiply_adds.digits()));
    CHECK(json["file"]["layers"].size() == cost.layers.size());
    ++samples;
  }
  CHECK(samples > 70);
}

TEST_CASE("cost: the text of a small file") {
  const Trace trace = run(read_task(
      R"({"title": "Two words", "embeddings": [[1, 0], [0, 1]], "attention": {"mask": {"causal": true}}})",
      "t", {}));
  const std::string text = cost_report(
      {.file = cost_of(trace), .growth = growth_of({.lengths = {2}})}, TableFormat::kText);
  CHECK(text.substr(0, text.find("One layer")) == R"(Two words (attention)

parameters        16
multiply-adds     48 (two floating-point operations each)
other numbers     16 (softmax, activations, additions, means, masks)
memory            512 bytes of what counts; 512 of the whole trace
sequential steps  7 (the longest chain; of a recurrence, each row)

step              operation    steps  multiply-adds  other numbers  bytes
mask              mask             1              0              4     32
query             linear           1              8              0     32
key               linear           1              8              0     32
value             linear           1              8              0     32
scores            dot-product      1              8              0     32
scaled_scores     scale            1              0              4     32
masked_scores     mask-scores      1              0              4     32
weights           softmax          1              0              4     32
output            matmul           1              8              0     32
attention_output  linear           1              8              0     32

attention  heads  queries × keys  weights  visible  scores + values  of visible pairs
layer0         1           2 × 2        4      75%               16                12

layer   joins by   positions  longest path  never joined  receptive field
layer0  attention          2             1             1           1 to 2

weights: H n m numbers that are kept. visible: pairs that no mask hides. scores + values:
multiply-adds of all pairs; for dot products n m H (d_k + d_v), which are 2 n m H (d_k + d_v)
floating-point operations.
longest path: layers of this kind (cells of a recurrence) that a signal passes from one
position to another, at most. never joined: pairs that no number of them joins. receptive
field: inputs that an output depends on through this layer and those below it.

)");
}

}  // namespace
}  // namespace attn_viz::analysis
