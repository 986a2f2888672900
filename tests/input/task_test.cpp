// Documents of any mechanism.
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

using test::error_of;

TEST_CASE("task: a document without a mechanism, or with that name, is one of attention") {
  const Task plain = read_task(R"({"embeddings": [[1], [2]]})", "t");
  REQUIRE(std::holds_alternative<Problem>(plain));
  CHECK(std::get<Problem>(plain).title == "t");
  CHECK(std::holds_alternative<Problem>(
      read_task(R"({"mechanism": "attention", "embeddings": [[1]]})", "t")));
  CHECK(run(plain).steps.back().id == "layer0/attention_output");
}

TEST_CASE("task: an unknown mechanism gets the nearest known one as a hint") {
  const std::string error =
      error_of([] { read_task(R"({"mechanism": "atention", "embeddings": [[1]]})", "t"); });
  CHECK(error.starts_with("/mechanism: unknown mechanism \"atention\"; expected "));
  CHECK(error.ends_with("\n  hint: did you mean \"attention\"?"));
  CHECK(error_of([] { read_task(R"({"mechanism": 1, "embeddings": [[1]]})", "t"); }) ==
        "/mechanism: expected a text, got 1");
}

}  // namespace
}  // namespace attn_viz
