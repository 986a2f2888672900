// "key_value_heads", "talking_heads", "differential" and the score "gat", as read.
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

AttentionSettings read_attention(const std::string& attention) {
  return read_document(R"({"embeddings": [[1, 0], [0, 1]], "attention": )" + attention + "}",
                       "test")
      .attention;
}

std::string error(const std::string& attention) {
  return test::error_of([&] { read_attention(attention); });
}

TEST_CASE("key_value_heads: a whole number") {
  CHECK(read_attention(R"({"heads": 4, "key_value_heads": 2})").key_value_heads == 2);
  CHECK(!read_attention("{}").key_value_heads);
  CHECK(error(R"({"key_value_heads": 0})") ==
        "/attention/key_value_heads: expected a whole number ≥ 1, got 0");
}

TEST_CASE("talking_heads: one matrix or two") {
  const auto both = read_attention(R"({"heads": 2, "talking_heads":
      {"scores": [[1, 0.5], [0, 1]], "weights": [[0, 1], [1, 0]], "comment": "swap"}})");
  CHECK(both.talking_heads->scores->same_bits(test::matrix({{1, 0.5}, {0, 1}})));
  CHECK(both.talking_heads->weights->same_bits(test::matrix({{0, 1}, {1, 0}})));
  const auto one = read_attention(R"({"talking_heads": {"weights": [[1]]}})");
  CHECK(!one.talking_heads->scores);
  CHECK(error(R"({"talking_heads": {}})") ==
        "/attention/talking_heads: expected \"scores\" or \"weights\", got neither");
  CHECK(error(R"({"talking_heads": {"score": [[1]]}})") ==
        "/attention/talking_heads/score: unknown key\n  hint: did you mean \"scores\"?");
  CHECK(error(R"({"talking_heads": {"scores": [1]}})") ==
        "/attention/talking_heads/scores: expected a matrix (from head × to head), got [1]");
}

TEST_CASE("differential: λ as a number, or its vectors") {
  const auto number =
      read_attention(R"({"differential": {"lambda": 0.5, "norm": true}})").differential;
  CHECK(number->lambda == 0.5);
  CHECK(number->norm);
  CHECK(!number->lambda_q1);
  const std::string vectors =
      R"("lambda_q1": [1], "lambda_k1": [2], "lambda_q2": [3], "lambda_k2": [4])";
  const auto given =
      read_attention(R"({"differential": {)" + vectors + R"(, "depth": 3}})").differential;
  CHECK(!given->lambda);
  CHECK(given->lambda_k2->same_bits(test::vector_of({4})));
  CHECK(given->depth == 3);
  CHECK(!given->norm);
  CHECK(read_attention(R"({"differential": {)" + vectors + R"(, "lambda_init": 0.25}})")
            .differential->lambda_init == 0.25);

  CHECK(error(R"({"differential": {}})") ==
        "/attention/differential: expected \"lambda\", or its four vectors; \"lambda_q1\" is "
        "missing");
  CHECK(error(R"({"differential": {"lambda": 1, "lambda_k1": [1]}})") ==
        "/attention/differential/lambda_k1: λ is given as a number; its vectors have no use\n"
        "  hint: leave out \"lambda\", or the four vectors");
  CHECK(error(R"({"differential": {)" + vectors + R"(, "lambda_init": 0.2, "depth": 1}})") ==
        "/attention/differential/depth: lambda_init is given; expected no depth\n"
        "  hint: depth l stands for lambda_init 0.8 − 0.6 exp(−0.3 (l − 1))");
  CHECK(error(R"({"differential": {"lamda": 1}})") ==
        "/attention/differential/lamda: unknown key\n  hint: did you mean \"lambda\"?");
}

TEST_CASE("gat: its vector and its slope") {
  const auto score =
      read_attention(R"({"score": {"type": "gat", "a": [1, 2, 3, 4], "slope": 0.1}})").score;
  CHECK(score.type == ScoreType::kGat);
  CHECK(score.a->same_bits(test::vector_of({1, 2, 3, 4})));
  CHECK(score.slope == 0.1);
  CHECK(read_attention(R"({"score": "gat"})").score.slope == 0.2);
  CHECK(read_attention(R"({"score": {"type": "gat", "a": [[1, 2], [3, 4]]}})").score.a->rank() ==
        2);
  CHECK(error(R"({"score": {"type": "gat", "slope": -1}})") ==
        "/attention/score/slope: expected a number ≥ 0, got -1");
  CHECK(
      error(R"({"score": {"type": "gat", "W": [[1]]}})").find("/attention/score/W: unknown key") ==
      0);
}

}  // namespace
}  // namespace attn_viz
