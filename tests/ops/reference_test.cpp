// Equality with other programs: PyTorch, AllenNLP, d2l. See "producer" in tests/data/*.json.
// The error allowed is 1e-12 (float64) or 1e-5 (float32) of the largest value of the row.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using nlohmann::json;
using test::evaluate;
using test::mismatch;
using test::tensor_of;
using test::tolerance_of;
using test::transposed;

const json& case_of(const json& file, const std::string& name) {
  for (const json& entry : file["cases"]) {
    if (entry["name"] == name) return entry;
  }
  throw std::runtime_error("no case " + name);
}

Tensor vector_from(const json& nest, DType dtype) {
  const Tensor any = tensor_of(nest, dtype);
  return any.with_axes({Axis{any.count()}});
}

TEST_CASE("additive score and attention as in d2l") {
  const json file = test::load_reference("additive_bahdanau.json");
  std::size_t checked = 0;
  for (const DType dtype : test::kDTypes) {
    const double tolerance = tolerance_of(dtype);
    for (const json& entry : file["cases"]) {
      CAPTURE(entry["name"].get<std::string>(), name_of(dtype));
      const Tensor q = tensor_of(entry["q"], dtype), k = tensor_of(entry["k"], dtype);
      const Tensor scores =
          evaluate(ops::additive,
                   {q, k, transposed(tensor_of(entry["W_q"], dtype)),
                    transposed(tensor_of(entry["W_k"], dtype)), vector_from(entry["w_v"], dtype)});
      CHECK(mismatch(scores, tensor_of(entry["scores"]), tolerance) == "");
      Tensor masked = scores;
      if (!entry["valid_len"].is_null()) {
        std::vector<bool> padding(k.rows());
        for (std::size_t j = 0; j < k.rows(); ++j) padding[j] = j < entry["valid_len"];
        const Tensor mask = evaluate(ops::mask, {q, k}, {{"padding", padding}});
        masked = evaluate(ops::mask_scores, {scores, mask});
      }
      const Tensor weights = evaluate(ops::softmax, {masked});
      CHECK(mismatch(weights, tensor_of(entry["weights"]), tolerance) == "");
      CHECK(mismatch(evaluate(ops::matmul, {weights, tensor_of(entry["v"], dtype)}),
                     tensor_of(entry["output"]), tolerance) == "");
      ++checked;
    }
  }
  CHECK(checked == 10);
}

TEST_CASE("dot, bilinear, cosine and additive scores as in AllenNLP") {
  const json file = test::load_reference("allennlp_scores.json");
  for (const DType dtype : test::kDTypes) {
    const auto check = [&](const std::string& name, auto compute) {
      CAPTURE(name, name_of(dtype));
      const json& entry = case_of(file, name);
      const auto parameter = [&](const char* key) {
        return tensor_of(entry["params"][key], dtype);
      };
      Tensor scores =
          compute(tensor_of(entry["q"], dtype), tensor_of(entry["k"], dtype), parameter);
      if (entry["params"].contains("_bias")) {
        // A constant bias is a matrix of one value.
        Tensor bias = scores.as(DType::kFloat64);
        for (double& value : bias.values<double>()) value = entry["params"]["_bias"][0];
        scores = evaluate(ops::add, {scores, bias.as(dtype)});
      }
      CHECK(mismatch(scores, tensor_of(entry["scores"]), tolerance_of(dtype)) == "");
      CHECK(mismatch(evaluate(ops::softmax, {scores}), tensor_of(entry["weights"]),
                     tolerance_of(dtype)) == "");
    };
    check("dot", [](const Tensor& q, const Tensor& k, auto) {
      return evaluate(ops::dot_product, {q, k});
    });
    for (const char* name : {"bilinear_square", "bilinear_rect"}) {
      check(name, [](const Tensor& q, const Tensor& k, auto parameter) {
        return evaluate(ops::bilinear, {q, k, parameter("_weight_matrix")});
      });
    }
    for (const char* name : {"cosine", "cosine_zero_vectors"}) {
      check(name, [](const Tensor& q, const Tensor& k, auto) {
        return evaluate(ops::cosine, {q, k});
      });
    }
    check("additive", [&](const Tensor& q, const Tensor& k, auto parameter) {
      const Tensor v = parameter("_v_vector");
      return evaluate(ops::additive, {q, k, parameter("_w_matrix"), parameter("_u_matrix"),
                                      v.with_axes({Axis{v.count()}})});
    });
    // A weight for each number of query and key is the score of graph attention without its bend.
    const Attributes straight{{"slope", 1.0}};
    check("linear_x,y", [&](const Tensor& q, const Tensor& k, auto parameter) {
      return evaluate(ops::gat, {q, k, parameter("_weight_vector")}, straight);
    });
    // And one for each product of the two at the same place is bilinear with a diagonal matrix.
    check("linear_x,y,x*y", [&](const Tensor& q, const Tensor& k, auto parameter) {
      const std::size_t d = q.columns();
      const Tensor w = parameter("_weight_vector").with_axes({Axis{1}, Axis{3 * d}});
      Tensor diagonal(DType::kFloat64, {Axis{d}, Axis{d}});
      for (std::size_t i = 0; i < d * d; ++i) {
        diagonal.values<double>()[i] = i % (d + 1) == 0 ? w.at(2 * d + i / (d + 1)) : 0;
      }
      const Tensor sums = w.slice_columns(0, 2 * d).with_axes({Axis{2 * d}});
      return evaluate(ops::add, {evaluate(ops::gat, {q, k, sums}, straight),
                                 evaluate(ops::bilinear, {q, k, diagonal.as(dtype)})});
    });
    // tanh is the softcap at 1; the bias comes before it.
    const json& bent = case_of(file, "bilinear_tanh");
    Tensor scores =
        evaluate(ops::bilinear, {tensor_of(bent["q"], dtype), tensor_of(bent["k"], dtype),
                                 tensor_of(bent["params"]["_weight_matrix"], dtype)});
    Tensor bias = scores.as(DType::kFloat64);
    for (double& value : bias.values<double>()) value = bent["params"]["_bias"][0];
    scores = evaluate(ops::softcap, {evaluate(ops::add, {scores, bias.as(dtype)})}, {{"cap", 1.0}});
    CHECK(mismatch(scores, tensor_of(bent["scores"]), tolerance_of(dtype)) == "");
  }
}

TEST_CASE("scales, temperature and softcap as in PyTorch") {
  const json file = test::load_reference("score_scaling.json");
  for (const DType dtype : test::kDTypes) {
    const Tensor dot =
        evaluate(ops::dot_product, {tensor_of(file["q"], dtype), tensor_of(file["k"], dtype)});
    const auto scaled = [&](double scale) {
      return evaluate(ops::scale, {dot}, {{"scale", scale}});
    };
    const double by_size = 1 / std::sqrt(8.0);
    const auto check = [&](const std::string& name, const Tensor& scores, double temperature) {
      CAPTURE(name, name_of(dtype));
      const json& entry = case_of(file, name);
      const Tensor cooled = evaluate(ops::scale, {scores}, {{"scale", 1 / temperature}});
      CHECK(mismatch(cooled, tensor_of(entry["scores"]), tolerance_of(dtype)) == "");
      const Tensor weights = evaluate(ops::softmax, {scores}, {{"temperature", temperature}});
      CHECK(mismatch(weights, tensor_of(entry["weights"]), tolerance_of(dtype)) == "");
      CHECK(mismatch(evaluate(ops::matmul, {weights, tensor_of(file["v"], dtype)}),
                     tensor_of(entry["output"]), tolerance_of(dtype)) == "");
    };
    REQUIRE(file["cases"].size() == 5);
    check("unscaled", dot, 1);
    check("scale_1/sqrt(8)", scaled(by_size), 1);
    check("scale_0.25", scaled(0.25), 1);
    check("temperature_2 on 1/sqrt(d)", scaled(by_size), 2);
    check("softcap_5 = 5*tanh(s/5), s scaled by 1/sqrt(d)",
          evaluate(ops::softcap, {scaled(by_size)}, {{"cap", 5.0}}), 1);
  }
}

TEST_CASE("scaled dot-product attention as in PyTorch, head by head") {
  const json file = test::load_reference("sdpa_core.json");
  std::size_t checked = 0;
  for (const DType dtype : test::kDTypes) {
    for (const json& entry : file["cases"]) {
      for (std::size_t head = 0; head < entry["heads"]; ++head) {
        CAPTURE(entry["name"].get<std::string>(), head, name_of(dtype));
        const Tensor q = tensor_of(entry["q"][head], dtype), k = tensor_of(entry["k"][head], dtype);
        Tensor scores = evaluate(ops::scale, {evaluate(ops::dot_product, {q, k})},
                                 {{"scale", 1 / std::sqrt(static_cast<double>(q.columns()))}});
        if (entry["causal"]) {
          const Tensor mask = evaluate(ops::mask, {q, k}, {{"causal", true}});
          scores = evaluate(ops::mask_scores, {scores, mask});
        }
        if (!entry["keep_mask"].is_null()) {
          scores = evaluate(ops::mask_scores, {scores, tensor_of(entry["keep_mask"], dtype)});
        }
        const Tensor weights = evaluate(ops::softmax, {scores});
        CHECK(mismatch(weights, tensor_of(entry["weights"][head]), tolerance_of(dtype)) == "");
        CHECK(mismatch(evaluate(ops::matmul, {weights, tensor_of(entry["v"][head], dtype)}),
                       tensor_of(entry["output"][head]), tolerance_of(dtype)) == "");
        ++checked;
      }
    }
  }
  CHECK(checked == 18);
}

TEST_CASE("softmax as in PyTorch") {
  const json file = test::load_reference("normalisers.json");
  REQUIRE(file["cases"].size() == 13);
  for (const DType dtype : test::kDTypes) {
    for (const json& entry : file["cases"]) {
      CAPTURE(entry["name"].get<std::string>(), name_of(dtype));
      const Tensor weights =
          evaluate(ops::softmax, {tensor_of(json::array({entry["scores"]}), dtype)});
      CHECK(mismatch(weights, tensor_of(json::array({entry["softmax"]})), tolerance_of(dtype)) ==
            "");
    }
  }
}

}  // namespace
}  // namespace attn_viz
