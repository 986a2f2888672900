// What must hold for every attention, whatever the numbers.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"

namespace attn_viz {
namespace {

using test::head_values;
using test::ids_of;
using test::matrix;
using test::mismatch;
using test::output_of;
using test::problem_of;
using test::random_tensor;
using test::values_of;

AttentionSettings with_score(ScoreType type, std::size_t heads = 2) {
  AttentionSettings settings;
  settings.heads = heads;
  settings.score.type = type;
  settings.weights = RandomWeights{11};
  return settings;
}

constexpr ScoreType kAllScores[] = {ScoreType::kDotProduct, ScoreType::kScaledDotProduct,
                                    ScoreType::kAdditive, ScoreType::kCosine, ScoreType::kBilinear};

TEST_CASE("attention: permuting the tokens permutes the output") {
  const Tensor x = random_tensor({7, 6}, "x");
  const std::vector<std::size_t> order{4, 2, 6, 0, 5, 1, 3};
  for (const ScoreType type : kAllScores) {
    const Tensor plain = output_of(run_attention(problem_of(x, with_score(type))));
    const Tensor permuted =
        output_of(run_attention(problem_of(test::reordered(x, order), with_score(type))));
    CAPTURE(kScoreNames[static_cast<std::size_t>(type)]);
    CHECK(mismatch(permuted, test::reordered(plain, order), 1e-12) == "");
    CHECK(mismatch(permuted, plain, 1e-3) != "");  // the law is not empty
  }
}

TEST_CASE("attention: the weights of every row sum to 1") {
  for (const ScoreType type : kAllScores) {
    const Trace trace = run_attention(problem_of(random_tensor({31, 8}, "x"), with_score(type, 4)));
    for (std::size_t head = 0; head < 4; ++head) {
      const Tensor& weights = head_values(trace, head, "weights");
      for (std::size_t i = 0; i < 31; ++i) {
        double sum = 0;
        for (std::size_t j = 0; j < 31; ++j) sum += weights.at(i, j);
        CHECK(std::abs(sum - 1) <= 1e-12);
      }
    }
  }
}

TEST_CASE("attention: a causal mask hides the future, to the last bit") {
  for (const ScoreType type : kAllScores) {
    AttentionSettings settings = with_score(type);
    settings.mask.causal = true;
    const Tensor x = random_tensor({9, 6}, "x");
    Tensor changed = x;
    for (std::size_t t = 5 * 6; t < 9 * 6; ++t) changed.values<double>()[t] += 3;
    const Tensor before = output_of(run_attention(problem_of(x, settings)));
    const Tensor after = output_of(run_attention(problem_of(changed, settings)));
    for (std::size_t place = 0; place < 5 * 6; ++place) {
      if (before.at(place) != after.at(place)) FAIL("value " << place << " saw the future");
    }
    CHECK(before.at(5, 0) != after.at(5, 0));
  }
}

TEST_CASE("attention: a window as wide as the sequence is full attention") {
  const Tensor x = random_tensor({8, 4}, "x");
  AttentionSettings settings = with_score(ScoreType::kScaledDotProduct);
  const Tensor full = output_of(run_attention(problem_of(x, settings)));
  settings.mask.window = {7, 7};
  const Trace wide = run_attention(problem_of(x, settings));
  CHECK(wide.find("layer0/mask") != nullptr);
  CHECK(output_of(wide).same_bits(full));
  settings.mask.window = {6, 7};
  CHECK_FALSE(output_of(run_attention(problem_of(x, settings))).same_bits(full));
  settings.mask.window = {9007199254740992.0, 9007199254740992.0};
  CHECK(output_of(run_attention(problem_of(x, settings))).same_bits(full));
}

TEST_CASE("attention: a window of [0, 0] lets each token see itself alone") {
  AttentionSettings settings;
  settings.mask.window = {0, 0};
  const Tensor x = random_tensor({6, 4}, "x");
  const Trace trace = run_attention(problem_of(x, settings));
  CHECK(mismatch(head_values(trace, 0, "weights"), identity_matrix(6, DType::kFloat64), 0) == "");
  CHECK(mismatch(output_of(trace), x, 0) == "");
}

TEST_CASE("attention: masks are AND-ed") {
  const Tensor x = random_tensor({6, 4}, "x");
  Tensor allow = random_tensor({6, 6}, "allow");
  for (double& value : allow.values<double>()) value = value > -0.4 ? 1 : 0;
  const auto mask_of = [&](auto set) {
    AttentionSettings settings;
    set(settings.mask);
    return values_of(run_attention(problem_of(x, settings)), "layer0/mask");
  };
  const Tensor causal = mask_of([](MaskSettings& mask) { mask.causal = true; });
  const Tensor window = mask_of([](MaskSettings& mask) { mask.window = {2, 1}; });
  const Tensor padding =
      mask_of([](MaskSettings& mask) { mask.padding = {true, false, true, true, true, false}; });
  const Tensor allowed = mask_of([&](MaskSettings& mask) { mask.allow = allow; });
  const Tensor all = mask_of([&](MaskSettings& mask) {
    mask.causal = true;
    mask.window = {2, 1};
    mask.padding = {true, false, true, true, true, false};
    mask.allow = allow;
  });
  Tensor product = causal;
  for (std::size_t i = 0; i < 36; ++i) {
    product.values<double>()[i] *= window.at(i) * padding.at(i) * allowed.at(i);
  }
  CHECK(mismatch(all, product, 0) == "");
}

TEST_CASE("attention: one token attends to itself; one key gets all the weight") {
  for (const ScoreType type : kAllScores) {
    AttentionSettings settings;
    settings.score.type = type;
    const Tensor x = matrix({{3, -1, 0.5}});
    const Trace one = run_attention(problem_of(x, settings));
    CHECK(head_values(one, 0, "weights").at(0) == 1);
    CHECK(mismatch(output_of(one), x, 0) == "");

    Problem cross = problem_of(random_tensor({4, 3}, "x"), settings);
    cross.context = test::context_of(x);
    const Trace one_key = run_attention(cross);
    for (std::size_t i = 0; i < 4; ++i) {
      CHECK(head_values(one_key, 0, "weights").at(i, 0) == 1);
      for (std::size_t j = 0; j < 3; ++j) CHECK(output_of(one_key).at(i, j) == x.at(0, j));
    }
  }
}

TEST_CASE("attention: identity weights slice the embedding into heads") {
  const Tensor x = random_tensor({5, 6}, "x");
  AttentionSettings settings;
  settings.heads = 3;
  const Trace trace = run_attention(problem_of(x, settings));
  for (std::size_t head = 0; head < 3; ++head) {
    const Tensor slice = x.slice_columns(2 * head, 2);
    for (const char* name : {"query", "key", "value"}) {
      CHECK(mismatch(head_values(trace, head, name), slice, 0) == "");
    }
    // The head is what one head alone makes of its slice.
    const Trace alone = run_attention(problem_of(slice));
    for (const char* name : {"scores", "scaled_scores", "weights", "output"}) {
      CHECK(head_values(trace, head, name).same_bits(head_values(alone, 0, name)));
    }
    CHECK(mismatch(output_of(trace).slice_columns(2 * head, 2), output_of(alone), 0) == "");
  }
}

/// Given weights for heads of these sizes, with biases.
GivenWeights fused_weights(std::size_t d, std::size_t heads, std::size_t d_k, std::size_t d_v) {
  return {.w_q = random_tensor({d, heads * d_k}, "W_Q"),
          .w_k = random_tensor({d, heads * d_k}, "W_K"),
          .w_v = random_tensor({d, heads * d_v}, "W_V"),
          .w_o = random_tensor({heads * d_v, 5}, "W_O"),
          .b_q = random_tensor({heads * d_k}, "b_Q"),
          .b_k = random_tensor({heads * d_k}, "b_K"),
          .b_v = random_tensor({heads * d_v}, "b_V"),
          .b_o = random_tensor({5}, "b_O")};
}

/// The blocks of columns of a fused matrix, one after another.
Tensor per_head(const Tensor& fused, std::size_t heads) {
  const std::size_t width = fused.columns() / heads;
  Buffer<double> values;
  for (std::size_t head = 0; head < heads; ++head) {
    const Tensor block = fused.slice_columns(head * width, width);
    values.insert(values.end(), block.values<double>().begin(), block.values<double>().end());
  }
  return Tensor({Axis{heads}, Axis{fused.rows()}, Axis{width}}, std::move(values));
}

TEST_CASE("attention: matrices per head give what fused ones give") {
  const Tensor x = random_tensor({6, 7}, "x");
  const GivenWeights fused = fused_weights(7, 3, 2, 4);
  GivenWeights split = fused;
  split.w_q = per_head(*fused.w_q, 3);
  split.w_k = per_head(*fused.w_k, 3);
  split.w_v = per_head(*fused.w_v, 3);
  split.w_o = fused.w_o->with_axes({Axis{3}, Axis{4}, Axis{5}});
  split.b_q = fused.b_q->with_axes({Axis{3}, Axis{2}});
  split.b_k = fused.b_k->with_axes({Axis{3}, Axis{2}});
  split.b_v = fused.b_v->with_axes({Axis{3}, Axis{4}});
  AttentionSettings settings;
  settings.heads = 3;
  settings.weights = fused;
  const Trace one = run_attention(problem_of(x, settings));
  settings.weights = split;
  const Trace other = run_attention(problem_of(x, settings));
  REQUIRE(ids_of(one) == ids_of(other));
  for (std::size_t i = 0; i < one.steps.size(); ++i) {
    CAPTURE(one.steps[i].id);
    CHECK(one.steps[i].values.same_bits(other.steps[i].values));
  }
  CHECK(output_of(one).shape() == std::vector<std::size_t>{6, 5});
}

TEST_CASE("attention: the heads of a layer are heads computed alone") {
  const Tensor x = random_tensor({6, 7}, "x");
  const GivenWeights fused = fused_weights(7, 3, 2, 4);
  AttentionSettings settings;
  settings.heads = 3;
  settings.weights = fused;
  const Trace all = run_attention(problem_of(x, settings));
  Tensor sum(DType::kFloat64, {Axis{6}, Axis{5}});
  for (std::size_t i = 0; i < 30; ++i) sum.values<double>()[i] = fused.b_o->at(i % 5);
  for (std::size_t head = 0; head < 3; ++head) {
    AttentionSettings alone;
    alone.weights =
        GivenWeights{.w_q = fused.w_q->slice_columns(2 * head, 2),
                     .w_k = fused.w_k->slice_columns(2 * head, 2),
                     .w_v = fused.w_v->slice_columns(4 * head, 4),
                     .w_o = fused.w_o->with_axes({Axis{3}, Axis{4}, Axis{5}}).part(head),
                     .b_q = fused.b_q->with_axes({Axis{3}, Axis{2}}).part(head),
                     .b_k = fused.b_k->with_axes({Axis{3}, Axis{2}}).part(head),
                     .b_v = fused.b_v->with_axes({Axis{3}, Axis{4}}).part(head)};
    const Trace trace = run_attention(problem_of(x, alone));
    for (const char* name : {"query", "key", "value", "scores", "weights", "output"}) {
      CHECK(mismatch(head_values(trace, 0, name), head_values(all, head, name), 1e-12) == "");
    }
    for (std::size_t i = 0; i < 30; ++i) sum.values<double>()[i] += output_of(trace).at(i);
  }
  // The output is the sum of what each head contributes, and the bias.
  CHECK(mismatch(output_of(all), sum, 1e-12) == "");
}

TEST_CASE("attention: cross-attention on the sequence itself is self-attention") {
  const Tensor x = random_tensor({5, 6}, "x");
  for (const ScoreType type : kAllScores) {
    const Tensor self = output_of(run_attention(problem_of(x, with_score(type))));
    Problem cross = problem_of(x, with_score(type));
    cross.context = test::context_of(x);
    CHECK(output_of(run_attention(cross)).same_bits(self));
    cross.context->values = x;
    CHECK(output_of(run_attention(cross)).same_bits(self));
  }
}

TEST_CASE("attention: a bias of one constant changes nothing, one of −1e9 hides a key") {
  const Tensor x = random_tensor({4, 4}, "x");
  AttentionSettings settings = with_score(ScoreType::kScaledDotProduct);
  const Tensor plain = output_of(run_attention(problem_of(x, settings)));
  settings.bias = matrix({{2, 2, 2, 2}, {2, 2, 2, 2}, {2, 2, 2, 2}, {2, 2, 2, 2}});
  CHECK(mismatch(output_of(run_attention(problem_of(x, settings))), plain, 1e-12) == "");
  settings.bias = matrix({{0, 0, 0, -1e9}, {0, 0, 0, -1e9}, {0, 0, 0, -1e9}, {0, 0, 0, -1e9}});
  const Tensor biased = output_of(run_attention(problem_of(x, settings)));
  settings.bias.reset();
  settings.mask.padding = {true, true, true, false};
  CHECK(mismatch(biased, output_of(run_attention(problem_of(x, settings))), 1e-6) == "");
}

TEST_CASE("attention: zero embeddings under cosine give even weights, and the trace says so") {
  AttentionSettings settings;
  settings.score.type = ScoreType::kCosine;
  const Trace trace = run_attention(problem_of(matrix({{0, 0}, {0, 0}}), settings));
  CHECK(mismatch(head_values(trace, 0, "weights"), matrix({{0.5, 0.5}, {0.5, 0.5}}), 0) == "");
  CHECK(trace.find("layer0/head0/scores")->findings ==
        Attributes{{"zero_queries", std::vector<double>{0, 1}},
                   {"zero_keys", std::vector<double>{0, 1}}});
}

TEST_CASE("attention: embeddings of ±1e300 under cosine") {
  AttentionSettings settings;
  settings.score.type = ScoreType::kCosine;
  settings.mask.causal = true;
  const Trace trace = run_attention(problem_of(matrix({{1e300, 0}, {-1e300, 0}}), settings));
  CHECK(mismatch(head_values(trace, 0, "scores"), matrix({{1, -1}, {-1, 1}}), 0) == "");
}

TEST_CASE("attention: float32 agrees with float64") {
  for (const ScoreType type : kAllScores) {
    const Tensor x = random_tensor({12, 8}, "x");
    const Trace wide = run_attention(problem_of(x, with_score(type)));
    const Trace narrow = run_attention(problem_of(x.as(DType::kFloat32), with_score(type)));
    CAPTURE(kScoreNames[static_cast<std::size_t>(type)]);
    CHECK(narrow.dtype == DType::kFloat32);
    REQUIRE(ids_of(wide) == ids_of(narrow));
    for (std::size_t i = 0; i < wide.steps.size(); ++i) {
      CAPTURE(wide.steps[i].id);
      CHECK(narrow.steps[i].values.dtype() == DType::kFloat32);
      CHECK(test::product_mismatch(narrow.steps[i].values, wide.steps[i].values, 1e-5) == "");
    }
  }
}

}  // namespace
}  // namespace attn_viz
