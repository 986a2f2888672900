#include "attn_viz/core/error.hpp"

#include <string>
#include <string_view>

#include "catch.hpp"

namespace attn_viz {
namespace {

TEST_CASE("error: file, place, message and hint in one text, without absent parts") {
  Error error(ErrorCode::kInvalid, "expected 1, got 2");
  CHECK(std::string(error.what()) == "expected 1, got 2");
  error.at("/a").hint("try 1");
  CHECK(std::string(error.what()) == "/a: expected 1, got 2\n  hint: try 1");
  error.in_file("a.json");
  CHECK(std::string(error.what()) == "a.json: /a: expected 1, got 2\n  hint: try 1");
  error.in_file("b.json");
  CHECK(error.file() == "a.json");
  CHECK(error.place() == "/a");
  CHECK(error.hint() == "try 1");
  CHECK(error.code() == ErrorCode::kInvalid);
}

constexpr std::string_view kScores[] = {"dot-product", "scaled-dot-product", "additive", "cosine",
                                        "bilinear"};

TEST_CASE("nearest_name: what was meant, or nothing") {
  const auto near = [](std::string_view name) { return std::string(nearest_name(name, kScores)); };
  CHECK(near("cosin") == "cosine");
  CHECK(near("cosien") == "cosine");  // exchanged neighbours are one edit
  CHECK(near("COSINE") == "cosine");
  CHECK(near("adittive") == "additive");
  CHECK(near("scaled") == "scaled-dot-product");  // cut off
  CHECK(near("dot_product") == "dot-product");
  CHECK(near("softmax").empty());
  CHECK(near("").empty());
  CHECK(near("x").empty());
  CHECK(nearest_name("x", {}).empty());
}

TEST_CASE("unknown_name: lists what is known and hints at the nearest") {
  CHECK(std::string(unknown_name(ErrorCode::kInvalid, "score", "cosin", kScores).what()) ==
        "unknown score \"cosin\"; expected one of dot-product, scaled-dot-product, additive, "
        "cosine, bilinear\n  hint: did you mean \"cosine\"?");
  CHECK(unknown_name(ErrorCode::kUsage, "score", "banana", kScores).hint().empty());
}

}  // namespace
}  // namespace attn_viz
