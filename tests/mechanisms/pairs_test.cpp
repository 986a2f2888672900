// Every setting beside every other: either an error that says where, or a trace that is whole.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "attn_viz/core/random.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"

namespace attn_viz::test {
namespace {

/// Settings of attention, each as it would stand in a document.
std::vector<nlohmann::json> settings() {
  constexpr const char* kSettings[] = {
      // heads
      R"({"heads": 2})",
      R"({"heads": 4, "key_value_heads": 2, "weights": {"random": 1}})",
      R"({"heads": 2, "talking_heads": {"scores": [[1, 0.5], [0, 1]], "weights": [[1, 0], [0.5, 1]]}})",
      R"({"differential": {"lambda": 0.5, "norm": true}})",
      R"({"heads": 2, "head_size": 2, "differential": {"lambda": 0.5}, "weights": {"random": 2}})",
      // scores
      R"({"score": "dot-product"})",
      R"({"score": "additive"})",
      R"({"score": "cosine"})",
      R"({"score": "bilinear"})",
      R"({"score": "gat"})",
      R"({"scale": -2})",
      R"({"softcap": 1})",
      R"({"bias": [[0, 1, 2, 3], [3, 2, 1, 0], [-1, 0, 0, 1], [0, 0, 0, 9]]})",
      R"({"qk_norm": {"type": "l2", "gain": 3}})",
      R"({"qk_norm": "rms"})",
      R"({"sink": 1})",
      R"({"evaluation": "online"})",
      // normalisers
      R"({"normalize": {"type": "softmax", "temperature": 0.25}})",
      R"({"normalize": "relu"})",
      R"({"normalize": "relu-mean"})",
      R"({"normalize": "relu-normalized"})",
      R"({"normalize": {"type": "sigmoid", "bias": "-log-keys"}})",
      R"({"normalize": "softmax-off-by-one"})",
      R"({"normalize": "sparsemax"})",
      R"({"normalize": "entmax"})",
      R"({"normalize": {"type": "entmax", "alpha": 1.25}})",
      R"({"normalize": "hardmax"})",
      R"({"normalize": "sample"})",
      // masks
      R"({"mask": {"causal": true}})",
      R"({"mask": {"window": [1, 0]}})",
      R"({"mask": {"padding": [false, true, true, true]}})",
      R"({"mask": {"allow": [[1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [0, 0, 0, 1]]}})",
      R"({"mask": {"edges": [[0, 1], [1, 0]], "self_loops": true}})",
      R"({"mask": {"pattern": "dilated"}})",
      R"({"mask": {"pattern": "strided"}})",
      R"({"mask": {"pattern": "longformer"}})",
      R"({"mask": {"pattern": "big-bird"}})",
      R"({"mask": {"pattern": {"type": "big-bird", "random_keys": [[3], [], [0], [1]]}}})",
      R"({"mask": {"pattern": "sinks"}})",
      // positions
      R"({"position": "sinusoidal"})",
      R"({"position": "sinusoidal-2d"})",
      R"({"position": {"type": "learned", "table": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}})",
      R"({"position": {"type": "floater", "initial": [0, 1, 0, 1], "step": 1, "activation": "none",
                       "W_1": [[0, -1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, -1, 0], [0, 0, 0, 0]]}})",
      R"({"position": "rope"})",
      R"({"position": {"type": "rope", "layout": "half"}})",
      R"({"position": "alibi"})",
      R"({"position": {"type": "t5", "max_distance": 8, "table": [0, 2, 1, 0, 0, -1, -2, -3]}})",
      R"({"position": {"type": "relative", "keys": [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]],
                       "values": [[0, 0, 1, 0], [0, 0, 0, 0], [0, 0, 0, 1]]}})",
      R"({"position": {"type": "relative", "keys": [[1, 0], [0, 0], [0, 1]]}})",
      // cheaper attention
      R"({"approximation": "linear"})",
      R"({"approximation": {"type": "linear", "form": "recurrent"}, "mask": {"causal": true}})",
      R"({"approximation": {"type": "performer", "random": {"count": 8}}})",
      R"({"approximation": {"type": "linformer", "E": [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]]}})",
      R"({"approximation": {"type": "nystrom", "landmarks": 2}})",
  };
  std::vector<nlohmann::json> all;
  for (const char* text : kSettings) all.push_back(nlohmann::json::parse(text));
  return all;
}

Problem problem_with(const nlohmann::json& attention, bool crossed, DType dtype) {
  nlohmann::json document = {
      {"patches", {{"rows", 2}, {"columns", 2}}},
      {"embeddings", {{1, 0, 2, 1}, {0, 1, 0, -1}, {1, 1, 0.5, 0}, {0, 0, 0, 0}}},
      {"attention", attention}};
  if (crossed) {
    document["context"] = document;
    document["context"].erase("attention");
    document["context"]["embeddings"][0] = {-1, 2, 0, 0.5};
  }
  Overrides overrides;
  overrides.dtype = dtype;
  return read_document(document.dump(), "pair", overrides);
}

/// Values that are not finite but for masked scores; "" if there are none.
std::string first_not_finite(const Trace& trace) {
  for (const Step& step : trace.steps) {
    const Operation* operation = find_operation(step.op);
    for (std::size_t i = 0; i < step.values.count(); ++i) {
      const double value = step.values.at(i);
      const bool masked = operation->may_mask && value == -kInfinity;
      if (!std::isfinite(value) && !masked) return step.id + ": a value that is not finite";
    }
  }
  return "";
}

/// A step that nothing reads is a setting that has no effect; "" if there is none.
std::string first_unread(const Trace& trace) {
  std::set<StepId> read{trace.steps.size() - 1};  // the result
  for (const Step& step : trace.steps) read.insert(step.inputs.begin(), step.inputs.end());
  for (StepId id = 0; id < trace.steps.size(); ++id) {
    const std::string& name = trace.steps[id].id;
    // Two results for the reader: how far a method is from softmax, and what the online softmax,
    // which needs no weights, comes to.
    const bool shown = name.ends_with("/distance") || name.ends_with("/weights");
    if (read.count(id) == 0 && !shown) return name + ": nothing reads it";
  }
  return "";
}

/// Whether the settings were accepted. Checks what must be so either way.
bool accepted(const nlohmann::json& attention, bool crossed, DType dtype) {
  INFO((crossed ? "crossed " : "") << attention.dump());
  try {
    const Trace trace = run_attention(problem_with(attention, crossed, dtype));
    CHECK(first_other_step(trace) == "");
    CHECK(first_not_finite(trace) == "");
    CHECK(first_unread(trace) == "");
    if (attention.value("evaluation", "") == "online") {
      nlohmann::json plain = attention;
      plain.erase("evaluation");
      const Trace other = run_attention(problem_with(plain, crossed, dtype));
      CHECK(absolute_mismatch(values_of(trace, "layer0/attention_output"),
                              values_of(other, "layer0/attention_output"),
                              tolerance_of(dtype)) == "");
    }
    return true;
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::kInvalid);
    CHECK(std::string(error.what()).rfind("/attention/", 0) == 0);
    return false;
  }
}

TEST_CASE("pairs: every setting beside every other is whole, or refused at its place") {
  const auto all = settings();
  std::size_t whole = 0, refused = 0;
  for (const nlohmann::json& one : all) {
    for (const nlohmann::json& other : all) {
      nlohmann::json both = one;
      both.merge_patch(other);
      for (const bool crossed : {false, true}) {
        ++(accepted(both, crossed, DType::kFloat64) ? whole : refused);
      }
    }
  }
  CHECK(whole > 3 * refused);
}

TEST_CASE("pairs: so are four settings at a time, in float32, drawn at random") {
  const auto all = settings();
  Random random(7, "pairs");
  std::size_t whole = 0;
  for (int drawn = 0; drawn < 1500; ++drawn) {
    nlohmann::json attention = nlohmann::json::object();
    for (int part = 0; part < 4; ++part) {
      attention.merge_patch(
          all[static_cast<std::size_t>(random.uniform() * static_cast<double>(all.size()))]);
    }
    whole += accepted(attention, drawn % 2 == 1, DType::kFloat32);
  }
  CHECK(whole > 500);
}

}  // namespace
}  // namespace attn_viz::test
