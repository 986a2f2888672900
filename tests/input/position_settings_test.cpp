// "position" of a document, and --position.
#include "attn_viz/input/document.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::matrix;
using test::mismatch;
using test::vector_of;

std::string document(const std::string& position) {
  return "{\"embeddings\": [[1, 2], [3, 4]], \"attention\": {\"position\": " + position + "}}";
}

PositionSettings position_of(const std::string& position, const Overrides& overrides = {}) {
  return read_document(document(position), "test", overrides).attention.position;
}

std::string position_refusal(const std::string& position) {
  return test::error_of([&] { position_of(position); });
}

TEST_CASE("position: names that need no parameters") {
  CHECK(position_of("\"none\"").type == PositionType::kNone);
  CHECK(position_of("{\"type\": \"none\"}").type == PositionType::kNone);
  const PositionSettings sinusoidal = position_of("\"sinusoidal\"");
  CHECK(sinusoidal.type == PositionType::kSinusoidal);
  CHECK(sinusoidal.base == 10000);
  CHECK(position_of("\"sinusoidal-2d\"").type == PositionType::kSinusoidal2d);
  const PositionSettings rope = position_of("\"rope\"");
  CHECK(rope.type == PositionType::kRope);
  CHECK_FALSE(rope.half_layout);
  CHECK(position_of("\"alibi\"").slopes.empty());
}

TEST_CASE("position: objects with parameters") {
  CHECK(position_of("{\"type\": \"sinusoidal\", \"base\": 10, \"comment\": \"\"}").base == 10);
  const PositionSettings rope =
      position_of("{\"type\": \"rope\", \"layout\": \"half\", \"base\": 500}");
  CHECK(rope.half_layout);
  CHECK(rope.base == 500);
  CHECK(position_of("{\"type\": \"rope\", \"frequencies\": [1, 0.5]}").frequencies ==
        std::vector<double>{1, 0.5});
  CHECK(position_of("{\"type\": \"alibi\", \"slopes\": [0.5, 0]}").slopes ==
        std::vector<double>{0.5, 0});
  CHECK(mismatch(*position_of("{\"type\": \"learned\", \"table\": [[1, 2], [3, 4]]}").table,
                 matrix({{1, 2}, {3, 4}}), 0) == "");
  const PositionSettings t5 = position_of(
      "{\"type\": \"t5\", \"table\": [1, 2, 3, 4], \"bidirectional\": false, \"max_distance\": 9}");
  CHECK(mismatch(*t5.table, vector_of({1, 2, 3, 4}), 0) == "");
  CHECK_FALSE(t5.bidirectional);
  CHECK(t5.max_distance == 9u);
  CHECK(position_of("{\"type\": \"t5\", \"table\": [[1], [2], [3], [4]]}").max_distance == 128u);
  const PositionSettings relative = position_of(
      "{\"type\": \"relative\", \"max_distance\": 0, \"keys\": [[1, 2]], \"values\": [[[3, 4]]]}");
  CHECK(mismatch(*relative.keys, matrix({{1, 2}}), 0) == "");
  CHECK(relative.values->rank() == 3);
  CHECK(relative.max_distance == 0u);
}

TEST_CASE("position: a flow") {
  const FlowSettings least = *position_of(
                                  "{\"type\": \"floater\", \"initial\": [0, 1], \"step\": 0.1, "
                                  "\"W_1\": [[0, -1], [1, 0], [0, 0]]}")
                                  .flow;
  CHECK(mismatch(least.initial, vector_of({0, 1}), 0) == "");
  CHECK(mismatch(least.w_1, matrix({{0, -1}, {1, 0}, {0, 0}}), 0) == "");
  CHECK_FALSE((least.b_1 || least.w_2 || least.b_2));
  CHECK(least.step == 0.1);
  CHECK(least.substeps == 5);
  CHECK(least.method == "rk4");
  CHECK(least.activation == "relu");
  const FlowSettings all =
      *position_of(
           "{\"type\": \"floater\", \"initial\": [0, 1], \"step\": 1, \"substeps\": 7, "
           "\"W_1\": [[1], [1], [1]], \"b_1\": [2], \"W_2\": [[1, 2]], \"b_2\": [3, 4], "
           "\"method\": \"euler\", \"activation\": \"none\"}")
           .flow;
  CHECK(mismatch(*all.b_1, vector_of({2}), 0) == "");
  CHECK(mismatch(*all.w_2, matrix({{1, 2}}), 0) == "");
  CHECK(mismatch(*all.b_2, vector_of({3, 4}), 0) == "");
  CHECK(all.substeps == 7);
  CHECK(all.method == "euler");
  CHECK(all.activation == "none");
}

TEST_CASE("position: errors say where, what was expected, and what is likely meant") {
  CHECK(position_refusal("\"sinusoid\"") ==
        "/attention/position: unknown position \"sinusoid\"; expected one of none, sinusoidal, "
        "sinusoidal-2d, learned, floater, rope, alibi, t5, relative\n"
        "  hint: did you mean \"sinusoidal\"?");
  CHECK(position_refusal("{\"type\": \"rop\"}") ==
        "/attention/position/type: unknown position \"rop\"; expected one of none, sinusoidal, "
        "sinusoidal-2d, learned, floater, rope, alibi, t5, relative\n"
        "  hint: did you mean \"rope\"?");
  CHECK(position_refusal("1") ==
        "/attention/position: expected the name of a position or an object with its type, got 1");
  CHECK(position_refusal("\"learned\"") ==
        "/attention/position: expected an object, since \"learned\" has parameters without a "
        "default\n  hint: write {\"type\": \"learned\", …}");
  CHECK(position_refusal("{\"type\": \"alibi\", \"slope\": 1}") ==
        "/attention/position/slope: unknown key\n"
        "  hint: did you mean \"slopes\"?");
  CHECK(position_refusal("{\"type\": \"none\", \"base\": 1}") ==
        "/attention/position/base: unknown key\n  hint: known keys here: type");
  CHECK(position_refusal("{\"type\": \"sinusoidal\", \"base\": 0.5}") ==
        "/attention/position/base: expected a number ≥ 1, got 0.5");
  CHECK(position_refusal("{\"type\": \"rope\", \"layout\": \"halves\"}") ==
        "/attention/position/layout: unknown layout \"halves\"; expected one of interleaved, half");
  CHECK(position_refusal("{\"type\": \"rope\", \"base\": 2, \"frequencies\": [1]}") ==
        "/attention/position/frequencies: expected base or frequencies, got both");
  CHECK(position_refusal("{\"type\": \"t5\", \"table\": [1, 2], \"bidirectional\": 1}") ==
        "/attention/position/bidirectional: expected true or false, got 1");
  const std::string flow =
      "{\"type\": \"floater\", \"initial\": [0], \"W_1\": [[0], [0]], \"step\": ";
  CHECK(position_refusal(flow + "0}") == "/attention/position/step: expected a number > 0, got 0");
  CHECK(position_refusal(flow + "1, \"substeps\": 10001}") ==
        "/attention/position/substeps: expected a whole number from 1 to 10000, got 10001");
  CHECK(position_refusal(flow + "1, \"method\": \"rk5\"}") ==
        "/attention/position/method: unknown method \"rk5\"; expected one of rk4, rk4-3/8, euler\n"
        "  hint: did you mean \"rk4\"?");
  CHECK(position_refusal(flow + "1, \"activation\": \"selu\"}") ==
        "/attention/position/activation: unknown activation \"selu\"; expected one of relu, none\n"
        "  hint: did you mean \"relu\"?");
}

TEST_CASE("position: missing parameters") {
  CHECK(position_refusal("{\"type\": \"learned\"}") ==
        "/attention/position: the key \"table\" is missing; it is required");
  CHECK(position_refusal("{\"type\": \"t5\"}") ==
        "/attention/position: the key \"table\" is missing; it is required");
  CHECK(position_refusal("{\"type\": \"relative\"}") ==
        "/attention/position: the key \"keys\" is missing; it is required");
  CHECK(position_refusal("{\"type\": \"floater\"}") ==
        "/attention/position: the key \"initial\" is missing; it is required");
}

TEST_CASE("--position: another encoding, or the document's with its parameters") {
  Overrides overrides;
  overrides.position = PositionType::kRope;
  CHECK(position_of("\"alibi\"", overrides).type == PositionType::kRope);
  CHECK(position_of("{\"type\": \"rope\", \"base\": 7}", overrides).base == 7);
  CHECK(position_of("{\"type\": \"sinusoidal\", \"base\": 7}", overrides).base == 10000);
  overrides.position = PositionType::kT5;
  CHECK(position_of("{\"type\": \"t5\", \"table\": [1, 2]}", overrides).table.has_value());
  CHECK(test::error_of([&] { position_of("\"none\"", overrides); }) ==
        "--position: \"t5\" has parameters without a default\n"
        "  hint: give them in the document, under attention/position");
}

TEST_CASE("position: added to queries and keys, and another for the keys") {
  const auto attention = [](const std::string& settings, const Overrides& overrides = {}) {
    return read_document("{\"embeddings\": [[1, 2], [3, 4]], \"attention\": " + settings + "}",
                         "test", overrides)
        .attention;
  };
  const auto fault = [&](const std::string& settings) {
    return test::error_of([&] { attention(settings); });
  };
  const std::string pair = R"({"type": "sinusoidal-2d", "normalize": true,
                              "add_to": "queries-and-keys"})";
  CHECK(position_of(pair).to_queries_and_keys);
  CHECK(position_of(pair).normalize);
  CHECK_FALSE(position_of(R"({"type": "sinusoidal", "add_to": "embeddings"})").to_queries_and_keys);
  const std::string both = R"({"position": )" + pair + R"(, "key_position": "sinusoidal"})";
  CHECK(attention(both).key_position->to_queries_and_keys);
  Overrides overrides;
  overrides.position = PositionType::kRope;
  CHECK_FALSE(attention(both, overrides).key_position);
  CHECK(position_refusal(R"({"type": "sinusoidal", "add_to": "queries"})") ==
        "/attention/position/add_to: unknown place \"queries\"; expected one of embeddings, "
        "queries-and-keys\n  hint: did you mean \"queries-and-keys\"?");
  CHECK(position_refusal(R"({"type": "rope", "add_to": "embeddings"})")
            .starts_with("/attention/position/add_to: unknown key"));
  CHECK(position_refusal(R"({"type": "sinusoidal", "normalize": true})")
            .starts_with("/attention/position/normalize: unknown key"));
  CHECK(
      fault(R"({"key_position": "rope"})") ==
      "/attention/key_position: expected sinusoidal, sinusoidal-2d, learned or floater, which are "
      "added, got \"rope\"");
  CHECK(fault(R"({"key_position": {"type": "sinusoidal", "add_to": "queries-and-keys"}})") ==
        "/attention/key_position/add_to: \"key_position\" is added to the keys alone");
  CHECK(fault(R"({"position": "sinusoidal", "key_position": "sinusoidal"})") ==
        "/attention/key_position: expected no \"position\" beside it, or one that is added to "
        "queries and keys\n  hint: give the position \"add_to\": \"queries-and-keys\"");
}

}  // namespace
}  // namespace attn_viz
