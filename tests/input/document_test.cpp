// What documents mean, and options that go before them.
#include <filesystem>
#include <string>

#include "attn_viz/core/files.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::matrix;

Problem read(const std::string& text, const Overrides& overrides = {}) {
  return read_document(text, "the stem", overrides);
}

/// Two tokens of two numbers with settings.
AttentionSettings settings_of(const std::string& attention, const Overrides& overrides = {}) {
  return read("{\"embeddings\": [[1, 0], [0, 1]], \"attention\": {" + attention + "}}", overrides)
      .attention;
}

TEST_CASE("document: only embeddings are required") {
  const Problem problem = read(R"({"embeddings": [[1, 2, 3], [4, 5, 6]]})");
  CHECK(problem.title == "the stem");
  CHECK(problem.dtype == DType::kFloat64);
  CHECK(problem.axis.labels == std::vector<std::string>{"0", "1"});
  CHECK_FALSE(problem.axis.grid);
  CHECK(problem.embeddings.same_bits(matrix({{1, 2, 3}, {4, 5, 6}})));
  CHECK_FALSE(problem.context);
  const AttentionSettings& attention = problem.attention;
  CHECK(attention.heads == 1);
  CHECK(attention.score.type == ScoreType::kScaledDotProduct);
  CHECK_FALSE(attention.head_size);
  CHECK_FALSE(attention.scale);
  CHECK_FALSE(attention.softcap);
  CHECK_FALSE(attention.bias);
  CHECK(attention.mask.hides_nothing());
  CHECK(attention.normalize.temperature == 1);
  CHECK(std::holds_alternative<IdentityWeights>(attention.weights));
}

TEST_CASE("document: title, tokens and keys that are ignored") {
  const Problem problem = read(R"({"$schema": "x", "comment": ["any", {"thing": 1}],
      "title": "汤姆", "tokens": ["a", "b"], "embeddings": [[1], [2]], "mechanism": "attention",
      "steps": {"layer0/head0/weights": [[1]]},
      "attention": {"comment": 1, "mask": {"comment": 1}, "weights": {"comment": "x"}}})");
  CHECK(problem.title == "汤姆");
  CHECK(problem.axis.labels == std::vector<std::string>{"a", "b"});
}

TEST_CASE("document: patches are numbered row by row") {
  const Problem problem = read(R"({"embeddings": [[1], [2], [3], [4], [5], [6]],
      "patches": {"rows": 2, "columns": 3, "image": "cat.png"}})");
  CHECK(problem.axis.labels == std::vector<std::string>{"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"});
  CHECK(problem.axis.grid == std::pair<std::size_t, std::size_t>(2, 3));
  CHECK(problem.axis.image == "cat.png");
}

TEST_CASE("document: a context with and without values and labels") {
  const Problem plain = read(R"({"embeddings": [[1]], "context": {"embeddings": [[1], [2]]}})");
  REQUIRE(plain.context);
  CHECK(plain.context->axis.labels == std::vector<std::string>{"0", "1"});
  CHECK_FALSE(plain.context->values);
  const Problem full = read(R"({"embeddings": [[1]], "context": {
      "patches": {"rows": 2, "columns": 1}, "embeddings": [[1, 2], [3, 4]],
      "values": [[5, 6, 7], [8, 9, 10]]}})");
  CHECK(full.context->axis.grid == std::pair<std::size_t, std::size_t>(2, 1));
  CHECK(full.context->embeddings.same_bits(matrix({{1, 2}, {3, 4}})));
  CHECK(full.context->values->same_bits(matrix({{5, 6, 7}, {8, 9, 10}})));
}

TEST_CASE("document: every name of a score, also the short ones") {
  const auto type = [](const std::string& name) {
    return settings_of("\"score\": \"" + name + "\"").score.type;
  };
  CHECK(type("dot-product") == ScoreType::kDotProduct);
  CHECK(type("dot") == ScoreType::kDotProduct);
  CHECK(type("scaled-dot-product") == ScoreType::kScaledDotProduct);
  CHECK(type("scaled-dot") == ScoreType::kScaledDotProduct);
  CHECK(type("additive") == ScoreType::kAdditive);
  CHECK(type("cosine") == ScoreType::kCosine);
  CHECK(type("bilinear") == ScoreType::kBilinear);
  CHECK(settings_of(R"("score": {"type": "dot"})").score.type == ScoreType::kDotProduct);
  CHECK(find_score("scaled-dot") == ScoreType::kScaledDotProduct);
  CHECK_FALSE(find_score("Dot"));
  CHECK_FALSE(find_score(""));
}

TEST_CASE("document: settings are read") {
  const AttentionSettings settings = settings_of(R"(
      "heads": 2, "head_size": 3, "value_size": 4, "scale": -0.5, "softcap": 30,
      "bias": [[1, 2], [3, 4]], "position": "none",
      "mask": {"causal": true, "window": [2, 0], "padding": [true, false], "allow": [[1, 0], [1, 1]]},
      "normalize": {"type": "softmax", "temperature": 0.25}, "weights": {"random": 9})");
  CHECK(settings.heads == 2);
  CHECK(settings.head_size == std::size_t{3});
  CHECK(settings.value_size == std::size_t{4});
  CHECK(settings.scale == -0.5);
  CHECK(settings.softcap == 30.0);
  CHECK(settings.bias->same_bits(matrix({{1, 2}, {3, 4}})));
  CHECK(settings.mask.causal);
  CHECK(settings.mask.window == std::pair(2.0, 0.0));
  CHECK(settings.mask.padding == std::vector<bool>{true, false});
  CHECK(settings.mask.allow->same_bits(matrix({{1, 0}, {1, 1}})));
  CHECK(settings.normalize.temperature == 0.25);
  CHECK(std::get<RandomWeights>(settings.weights).seed == 9);
  CHECK(settings_of(R"("bias": [[[1]], [[2]]])").bias->rank() == 3);
  CHECK_FALSE(settings_of(R"("mask": {"causal": false})").mask.causal);
}

TEST_CASE("document: matrices fused or for each head") {
  const AttentionSettings settings = settings_of(R"("weights": {
      "W_Q": [[1, 2], [3, 4]], "W_K": [[[1], [2]], [[3], [4]]], "b_Q": [5, 6], "b_V": [[7], [8]],
      "W_O": [[1, 0], [0, 1]], "b_O": [9, 10]})");
  const auto& given = std::get<GivenWeights>(settings.weights);
  CHECK(given.w_q->same_bits(matrix({{1, 2}, {3, 4}})));
  CHECK(given.w_k->shape() == std::vector<std::size_t>{2, 2, 1});
  CHECK_FALSE(given.w_v);
  CHECK(given.w_o->rank() == 2);
  CHECK(given.b_q->same_bits(test::vector_of({5, 6})));
  CHECK(given.b_v->shape() == std::vector<std::size_t>{2, 1});
  CHECK_FALSE(given.b_k);
  CHECK(given.b_o->at(1) == 10);
}

TEST_CASE("document: parameters of the scores") {
  const ScoreSettings additive = settings_of(R"("score": {"type": "additive",
      "W_query": [[1, 2], [3, 4]], "W_key": [[[1, 2], [3, 4]]], "v": [5, 6], "bias": [[7, 8]]})")
                                     .score;
  CHECK(additive.w_query->same_bits(matrix({{1, 2}, {3, 4}})));
  CHECK(additive.w_key->rank() == 3);
  CHECK(additive.v->same_bits(test::vector_of({5, 6})));
  CHECK(additive.bias->rank() == 2);
  const ScoreSettings bilinear =
      settings_of(R"("score": {"type": "bilinear", "W": [[1, 2], [3, 4]]})").score;
  CHECK(bilinear.w->same_bits(matrix({{1, 2}, {3, 4}})));
}

TEST_CASE("document: float32 rounds every array") {
  Overrides overrides;
  overrides.dtype = DType::kFloat32;
  const Problem problem = read(R"({"embeddings": [[0.1]], "context": {"embeddings": [[0.2]]},
      "attention": {"weights": {"W_Q": [[0.3]]}, "bias": [[0.4]], "mask": {"allow": [[1]]},
                    "score": {"type": "bilinear", "W": [[0.5]]}}})",
                               overrides);
  CHECK(problem.dtype == DType::kFloat32);
  CHECK(problem.embeddings.same_bits(matrix({{0.1}}, DType::kFloat32)));
  CHECK(problem.context->embeddings.dtype() == DType::kFloat32);
  CHECK(std::get<GivenWeights>(problem.attention.weights).w_q->dtype() == DType::kFloat32);
  CHECK(problem.attention.bias->dtype() == DType::kFloat32);
  CHECK(problem.attention.mask.allow->dtype() == DType::kFloat32);
  CHECK(problem.attention.score.w->dtype() == DType::kFloat32);
}

TEST_CASE("overrides: every one goes before the document") {
  const std::string document = R"("heads": 1, "score": "cosine", "scale": 3,
      "mask": {"window": [5, 5], "padding": [true, false]}, "weights": {"W_Q": [[1, 0], [0, 1]]})";
  Overrides heads;
  heads.heads = 2;
  CHECK(settings_of(document, heads).heads == 2);
  Overrides score;
  score.score = ScoreType::kDotProduct;
  CHECK(settings_of(document, score).score.type == ScoreType::kDotProduct);
  Overrides scale;
  scale.scale = 0.5;
  CHECK(settings_of(document, scale).scale == 0.5);
  Overrides causal;
  causal.causal = true;
  CHECK(settings_of(document, causal).mask.causal);
  CHECK(settings_of(document, causal).mask.padding.size() == 2);  // the rest stays
  Overrides window;
  window.window = {1, 2};
  CHECK(settings_of(document, window).mask.window == std::pair(1.0, 2.0));
  Overrides identity;
  identity.identity_weights = true;
  CHECK(std::holds_alternative<IdentityWeights>(settings_of(document, identity).weights));
  Overrides random;
  random.random_weights = true;
  CHECK(std::get<RandomWeights>(settings_of(document, random).weights).seed == 0);
  random.seed = 12;
  CHECK(std::get<RandomWeights>(settings_of(document, random).weights).seed == 12);
  Overrides none;
  CHECK(settings_of(document, none).scale == 3.0);
  CHECK(settings_of(document, none).mask.window == std::pair(5.0, 5.0));
}

TEST_CASE("overrides: a score of the same name keeps its parameters, another drops them") {
  const std::string document = R"("score": {"type": "bilinear", "W": [[1, 2], [3, 4]]})";
  Overrides same;
  same.score = ScoreType::kBilinear;
  CHECK(settings_of(document, same).score.w);
  Overrides other;
  other.score = ScoreType::kAdditive;
  CHECK_FALSE(settings_of(document, other).score.w);
}

TEST_CASE("overrides: a seed needs random weights") {
  Overrides seed;
  seed.seed = 4;
  CHECK(std::get<RandomWeights>(settings_of(R"("weights": {"random": 9})", seed).weights).seed ==
        4);
  CHECK(test::error_of([&] { settings_of(R"("heads": 1)", seed); }) ==
        "--seed: expected random weights, but they are not random\n  hint: add --weights random");
  CHECK(test::error_code_of([&] { settings_of(R"("heads": 1)", seed); }) == 2);
  Overrides keeps;
  keeps.random_weights = true;
  CHECK(std::get<RandomWeights>(settings_of(R"("weights": {"random": 9})", keeps).weights).seed ==
        9);
}

TEST_CASE("document: every sample is read and computed in both types") {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() != ".json") continue;
    CAPTURE(entry.path().filename().string());
    const std::string text = read_file(entry.path().string());
    for (const DType dtype : test::kDTypes) {
      Overrides overrides;
      overrides.dtype = dtype;
      const Trace trace = run(read_task(text, "stem", overrides));
      CHECK(trace.title != "stem");
      CHECK(trace.dtype == dtype);
      CHECK(!trace.steps.back().inputs.empty());
    }
    ++count;
  }
  CHECK(count >= 6);
}

}  // namespace
}  // namespace attn_viz
