// Equality with torch.nn.TransformerEncoderLayer: norm before and after, relu and gelu.
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/reference.hpp"

namespace attn_viz {
namespace {

using Json = nlohmann::json;
using test::rows_from;
using test::tensor_of;
using test::values_of;

/// torch's y = x Wᵀ: rows [first, first + count) of its matrix, turned.
Tensor turned_rows(const Json& nest, std::size_t first, std::size_t count, DType dtype) {
  Json rows = Json::array();
  for (std::size_t i = first; i < first + count; ++i) rows.push_back(nest[i]);
  return test::transposed(tensor_of(rows, dtype));
}

LayerSettings layer_from(const Json& entry, DType dtype) {
  const Json& p = entry["params"];
  const std::size_t d = 16;
  const auto turned = [&](const char* key) { return turned_rows(p[key], 0, p[key].size(), dtype); };
  const Json &in = p["self_attn.in_proj_weight"], &in_bias = p["self_attn.in_proj_bias"];
  AttentionSettings attention;
  attention.heads = 2;
  attention.weights = GivenWeights{.w_q = turned_rows(in, 0, d, dtype),
                                   .w_k = turned_rows(in, d, d, dtype),
                                   .w_v = turned_rows(in, 2 * d, d, dtype),
                                   .w_o = turned("self_attn.out_proj.weight"),
                                   .b_q = rows_from(in_bias, 0, d, dtype),
                                   .b_k = rows_from(in_bias, d, d, dtype),
                                   .b_v = rows_from(in_bias, 2 * d, d, dtype),
                                   .b_o = tensor_of(p["self_attn.out_proj.bias"], dtype)};
  LayerSettings layer;
  layer.attention = attention;
  layer.residual = 1;
  layer.layer_norm.position = entry["norm_first"] ? NormPosition::kPre : NormPosition::kPost;
  layer.layer_norm.epsilon = entry["layer_norm_eps"];
  layer.layer_norm.gain = tensor_of(Json{p["norm1.weight"], p["norm2.weight"]}, dtype);
  layer.layer_norm.bias = tensor_of(Json{p["norm1.bias"], p["norm2.bias"]}, dtype);
  FeedForwardSettings feed_forward;
  feed_forward.w_1 = turned("linear1.weight");
  feed_forward.b_1 = tensor_of(p["linear1.bias"], dtype);
  feed_forward.w_2 = turned("linear2.weight");
  feed_forward.b_2 = tensor_of(p["linear2.bias"], dtype);
  feed_forward.activation = entry["activation"] == "relu" ? Activation::kRelu : Activation::kGelu;
  layer.feed_forward = feed_forward;
  return layer;
}

TEST_CASE("a layer of a stack as in PyTorch") {
  const Json file = test::load_reference("encoder_layer_d16_h2_ff32.json");
  std::size_t checked = 0;
  for (const DType dtype : test::kDTypes) {
    const double tolerance = test::tolerance_of(dtype);
    for (const Json& entry : file["cases"]) {
      CAPTURE(entry["name"].get<std::string>(), name_of(dtype));
      Problem problem = test::problem_of(tensor_of(entry["x"], dtype));
      problem.layers = {layer_from(entry, dtype)};
      const Trace trace = run_attention(problem);
      for (std::size_t head = 0; head < 2; ++head) {
        CHECK(test::mismatch(test::head_values(trace, head, "weights"),
                             tensor_of(entry["attn_weights"][head]), tolerance) == "");
      }
      CHECK(test::mismatch(values_of(trace, "layer0/output"), tensor_of(entry["output"]),
                           tolerance) == "");
      problem.layers[0].attention->mask.causal = true;
      CHECK(test::mismatch(values_of(run_attention(problem), "layer0/output"),
                           tensor_of(entry["output_causal"]), tolerance) == "");
      ++checked;
    }
  }
  CHECK(checked == 8);
}

}  // namespace
}  // namespace attn_viz
