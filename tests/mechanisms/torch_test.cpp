// Equality with torch.nn.MultiheadAttention, step by step. There y = x Wᵀ, a mask's true is a
// blocked pair, and "scores" are scaled already. The error allowed is in float64 1e-12 of the
// largest value of the row, in float32 1e-5 of the largest value of the step: a head of size 1 has
// rows of one value, which is small where terms of the projection cancel.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/reference.hpp"

namespace attn_viz {
namespace {

using Json = nlohmann::json;
using test::head_values;
using test::rows_from;
using test::tensor_of;

std::string off(const Tensor& got, const Tensor& want) {
  const bool wide = got.dtype() == DType::kFloat64;
  return wide ? test::mismatch(got, want, 1e-12) : test::product_mismatch(got, want, 1e-5);
}

/// The module's weights, with or without its biases.
GivenWeights weights_from(const Json& weights, std::size_t d, bool with_bias, DType dtype,
                          const std::string& prefix = "") {
  const Json& in = weights[prefix + "in_proj_weight"];
  const Json& bias = weights[prefix + "in_proj_bias"];
  GivenWeights given;
  given.w_q = test::transposed(rows_from(in, 0, d, dtype));
  given.w_k = test::transposed(rows_from(in, d, d, dtype));
  given.w_v = test::transposed(rows_from(in, 2 * d, d, dtype));
  given.w_o = test::transposed(tensor_of(weights[prefix + "out_proj.weight"], dtype));
  if (with_bias) {
    given.b_q = rows_from(bias, 0, d, dtype);
    given.b_k = rows_from(bias, d, d, dtype);
    given.b_v = rows_from(bias, 2 * d, d, dtype);
    given.b_o = tensor_of(weights[prefix + "out_proj.bias"], dtype);
  }
  return given;
}

/// 1 where torch's mask is false.
Tensor allow_from(const Json& blocked, DType dtype) {
  Tensor allow = tensor_of(blocked);
  for (double& value : allow.values<double>()) value = 1 - value;
  return allow.as(dtype);
}

/// Compares each step of each head; `entry` holds the heads of one sequence.
void check_heads(const Trace& trace, const Json& entry, std::size_t heads) {
  const auto want = [&](const char* key, std::size_t head) {
    Tensor tensor = tensor_of(entry[key][head]);
    // A row without a visible key is NaN in torch, and 0 here.
    for (double& value : tensor.values<double>()) value = std::isnan(value) ? 0 : value;
    return tensor;
  };
  for (std::size_t head = 0; head < heads; ++head) {
    CAPTURE(head);
    const auto got = [&](const char* name) { return head_values(trace, head, name); };
    const auto has = [&](const std::string& name) {
      return trace.find("layer0/head" + std::to_string(head) + "/" + name) != nullptr;
    };
    CHECK(off(got("query"), want("q_heads", head)) == "");
    CHECK(off(got("key"), want("k_heads", head)) == "");
    CHECK(off(got("value"), want("v_heads", head)) == "");
    CHECK(off(got(has("scaled_scores") ? "scaled_scores" : "scores"), want("scores", head)) == "");
    if (entry.contains("scores_masked")) {
      CHECK(off(got(has("masked_scores") ? "masked_scores" : "biased_scores"),
                want("scores_masked", head)) == "");
    }
    CHECK(off(got("weights"), want("weights", head)) == "");
    CHECK(off(got("output"), want("head_outputs", head)) == "");
  }
}

TEST_CASE("self-attention as in PyTorch: 1, 2 and 4 heads, with and without mask and biases") {
  const std::string name = GENERATE("mha_d4_h1", "mha_d4_h2", "mha_d4_h4", "mha_d16_h2");
  const Json file = test::load_reference(name + ".json");
  const std::size_t d = file["embed_dim"], heads = file["heads"];
  std::size_t checked = 0;
  for (const DType dtype : test::kDTypes) {
    for (const Json& entry : file["cases"]) {
      CAPTURE(name, entry["name"].get<std::string>(), name_of(dtype));
      const Json& x = file["inputs"][entry["x"].get<std::string>().substr(7)];
      AttentionSettings settings;
      settings.heads = heads;
      settings.mask.causal = entry["causal"];
      settings.weights = weights_from(file["weights"], d, entry["use_bias"], dtype);
      const Trace trace = run_attention(test::problem_of(tensor_of(x, dtype), settings));
      check_heads(trace, entry, heads);
      CHECK(off(test::values_of(trace, "layer0/attention_output"), tensor_of(entry["output"])) ==
            "");
      ++checked;
    }
  }
  CHECK(checked == 24);
}

/// One sequence of a case of the file of masks and cross-attention.
void check_masked_case(const Json& file, const Json& entry, std::optional<std::size_t> batch,
                       DType dtype) {
  const auto part = [&](const char* key) -> const Json& {
    return batch ? entry[key][*batch] : entry[key];
  };
  const std::size_t d = file["embed_dim"], heads = file["heads"];
  AttentionSettings settings;
  settings.heads = heads;
  settings.weights = weights_from(file["weights"], d, true, dtype);
  if (entry.contains("attn_mask")) {
    const Json& mask = entry["attn_mask"];
    const bool is_bias = !mask[0][0].is_boolean();
    (is_bias ? settings.bias : settings.mask.allow) =
        is_bias ? tensor_of(mask, dtype) : allow_from(mask, dtype);
  }
  if (entry.contains("key_padding_mask")) {
    for (const Json& blocked : part("key_padding_mask")) {
      settings.mask.padding.push_back(!blocked.get<bool>());
    }
  }
  Problem problem = test::problem_of(tensor_of(part("query"), dtype), settings);
  if (!entry["key"].is_string()) {
    std::optional<Tensor> values;
    if (!entry["value"].is_string()) values = tensor_of(entry["value"], dtype);
    problem.context = test::context_of(tensor_of(entry["key"], dtype), values);
  }
  const Trace trace = run_attention(problem);

  Json sequence = Json::object();
  for (const char* key :
       {"q_heads", "k_heads", "v_heads", "scores", "scores_masked", "weights", "head_outputs"}) {
    if (entry.contains(key)) sequence[key] = part(key);
  }
  check_heads(trace, sequence, heads);

  // An empty row leaves the bias of the output matrix.
  const Tensor bias = tensor_of(file["weights"]["out_proj.bias"]);
  Tensor output = tensor_of(part("output"));
  std::vector<double> empty_rows;
  for (std::size_t i = 0; i < output.rows(); ++i) {
    if (!std::isnan(output.at(i, 0))) continue;
    empty_rows.push_back(static_cast<double>(i));
    for (std::size_t j = 0; j < d; ++j) output.values<double>()[i * d + j] = bias.at(j);
  }
  CHECK(off(test::values_of(trace, "layer0/attention_output"), output) == "");
  for (std::size_t head = 0; head < heads; ++head) {
    const Step* weights = trace.find("layer0/head" + std::to_string(head) + "/weights");
    CHECK(weights->findings.get_or("empty_rows", std::vector<double>{}) == empty_rows);
  }
}

TEST_CASE("masks, biases and cross-attention as in PyTorch") {
  const Json file = test::load_reference("mha_masks_cross_d16_h4.json");
  std::size_t checked = 0;
  for (const DType dtype : test::kDTypes) {
    for (const Json& entry : file["cases"]) {
      CAPTURE(entry["name"].get<std::string>(), name_of(dtype));
      const bool batched = entry["query"][0][0].is_array();
      for (std::size_t batch = 0; batch < (batched ? entry["query"].size() : 1); ++batch) {
        CAPTURE(batch);
        check_masked_case(file, entry, batched ? std::optional(batch) : std::nullopt, dtype);
        ++checked;
      }
    }
  }
  CHECK(checked == 26);
}

TEST_CASE("the weights inside a post-norm encoder layer of PyTorch") {
  const Json file = test::load_reference("encoder_layer_d16_h2_ff32.json");
  std::size_t checked = 0;
  for (const Json& entry : file["cases"]) {
    if (entry["norm_first"]) continue;  // there attention reads normalised rows
    CAPTURE(entry["name"].get<std::string>());
    AttentionSettings settings;
    settings.heads = 2;
    settings.weights = weights_from(entry["params"], 16, true, DType::kFloat64, "self_attn.");
    const Trace trace = run_attention(test::problem_of(tensor_of(entry["x"]), settings));
    for (std::size_t head = 0; head < 2; ++head) {
      CHECK(off(head_values(trace, head, "weights"), tensor_of(entry["attn_weights"][head])) == "");
    }
    ++checked;
  }
  CHECK(checked == 2);
}

}  // namespace
}  // namespace attn_viz
