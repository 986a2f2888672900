// Answer sheets: which step, which shape, what may be null.
#include "attn_viz/input/answers.hpp"

#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

using Answers = std::vector<std::pair<StepId, Tensor>>;

struct Sheet {
  json::Node document;
  Trace program;
  Answers answers;
};

/// A causal layer on two tokens, with these answers.
Sheet sheet_of(const std::string& steps) {
  Sheet sheet{json::parse(R"({"embeddings": [[1, 0], [0, 1]],
                              "attention": {"mask": {"causal": true}})" +
                          steps + "}"),
              {},
              {}};
  const json::Value value(sheet.document, "");
  sheet.program = run_attention(read_document(value, "test"));
  sheet.answers = read_answers(value, sheet.program);
  return sheet;
}

std::string fault_of(const std::string& steps) {
  return test::error_of([&] { sheet_of(steps); });
}

TEST_CASE("answers: in the order of the program, under its axes") {
  const Sheet sheet = sheet_of(R"(, "steps": {"comment": "by hand",
      "layer0/head0/weights": [[1, 0], [0.33, 0.67]],
      "layer0/head0/masked_scores": [[0.71, null], [0, 0.71]],
      "input/embeddings": [[1, 0], [0, 1]]})");
  REQUIRE(sheet.answers.size() == 3);
  const auto& steps = sheet.program.steps;
  CHECK(steps[sheet.answers[0].first].id == "input/embeddings");
  CHECK(steps[sheet.answers[1].first].id == "layer0/head0/masked_scores");
  CHECK(steps[sheet.answers[2].first].id == "layer0/head0/weights");
  CHECK(std::isinf(sheet.answers[1].second.at(0, 1)));
  CHECK(sheet.answers[2].second.at(1, 0) == 0.33);
  CHECK(sheet.answers[2].second.axes() == steps[sheet.answers[2].first].values.axes());
}

TEST_CASE("answers: a form that is filled in only here and there") {
  const Sheet sheet = sheet_of(R"(, "steps": {"layer0/head0/scores": [["?", "?"], ["?", "?"]],
      "layer0/head0/weights": [[1, 0], [0.33, 0.67]]})");
  REQUIRE(sheet.answers.size() == 1);
  CHECK(sheet.program.steps[sheet.answers[0].first].id == "layer0/head0/weights");
}

TEST_CASE("answers: whether there are any") {
  CHECK(has_answers(json::parse(R"({"steps": {}})")));
  CHECK_FALSE(has_answers(json::parse(R"({"embeddings": [[1]]})")));
  CHECK_FALSE(has_answers(json::parse("[1]")));
}

TEST_CASE("answers: what cannot be read is named") {
  CHECK(fault_of("") ==
        "there are no answers; expected the key \"steps\"\n"
        "  hint: \"steps\": {\"layer0/head0/weights\": [[…]]} holds what somebody computed");
  CHECK(fault_of(R"(, "steps": {})") == "/steps: expected at least one step that is answered");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [["?", "?"], ["?", "?"]]})") ==
        "/steps: expected at least one step that is answered");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [["?", "?"], ["?", 1]]})") ==
        "/steps/layer0~1head0~1weights/0/0: expected a number, got \"?\"");
  CHECK(fault_of(R"(, "steps": [1])") == "/steps: expected an object, got [1]");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/wieghts": [[1, 0], [0, 1]]})") ==
        "/steps/layer0~1head0~1wieghts: the document has no step \"layer0/head0/wieghts\"\n"
        "  hint: did you mean \"layer0/head0/weights\"?");
  CHECK(fault_of(R"(, "steps": {"what/is/this": [[1, 0], [0, 1]]})") ==
        "/steps/what~1is~1this: the document has no step \"what/is/this\"\n"
        "  hint: attn-viz run writes a trace of the document with all step ids");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [[1, 0]]})") ==
        "/steps/layer0~1head0~1weights: expected shape [2, 2], got [1, 2]");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [[1, 0], [1]]})") ==
        "/steps/layer0~1head0~1weights/1: expected a row of 2 like row 0, got 1");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [[1, 0], ["a", 1]]})") ==
        "/steps/layer0~1head0~1weights/1/0: expected a number, got \"a\"");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": 1})") ==
        "/steps/layer0~1head0~1weights: expected numbers of shape [2, 2], got 1");
  CHECK(fault_of(R"(, "steps": {"layer0/head0/weights": [[1, null], [0, 1]]})") ==
        "/steps/layer0~1head0~1weights/0/1: expected a number, got null");
}

}  // namespace
}  // namespace attn_viz
