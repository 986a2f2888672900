// The worked examples of the course, at full precision (tests/data/attention-examples.json).
#include <cmath>

#include "attn_viz/core/files.hpp"
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
using test::off;
using test::running_example;
using test::values_of;

TEST_CASE("running example: scaled dot-product attention") {
  const Trace trace = run_attention(running_example());
  CHECK(off(head_values(trace, 0, "query"), "run_Q") == "");
  CHECK(off(head_values(trace, 0, "key"), "run_K") == "");
  CHECK(off(head_values(trace, 0, "value"), "run_V") == "");
  CHECK(off(head_values(trace, 0, "scores"), "run_S") == "");
  CHECK(off(head_values(trace, 0, "scaled_scores"), "run_Ss") == "");
  CHECK(off(head_values(trace, 0, "weights"), "run_As") == "");
  CHECK(off(head_values(trace, 0, "output"), "run_Os") == "");
  // Without W_O the output is that of the head.
  CHECK(off(values_of(trace, "layer0/attention_output"), "run_Os") == "");
}

TEST_CASE("running example: the row sums in logarithms") {
  const Trace trace = run_attention(running_example());
  const Tensor &s = head_values(trace, 0, "scaled_scores"), &a = head_values(trace, 0, "weights");
  Tensor lse(DType::kFloat64, {Axis{3}});
  for (std::size_t i = 0; i < 3; ++i) {
    lse.values<double>()[i] = s.at(i, 2) - std::log(a.at(i, 2));
  }
  CHECK(off(lse, "lse") == "");
}

TEST_CASE("running example: unscaled, with queries along the rows or (Lee) the columns") {
  Problem problem = running_example();
  problem.attention.score.type = ScoreType::kDotProduct;
  const Trace trace = run_attention(problem);
  CHECK(trace.find("layer0/head0/scaled_scores") == nullptr);
  CHECK(off(head_values(trace, 0, "weights"), "run_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "run_O") == "");
  CHECK(off(test::transposed(head_values(trace, 0, "weights")), "run_Alee") == "");
  CHECK(off(test::transposed(head_values(trace, 0, "output")), "run_Olee") == "");

  // The same by a scale of 1.
  Problem by_scale = running_example();
  by_scale.attention.scale = 1;
  CHECK(off(head_values(run_attention(by_scale), 0, "output"), "run_O") == "");
}

TEST_CASE("running example: tokens in another order") {
  Problem problem = running_example();
  problem.embeddings = matrix({{1, 1}, {1, 0}, {0, 1}});
  CHECK(off(values_of(run_attention(problem), "layer0/attention_output"), "perm_O") == "");
}

TEST_CASE("running example: additive score") {
  Problem problem = running_example();
  auto& given = std::get<GivenWeights>(problem.attention.weights);
  given.w_q.reset();  // the identity
  given.w_k.reset();
  problem.attention.score.type = ScoreType::kAdditive;
  const Trace defaults = run_attention(problem);  // identity matrices, ones for v
  problem.attention.score.w_query = problem.attention.score.w_key = matrix({{1, 0}, {0, 1}});
  problem.attention.score.v = test::vector_of({1, 1});
  const Trace written_out = run_attention(problem);
  for (const Trace* trace : {&defaults, &written_out}) {
    CHECK(off(head_values(*trace, 0, "scores"), "ladd_S") == "");
    CHECK(off(head_values(*trace, 0, "weights"), "ladd_A") == "");
    CHECK(off(head_values(*trace, 0, "output"), "ladd_O") == "");
  }
}

TEST_CASE("running example: two heads") {
  Problem problem = running_example();
  problem.attention.heads = 2;
  std::get<GivenWeights>(problem.attention.weights).w_o = matrix({{1, 1}, {0, 2}});
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "scores"), "mh_S1") == "");
  CHECK(off(head_values(trace, 1, "scores"), "mh_S2") == "");
  CHECK(off(head_values(trace, 0, "weights"), "mh_A1") == "");
  CHECK(off(head_values(trace, 1, "weights"), "mh_A2") == "");
  CHECK(off(values_of(trace, "layer0/concat"), "mh_C") == "");
  CHECK(off(values_of(trace, "layer0/attention_output"), "mh_O") == "");
}

TEST_CASE("running example: truncated attention, one key to the left") {
  Problem problem = running_example();
  problem.attention.score.type = ScoreType::kDotProduct;
  problem.attention.mask.window = {1, 0};
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "weights"), "tr_A") == "");
  CHECK(off(head_values(trace, 0, "output"), "tr_O") == "");
}

TEST_CASE("running example: causal and padding masks, and both with an empty row") {
  Problem causal = running_example();
  causal.attention.mask.causal = true;
  const Trace hidden_future = run_attention(causal);
  CHECK(off(head_values(hidden_future, 0, "weights"), "ca_A") == "");
  CHECK(off(head_values(hidden_future, 0, "output"), "ca_O") == "");

  Problem padded = running_example();
  padded.attention.mask.padding = {true, true, false};
  CHECK(off(head_values(run_attention(padded), 0, "weights"), "pa_A") == "");

  causal.attention.mask.padding = {false, true, true};
  const Trace both = run_attention(causal);
  CHECK(off(head_values(both, 0, "weights"), "em_A") == "");
  CHECK(both.find("layer0/head0/weights")->findings ==
        Attributes{{"empty_rows", std::vector<double>{0}}});
  for (std::size_t j = 0; j < 2; ++j) CHECK(head_values(both, 0, "output").at(0, j) == 0);
}

TEST_CASE("Tom chases Jerry: the alignment and its context vectors, from the sample") {
  const nlohmann::json sample =
      test::load_json(ATTN_VIZ_SOURCE_DIR "/samples/tom-chase-jerry.json");
  Problem problem = test::problem_of(test::tensor_of(sample["embeddings"]));
  problem.context = test::context_of(test::tensor_of(sample["context"]["embeddings"]),
                                     test::tensor_of(sample["context"]["values"]));
  REQUIRE(sample["attention"]["score"] == "dot-product");
  problem.attention.score.type = ScoreType::kDotProduct;
  const Trace trace = run_attention(problem);
  const Tensor& a = head_values(trace, 0, "weights");
  CHECK(absolute_mismatch(a, matrix({{0.6, 0.2, 0.2}, {0.2, 0.7, 0.1}, {0.3, 0.2, 0.5}}), 1e-12) ==
        "");
  CHECK(off(values_of(trace, "layer0/attention_output"), "tcj_C") == "");
  Tensor entropy(DType::kFloat64, {Axis{3}});
  for (std::size_t i = 0; i < 3; ++i) {
    entropy.values<double>()[i] = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      entropy.values<double>()[i] -= a.at(i, j) * std::log(a.at(i, j));
    }
  }
  CHECK(off(entropy, "tcj_H") == "");
}

}  // namespace
}  // namespace attn_viz
