// Other numbers for every student, and their answers read back from a table.
#include "attn_viz/input/exercise.hpp"

#include <set>

#include "attn_viz/core/json_write.hpp"
#include "attn_viz/input/answers.hpp"
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/problems.hpp"

namespace attn_viz {
namespace {

const char* const kDocument = R"({
  "title": "Colours: red looks at red", "comment": "red", "tokens": ["a", "b", "c"],
  "embeddings": [[0.5, 0.25], [9, 9], [1, 1]],
  "context": {"embeddings": [[7, 7, 7], [8, 8, 8]]},
  "attention": {"scale": 0.5, "mask": {"allow": [[1, 0], [1, 1], [0, 1]]},
                "weights": {"W_Q": [[5, 5], [5, 5]], "W_K": [[5, 5], [5, 5], [5, 5]],
                            "W_V": [[5, 5], [5, 5], [5, 5]]}}})";

std::string seeded(std::uint64_t seed) {
  return json::document_text(with_small_numbers(json::parse(kDocument), seed));
}

TEST_CASE("exercise: small whole numbers, in the places of numbers to be learned alone") {
  const Problem problem = read_document(seeded(4), "");
  CHECK(problem.title == "Colours");
  CHECK(problem.axis.labels == std::vector<std::string>{"a", "b", "c"});
  CHECK(problem.attention.scale == 0.5);
  CHECK(problem.attention.mask.allow->at(0, 1) == 0);
  const auto in_range = [](const Tensor& tensor, double least) {
    for (std::size_t i = 0; i < tensor.count(); ++i) {
      const double value = tensor.at(i);
      if (value < least || value > 2 || value != static_cast<int>(value)) return false;
    }
    return true;
  };
  CHECK(in_range(problem.embeddings, 0));
  CHECK(in_range(problem.context->embeddings, 0));
  const auto& weights = std::get<GivenWeights>(problem.attention.weights);
  CHECK(in_range(*weights.w_q, -1));
  CHECK(in_range(*weights.w_v, -1));
}

TEST_CASE("exercise: no row is 0, rows differ, and seeds differ") {
  std::set<std::string> all;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const Tensor rows = read_document(seeded(seed), "").embeddings;
    std::set<std::pair<double, double>> distinct;
    for (std::size_t i = 0; i < 3; ++i) distinct.emplace(rows.at(i, 0), rows.at(i, 1));
    CHECK(distinct.size() == 3);
    CHECK(distinct.count({0, 0}) == 0);
    all.insert(seeded(seed));
  }
  CHECK(all.size() == 200);
  CHECK(seeded(7) == seeded(7));
}

TEST_CASE("exercise: more rows than there are different ones still come to an end") {
  std::string rows = "[1]";
  for (int i = 0; i < 20; ++i) rows += ", [1]";
  const auto document = json::parse("{\"embeddings\": [" + rows + "]}");
  CHECK(with_small_numbers(document, 1).members[0].second.numbers.size() == 21);
}

TEST_CASE("exercise: random weights are refused") {
  const auto document =
      json::parse(R"({"embeddings": [[1]], "attention": {"weights": {"random": 3}}})");
  CHECK_THROWS_WITH(with_small_numbers(document, 1),
                    Catch::Contains("/attention/weights: expected given or identity weights"));
}

TEST_CASE("exercise: a document is written as it was read") {
  const auto document = json::parse(kDocument);
  CHECK(json::document_text(json::parse(json::document_text(document))) ==
        json::document_text(document));
  CHECK(json::document_text(json::parse(R"({"a": [[1, 2.5], [3, 4]], "b": ["x\n", true], "c": {},
      "d": [], "e": [{"f": 1e-3}]})")) ==
        "{\n  \"a\": [\n    [1, 2.5],\n    [3, 4]\n  ],\n  \"b\": [\"x\\n\", true],\n  \"c\": {},\n"
        "  \"d\": [],\n  \"e\": [\n    {\n      \"f\": 0.001\n    }\n  ]\n}\n");
}

// ---- answers as a table ----

/// Causal, on two tokens.
Trace program() {
  AttentionSettings settings;
  settings.mask.causal = true;
  return run_attention(test::problem_of(test::matrix({{1, 0}, {0, 2}}), settings));
}

std::string answers_refusal(const std::string& table) {
  try {
    read_answers_csv(table, program());
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST_CASE("answers as a table: rows in any order, and what is not answered") {
  const auto answers = read_answers_csv(
      "\xEF\xBB\xBFstep,row,values\r\n"
      "layer0/head0/masked_scores,1, 0 ,\"4\",,\r\nlayer0/head0/masked_scores,0,1,masked\r\n\r\n"
      "layer0/head0/weights,0,?,\r\n",
      program());
  REQUIRE(answers.size() == 1);
  CHECK(program().steps[answers[0].first].id == "layer0/head0/masked_scores");
  CHECK(answers[0].second.at(0, 0) == 1);
  CHECK(answers[0].second.at(0, 1) == -test::kInfinity);
  CHECK(answers[0].second.at(1, 1) == 4);
}

TEST_CASE("answers as a table: decimal commas and minus signs") {
  const auto answers = read_answers_csv(
      "step;row;values\r\nlayer0/head0/scores;0;1,5;\xE2\x88\x92"
      "2\r\n"
      "layer0/head0/scores;1;0;4\r\n",
      program());
  REQUIRE(answers.size() == 1);
  CHECK(answers[0].second.at(0, 0) == 1.5);
  CHECK(answers[0].second.at(0, 1) == -2);
  CHECK(answers[0].second.at(1, 1) == 4);
}

TEST_CASE("answers as a table: every fault names its line") {
  CHECK(answers_refusal("step,row,values\nlayer0/head0/score,0,1,2\n") ==
        "line 2: the document has no step \"layer0/head0/score\"\n"
        "  hint: did you mean \"layer0/head0/scores\"?");
  CHECK(answers_refusal("layer0/head0/scores,2,1,2\n") ==
        "line 1: expected a row from 0 to 1 of layer0/head0/scores");
  CHECK(answers_refusal("layer0/head0/scores\n") ==
        "line 1: expected a row from 0 to 1 of layer0/head0/scores");
  CHECK(answers_refusal("layer0/head0/scores,0,1\n") ==
        "line 1: expected 2 numbers after the row, got 1");
  CHECK(answers_refusal("layer0/head0/scores,0,1,2,3\n") ==
        "line 1: expected 2 numbers after the row, got 3");
  CHECK(answers_refusal("layer0/head0/scores,0,1,x\n") ==
        "line 1: expected a number, masked or ?, got \"x\"");
  CHECK(answers_refusal("layer0/head0/scores,0,1,masked\n") ==
        "line 1: layer0/head0/scores has no masked cells; expected a number or ?");
  CHECK(answers_refusal("layer0/head0/scores,0,1,nan\n") ==
        "line 1: expected a number, masked or ?, got \"nan\"");
  CHECK(answers_refusal("layer0/head0/scores,0,1,2\nlayer0/head0/scores,0,1,2\n") ==
        "line 2: row 0 of layer0/head0/scores stands on line 1 already");
  CHECK(answers_refusal("layer0/head0/scores,0,1,2\n") == "layer0/head0/scores: row 1 is missing");
  CHECK(answers_refusal("layer0/head0/scores,0,1,?\nlayer0/head0/scores,1,1,2\n") ==
        "line 1: column 1 of layer0/head0/scores is not answered, but others are");
}

}  // namespace
}  // namespace attn_viz
