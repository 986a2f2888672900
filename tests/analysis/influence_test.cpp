// Influence: the worked numbers of A8 and A9, laws, and central differences through whole
// mechanisms.
#include "attn_viz/analysis/influence.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "attn_viz/analysis/influence_text.hpp"
#include "attn_viz/core/random.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/samples.hpp"
#include "support/tasks.hpp"
#include "support/tensors.hpp"

namespace attn_viz::analysis {
namespace {

using test::run_document;

Influence influence_of(const Trace& trace, const InfluenceOptions& options = {}) {
  const Step& to = usual_output(trace);
  return analysis::influence_of(trace, *usual_inputs(trace, to)[0], to, options);
}

constexpr const char* kRunningExample = R"({"embeddings": [[1, 0], [0, 1], [1, 1]],
  "attention": {"weights": {"W_Q": [[1, 0], [0, 2]], "W_K": [[1, 1], [0, 1]],
                            "W_V": [[1, 0], [2, 1]]}}})";

TEST_CASE("influence: self-attention of the running example (A8, sa_J)") {
  const Influence influence = influence_of(run_document(kRunningExample));
  const Tensor want = test::matrix({{1.528246304705893, 0.48768666485767165, 1.1341375453020064},
                                    {0.27065401911966913, 0.7721423826056639, 2.301181959317274},
                                    {0.5166804094270432, 0.15777962317839217, 3.022396846800206}});
  CHECK(test::mismatch(influence.values, want, 1e-12) == "");
  CHECK(influence.from == "input/embeddings");
  CHECK(influence.to == "layer0/attention_output");
}

TEST_CASE("influence: an RNN sees its left, and less the farther it is (A9, rnn_J)") {
  const Influence influence = influence_of(run_document(
      R"({"mechanism": "recurrence", "embeddings": [[1], [0], [0]],
          "recurrence": {"type": "rnn", "weights": {"W": [[1]], "U": [[0.5]]}}})"));
  const double last[] = {0.08818463905451794, 0.4199525081251906, 0.9676984904741441};
  for (std::size_t j = 0; j < 3; ++j) {
    CHECK(influence.values.at(2, j) == Approx(last[j]).epsilon(1e-12));
    for (std::size_t i = 0; i < j; ++i) CHECK(influence.values.at(i, j) == 0);
  }
  const Reach reach = reach_of(influence);
  CHECK(reach.before == 2);
  CHECK(reach.after == 0);
  CHECK(reach.nothing == 3);
}

TEST_CASE("influence: a convolution's band is 1 + N (k − 1) r wide (A8)") {
  for (const std::size_t layers : {1, 2, 3}) {
    for (const std::size_t dilation : {1, 2}) {
      std::string text = R"({"mechanism": "convolution-1d", "embeddings": [)";
      for (int i = 0; i < 21; ++i) text += (i > 0 ? ",[" : "[") + std::to_string(i % 5 - 1.5) + "]";
      text += R"(], "layers": [)";
      for (std::size_t layer = 0; layer < layers; ++layer) {
        text += std::string(layer > 0 ? "," : "") + R"({"kernel": [0.5, 1, -1], "dilation": )" +
                std::to_string(dilation) + "}";
      }
      const Reach reach = reach_of(influence_of(run_document(text + "]}")));
      CHECK(reach.before == layers * dilation);
      CHECK(reach.after == layers * dilation);
    }
  }
}

TEST_CASE("influence: 2-D convolutions reach over a square of side 1 + N (k − 1) r (A8)") {
  constexpr std::size_t kSide = 17, kMiddle = kSide / 2;
  std::string row = "[1", maps;
  for (std::size_t i = 1; i < kSide; ++i) row += ", 1";
  for (std::size_t i = 0; i < kSide; ++i) maps += (i == 0 ? "[" : ", ") + row + "]";
  for (const std::size_t layers : {1, 2, 3}) {
    for (const std::size_t dilation : {1, 2}) {
      std::string text = R"({"mechanism": "convolution-2d", "maps": )" + maps +
                         R"(], "convolution_2d": {"layers": [)";
      for (std::size_t l = 0; l < layers; ++l) {
        text += (l == 0 ? "" : ", ") +
                std::string(R"({"kernel": [[1, 2, 1], [2, 4, 2], [1, 2, 1]], "dilation": )") +
                std::to_string(dilation) + "}";
      }
      const Trace trace = run_document(text + "]}}");
      const Influence influence = influence_of(trace, {.outputs = {kMiddle * kSide + kMiddle}});
      // With a dilation only every second pixel of the square is read.
      const std::size_t reach = layers * dilation;
      std::size_t read = 0;
      for (std::size_t j = 0; j < kSide * kSide; ++j) {
        const auto away = [&](std::size_t place) {
          return place > kMiddle ? place - kMiddle : kMiddle - place;
        };
        const std::size_t down = away(j / kSide), across = away(j % kSide);
        const bool within =
            down <= reach && across <= reach && down % dilation == 0 && across % dilation == 0;
        CHECK((influence.values.at(0, j) > 0) == within);
        read += within;
      }
      CHECK(read == (1 + 2 * layers) * (1 + 2 * layers));
    }
  }
}

TEST_CASE("influence: a causal mask hides the future, a bidirectional RNN hides nothing") {
  std::string causal(kRunningExample);
  causal.insert(causal.find("\"weights\""), R"("mask": {"causal": true}, )");
  const Influence influence = influence_of(run_document(causal));
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) CHECK((influence.values.at(i, j) == 0) == (j > i));
  }
  const Reach both = reach_of(influence_of(run_document(
      R"({"mechanism": "recurrence", "embeddings": [[1], [0.5], [-1], [0.25]],
          "recurrence": {"type": "gru", "bidirectional": true, "hidden": 2, "weights": {"random": 1}}})")));
  CHECK(both.nothing == 0);
}

TEST_CASE("influence: some outputs have the rows that all outputs have") {
  const Trace trace = test::sample_trace("alice");
  const Influence all = influence_of(trace), some = influence_of(trace, {.outputs = {7, 2}});
  REQUIRE(some.values.rows() == 2);
  for (std::size_t j = 0; j < all.values.columns(); ++j) {
    CHECK(some.values.at(0, j) == all.values.at(7, j));
    CHECK(some.values.at(1, j) == all.values.at(2, j));
  }
}

TEST_CASE("influence: float32 gives the float64 numbers to its own precision") {
  const Trace wide = run_document(kRunningExample);
  std::string narrow(kRunningExample);
  Overrides overrides;
  overrides.dtype = DType::kFloat32;
  const Influence got = influence_of(run(read_task(narrow, "test", overrides)));
  CHECK(test::mismatch(got.values, influence_of(wide).values, 1e-5) == "");
}

// ---- central differences through whole mechanisms ----

/// The values of all steps, computed again from those that are given.
void replay(Trace& trace) {
  for (Step& step : trace.steps) {
    if (step.inputs.empty()) continue;
    std::vector<const Tensor*> inputs;
    for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
    step.values = find_operation(step.op)->evaluate(inputs, step.attributes).values;
  }
}

/// Away from the kinks and ties that round numbers have.
void shake(Trace& trace, const std::vector<const Step*>& inputs) {
  for (const Step* input : inputs) {
    Random random(7, input->id);
    for (double& x : const_cast<Step*>(input)->values.values<double>()) {
      x += 0.02 * (random.uniform() - 0.5);
    }
  }
  replay(trace);
}

/// Some places, spread over all.
std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> places;
  const std::size_t step = std::max<std::size_t>(1, count / most);
  for (std::size_t i = step / 2; i < count; i += step) places.push_back(i);
  return places;
}

std::size_t place(const Positions& positions, std::size_t position, std::size_t k) {
  return positions.by_maps ? k * positions.axis.labels.size() + position
                           : position * positions.features + k;
}

/// J[i, j] of some outputs and one input by central differences.
std::vector<double> by_differences(Trace& trace, const Step& from, const Step& to,
                                   const std::vector<std::size_t>& outputs, std::size_t j) {
  constexpr double kStep = 1e-4;
  const Positions in = positions_of(trace, from), out = positions_of(trace, to);
  std::vector<double> squares(outputs.size(), 0);
  for (std::size_t c = 0; c < in.features; ++c) {
    double& x = const_cast<Step&>(from).values.values<double>()[place(in, j, c)];
    const double at = x;
    const auto result_at = [&](double value) {
      x = value;
      replay(trace);
      return to.values;
    };
    // Two steps, whose errors of the second order cancel (Richardson).
    const Tensor above = result_at(at + kStep), below = result_at(at - kStep),
                 half_above = result_at(at + kStep / 2), half_below = result_at(at - kStep / 2);
    x = at;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      for (std::size_t k = 0; k < out.features; ++k) {
        const std::size_t cell = place(out, outputs[i], k);
        const double wide = (above.at(cell) - below.at(cell)) / (2 * kStep),
                     narrow = (half_above.at(cell) - half_below.at(cell)) / kStep;
        const double slope = (4 * narrow - wide) / 3;
        squares[i] += slope * slope;
      }
    }
  }
  replay(trace);
  for (double& each : squares) each = std::sqrt(each);
  return squares;
}

/// "" if J of some outputs and inputs is that of central differences.
std::string first_wrong(Trace trace) {
  const Step& to = usual_output(trace);
  const std::vector<const Step*> inputs = usual_inputs(trace, to);
  shake(trace, inputs);
  for (const Step* from : inputs) {
    const bool image = from->values.count() > 1000;
    InfluenceOptions options;
    options.outputs = spread(positions_of(trace, to).axis.labels.size(), image ? 5 : 12);
    const Influence influence = analysis::influence_of(trace, *from, to, options);
    const Reach reach = reach_of(influence);
    // What subtracting two results of this size leaves of their last digits, over the step.
    double size = 0;
    for (std::size_t c = 0; c < to.values.count(); ++c)
      size = std::max(size, std::abs(to.values.at(c)));
    const double rounding = 1e-11 * size;
    for (const std::size_t j : spread(influence.values.columns(), image ? 5 : 12)) {
      const std::vector<double> want = by_differences(trace, *from, to, options.outputs, j);
      for (std::size_t i = 0; i < want.size(); ++i) {
        const double got = influence.values.at(i, j);
        if (std::abs(got - want[i]) <= 1e-6 * want[i] + 1e-9 * reach.largest + rounding) continue;
        return trace.title + ": " + to.id + "[" + std::to_string(options.outputs[i]) + "] by " +
               from->id + "[" + std::to_string(j) + "]: expected " + std::to_string(want[i]) +
               ", got " + std::to_string(got);
      }
    }
  }
  return "";
}

TEST_CASE("influence: central differences through every sample") {
  for (const std::string& name : test::sample_names()) {
    INFO(name);
    CHECK(first_wrong(test::sample_trace(name)) == "");
  }
}

TEST_CASE("influence: central differences through mechanisms that no sample has") {
  const std::string sequence = R"("embeddings": [[0.5, -1], [1, 0.25], [-0.75, 2]], )"
                               R"("target": {"embeddings": [[1, 0.5], [-0.5, 1]]}, )";
  const std::string cells =
      R"("encoder": {"type": "gru", "hidden": 2, "bidirectional": true, "weights": {"random": 1}},
         "decoder": {"type": "gru", "hidden": 3, "weights": {"random": 2}}, )";
  const std::vector<std::string> documents{
      R"({"mechanism": "encoder-decoder", )" + sequence + cells +
          R"("attention": {"type": "bahdanau", "weights": {"random": 3}}})",
      R"({"mechanism": "encoder-decoder", )" + sequence + cells +
          R"("attention": {"type": "none", "summary": "last"}})",
      R"({"mechanism": "encoder-decoder", )" + sequence + cells +
          R"("attention": {"type": "luong-concat", "weights": {"random": 3}}})",
      R"({"mechanism": "encoder-decoder", )" + sequence +
          R"("attention": {"type": "luong-dot", "local": {"type": "predictive", "window": 2},
             "weights": {"W_p": [[0.5, 0], [0, 0.25]], "v_p": [1, 2]}}})",
      R"({"mechanism": "memory", "embeddings": [[1, 0.5], [0, 1]],
          "context": {"embeddings": [[1, 0], [0, 1], [3, 3]], "values": [[10], [20], [30]]},
          "similarity": {"type": "network", "W_1": [[1, 0], [0, 1], [1, 0], [0, -1]],
                         "b_1": [0.1, 0], "w_2": [1, 1], "b_2": 0}})",
      R"({"mechanism": "memory", "embeddings": [[1, 0.5]], "similarity": "cosine",
          "context": {"embeddings": [[1, 0], [0, 1], [3, 3]]}, "temperature": 0.5})",
      R"({"mechanism": "strip-attention", "maps": [[1, 0.2, 2], [0.1, 1, 1.5]],
          "strip_attention": {"pixels": {"kernel": [[2]]}, "strip_keys": {"kernel": [[1]]},
                              "strip_values": {"kernel": [[3]]}, "residual": true}})",
      R"({"embeddings": [[1, 0], [0.5, 1], [1, 1]], "layers": [
            {"attention": {"heads": 2, "score": {"type": "additive"}, "normalize": "sparsemax"},
             "residual": true, "layer_norm": "post",
             "feed_forward": {"random": 1, "hidden": 3, "activation": "gelu"}}]})"};
  for (const std::string& document : documents) {
    INFO(document);
    CHECK(first_wrong(run_document(document)) == "");
  }
}

// ---- errors and texts ----

TEST_CASE("influence: what is not computed from the input is refused") {
  const Trace trace = run_document(kRunningExample);
  const Step &q = *trace.find("layer0/head0/query"), &k = *trace.find("layer0/head0/key");
  CHECK_THROWS_WITH(analysis::influence_of(trace, q, k),
                    "layer0/head0/key: expected a step that is computed from "
                    "\"layer0/head0/query\"; this one is not");
  CHECK_THROWS_WITH(
      influence_of(trace, {.memory_limit = 16}),
      "layer0/attention_output: 3 outputs by 3 inputs are more numbers than fit into the limit of "
      "0 MiB\n  hint: choose some outputs: --query");
}

TEST_CASE("influence: hard attention says where no derivative goes") {
  const Influence influence = influence_of(test::sample_trace("hard-attention"));
  CHECK(influence.jumps == std::vector<std::string>{"layer0/head0/weights"});
}

TEST_CASE("influence: the table") {
  const Trace trace =
      run_document(R"({"title": "Two", "tokens": ["a", "b"], "embeddings": [[1], [2]],
                                   "attention": {"mask": {"causal": true}}})");
  const Influence influence = influence_of(trace);
  CHECK(influence_table({influence}, TableFormat::kText) ==
        "Two: layer0/attention_output by input/embeddings\n"
        "         a      b\n"
        "a        1      0\n"
        "b  0.09078  1.196\n"
        "\n"
        "mechanism                                         pairs  exactly 0  before  after  mean "
        "distance  largest\n"
        "Two: layer0/attention_output by input/embeddings      4          1       1      0         "
        "0.0397    1.196\n"
        "\n"
        "J[i, j] = ‖∂ output i / ∂ input j‖ (Frobenius norm), from exact derivatives.\n"
        "before, after: the farthest input before and after an output that it depends on.\n"
        "mean distance: between output and input, weighted by J; on a grid in cells.\n");
  const std::string json = influence_table({influence}, TableFormat::kJson);
  CHECK(
      json.substr(0, 116) ==
      R"({"influences": [{"name": "Two", "from": "input/embeddings", "to": "layer0/attention_output", "outputs": ["a", "b"], )");
  CHECK(json.find(R"("inputs": ["a", "b"], "values": [[1, 0], [0.0907)") != std::string::npos);
  CHECK(json.find(R"("zero_pairs": 1, )") != std::string::npos);
  CHECK(json.find(R"("before": 1, "after": 0, )") != std::string::npos);
  CHECK(json.find("\"jumps\": []}]}\n") != std::string::npos);
}

}  // namespace
}  // namespace attn_viz::analysis
