// Exact texts of what run_attention refuses.
#include "support/errors.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/problems.hpp"

namespace attn_viz {
namespace {

using test::error_of;
using test::matrix;
using test::problem_of;
using test::random_tensor;

const std::string kTransposed =
    "\n  hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q";

/// What three tokens of six numbers give with these settings.
std::string refused(const AttentionSettings& settings) {
  return error_of([&] { run_attention(problem_of(random_tensor({3, 6}, "x"), settings)); });
}

std::string refused_weights(const GivenWeights& weights, std::size_t heads = 2) {
  AttentionSettings settings;
  settings.heads = heads;
  settings.weights = weights;
  return refused(settings);
}

Tensor zeros(std::vector<std::size_t> shape) {
  return random_tensor(shape, "zeros", DType::kFloat64, 0);
}

TEST_CASE("attention refuses matrices of the wrong shape") {
  CHECK(refused_weights({.w_q = zeros({5, 4})}) ==
        "/attention/weights/W_Q: expected shape [6, 4] (embedding × head size · heads), got "
        "[5, 4]");
  CHECK(refused_weights({.w_q = zeros({4, 6})}) ==
        "/attention/weights/W_Q: expected shape [6, 4] (embedding × head size · heads), got "
        "[4, 6]" +
            kTransposed);
  CHECK(refused_weights({.w_q = zeros({4, 6})}, 1) ==
        "/attention/weights/W_Q: expected shape [6, 4] (embedding × head size), got [4, 6]" +
            kTransposed);
  CHECK(refused_weights({.w_q = zeros({6, 5})}) ==
        "/attention/weights/W_Q: expected a number of columns that 2 heads divide, got 5");
  CHECK(refused_weights({.w_q = zeros({3, 6, 2})}) ==
        "/attention/weights/W_Q: expected shape [2, 6, 2] (heads × embedding × head size), got "
        "[3, 6, 2]");
  CHECK(refused_weights({.w_v = zeros({2, 3, 6})}) ==
        "/attention/weights/W_V: expected shape [2, 6, 3] (heads × embedding × value size), got "
        "[2, 3, 6]" +
            kTransposed);
  CHECK(refused_weights({.w_q = zeros({6, 4}), .w_k = zeros({6, 8})}) ==
        "/attention/weights/W_K: expected shape [6, 4] (embedding × head size · heads), got "
        "[6, 8]");
  CHECK(refused_weights({.w_o = zeros({5, 7})}) ==
        "/attention/weights/W_O: expected shape [6, 7] (value size · heads × output size), got "
        "[5, 7]");
  CHECK(refused_weights({.w_o = zeros({4, 6})}) ==
        "/attention/weights/W_O: expected shape [6, 4] (value size · heads × output size), got "
        "[4, 6]" +
            kTransposed);
  CHECK(refused_weights({.w_o = zeros({2, 4, 6})}) ==
        "/attention/weights/W_O: expected shape [2, 3, 6] (heads × value size × output size), got "
        "[2, 4, 6]");
  CHECK(refused_weights({.b_q = zeros({5})}) ==
        "/attention/weights/b_Q: expected shape [6] (size · heads), got [5]");
  CHECK(refused_weights({.b_k = zeros({3, 2})}) ==
        "/attention/weights/b_K: expected shape [2, 3] (heads × size), got [3, 2]" + kTransposed);
  CHECK(refused_weights({.b_v = zeros({7})}, 1) ==
        "/attention/weights/b_V: expected shape [6] (size), got [7]");
  CHECK(refused_weights({.b_o = zeros({5})}) ==
        "/attention/weights/b_O: expected shape [6] (output size), got [5]");
}

TEST_CASE("attention refuses heads that do not divide the embedding") {
  AttentionSettings settings;
  settings.heads = 4;
  CHECK(refused(settings) ==
        "/attention/heads: expected a divisor of the embedding size 6, got 4\n  hint: choose "
        "other heads, or give head_size and the matrices");
  settings.heads = 12;
  CHECK(refused(settings).find("expected a divisor of the embedding size 6, got 12") !=
        std::string::npos);
  settings.weights = RandomWeights{1};
  settings.heads = 4;
  settings.head_size = settings.value_size = 5;
  CHECK(refused(settings) == "no error");
}

TEST_CASE("attention says which identity does not fit") {
  AttentionSettings settings;
  settings.head_size = 4;
  CHECK(refused(settings) ==
        "/attention/weights: W_Q is missing, and the identity does not fit: it would make 4 "
        "numbers of 6 (heads 1, size 4)\n  hint: give W_Q with shape [6, 4]");
  CHECK(refused_weights({.w_q = zeros({6, 4})}) ==
        "/attention/weights: W_K is missing, and the identity does not fit: it would make 4 "
        "numbers of 6 (heads 2, size 2)\n  hint: give W_K with shape [6, 4]");
}

TEST_CASE("attention refuses score parameters, biases and masks of the wrong shape") {
  AttentionSettings settings;
  settings.score.type = ScoreType::kAdditive;
  settings.score.w_query = zeros({6, 3});
  settings.score.w_key = zeros({3, 6});
  CHECK(refused(settings) ==
        "/attention/score/W_key: expected shape [6, 3] (key size × hidden size), got [3, 6]" +
            kTransposed);
  settings.score.w_key = zeros({2, 6, 3});
  CHECK(refused(settings) ==
        "/attention/score/W_key: expected shape [1, 6, 3] (heads × key size × hidden size), got "
        "[2, 6, 3]");
  settings.score.w_key = zeros({6, 3});
  settings.score.v = zeros({4});
  CHECK(refused(settings) == "/attention/score/v: expected shape [3] (hidden size), got [4]");
  settings.score.v = zeros({3});
  settings.score.bias = zeros({2});
  CHECK(refused(settings) == "/attention/score/bias: expected shape [3] (hidden size), got [2]");

  AttentionSettings bilinear;
  bilinear.score.type = ScoreType::kBilinear;
  bilinear.score.w = zeros({6, 5});
  CHECK(refused(bilinear) ==
        "/attention/score/W: expected shape [6, 6] (query size × key size), got [6, 5]");

  AttentionSettings biased;
  biased.bias = zeros({3, 4});
  CHECK(refused(biased) == "/attention/bias: expected shape [3, 3] (queries × keys), got [3, 4]");
  biased.bias = zeros({2, 3, 3});
  CHECK(refused(biased) ==
        "/attention/bias: expected shape [1, 3, 3] (heads × queries × keys), got [2, 3, 3]");

  AttentionSettings masked;
  masked.mask.padding = {true, true};
  CHECK(refused(masked) == "/attention/mask/padding: expected 3 entries, one for each key, got 2");
  masked.mask.padding = {};
  masked.mask.allow = zeros({2, 3});
  CHECK(refused(masked) ==
        "/attention/mask/allow: expected shape [3, 3] (queries × keys), got [2, 3]");
}

TEST_CASE("attention refuses parameters that only some sizes of query and key allow") {
  // A context of another size needs a matrix where the identity cannot stand.
  Problem cross = problem_of(random_tensor({3, 6}, "x"));
  cross.context = test::context_of(random_tensor({2, 4}, "y"));
  CHECK(error_of([&] { run_attention(cross); }) ==
        "/attention/weights: W_K is missing, and the identity does not fit: it would make 6 "
        "numbers of 4 (heads 1, size 6)\n  hint: give W_K with shape [4, 6]");
  // The default W of a bilinear score is an identity, which must be square.
  cross.attention.score.type = ScoreType::kBilinear;
  CHECK(error_of([&] { run_attention(cross); }) ==
        "/attention/score: W is missing, and the default of shape [6, 6] does not fit\n"
        "  hint: give W with shape [6, 4] (query size × key size)");
  cross.attention.score.w = zeros({6, 4});
  CHECK(error_of([&] { run_attention(cross); }) == "no error");
}

TEST_CASE("attention names the step and the value that overflows") {
  const std::string hint =
      "\n  hint: make the embeddings or the matrices smaller, or use the score \"cosine\"";
  const auto overflow = [](const Tensor& x, const AttentionSettings& settings = {}) {
    return error_of([&] { run_attention(problem_of(x, settings)); });
  };
  CHECK(overflow(matrix({{1, 1e150}, {1, 1e200}})) ==
        "layer0/head0/scores: the value of row 0, column 1 overflows float64; expected finite "
        "values" +
            hint);
  CHECK(overflow(matrix({{1, 1}, {1, 1e20}}, DType::kFloat32)) ==
        "layer0/head0/scores: the value of row 1, column 1 overflows float32; expected finite "
        "values" +
            hint);
  // The difference of two infinities is not a number.
  CHECK(overflow(matrix({{1e200, 1e200}, {1e200, -1e200}})).substr(0, 20) ==
        "layer0/head0/scores:");
  AttentionSettings weights;
  weights.weights = GivenWeights{.w_v = matrix({{1e308, 0}, {1e308, 1}})};
  CHECK(overflow(matrix({{1, 0}, {1, 1}}), weights) ==
        "layer0/head0/value: the value of row 1, column 0 overflows float64; expected finite "
        "values" +
            hint);
  AttentionSettings scaled;
  scaled.scale = 1e308;
  CHECK(overflow(matrix({{1, 0}, {2, 2}}), scaled).substr(0, 27) == "layer0/head0/scaled_scores:");
  CHECK(test::error_code_of([&] { run_attention(problem_of(matrix({{1e200}}))); }) == 3);
}

TEST_CASE("attention refuses what would not fit into the memory allowed, before any work") {
  const Problem problem = problem_of(random_tensor({20000, 1}, "x"));
  const auto run = [&] { run_attention(problem, std::size_t{1} << 30); };
  CHECK(error_of(run) ==
        "/attention: 20000 queries × 20000 keys with 1 head of size 1 would need 6.0 GiB; the "
        "limit is "
        "1.0 GiB\n  hint: take fewer tokens or heads, or --dtype float32");
  CHECK(test::error_code_of(run) == 5);
  AttentionSettings wide;
  wide.head_size = std::size_t{1} << 40;
  wide.weights = RandomWeights{1};
  CHECK(test::error_code_of([&] { run_attention(problem_of(matrix({{1, 2}}), wide)); }) == 5);
  wide.heads = std::size_t{1} << 50;
  wide.value_size = 1;
  CHECK(test::error_code_of([&] { run_attention(problem_of(matrix({{1, 2}}), wide)); }) == 5);
}

TEST_CASE("a stack counts what cheaper attention takes in each of its layers") {
  LayerSettings layer;
  layer.attention = AttentionSettings{};
  layer.attention->mask.causal = true;
  layer.attention->approximation = ApproximationSettings{.recurrent = true};
  Problem problem = problem_of(random_tensor({64, 16}, "x"));
  // A layer holds about 340 kB, most of it in the states after each key.
  constexpr std::size_t kLimit = 500'000;
  problem.layers = {layer};
  CHECK(test::error_code_of([&] { run_attention(problem, kLimit); }) == 0);
  problem.layers = {layer, layer};
  CHECK(test::error_code_of([&] { run_attention(problem, kLimit); }) == 5);
}

TEST_CASE("attention with queries and keys of size 0 looks at all keys alike") {
  AttentionSettings settings;
  settings.weights = GivenWeights{.w_q = Tensor({Axis{2}, Axis{0}}, Buffer<double>{}),
                                  .w_k = Tensor({Axis{2}, Axis{0}}, Buffer<double>{}),
                                  .w_v = matrix({{1, 0}, {0, 1}})};
  const Trace trace = run_attention(problem_of(matrix({{1, 0}, {3, 4}}), settings));
  CHECK(test::mismatch(test::head_values(trace, 0, "weights"), matrix({{0.5, 0.5}, {0.5, 0.5}}),
                       0) == "");
}

}  // namespace
}  // namespace attn_viz
