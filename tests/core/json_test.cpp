#include "attn_viz/core/json.hpp"

#include <string>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz::json {
namespace {

using test::error_of;
using Shape = std::vector<std::size_t>;

std::string parse_error(const std::string& text) {
  return error_of([&] { parse(text); });
}

Value at_root(const Node& node) {
  return {node, ""};
}

TEST_CASE("json: nests of numbers are packed, whatever their depth") {
  struct Packed {
    std::string text;
    Shape shape;
    std::size_t count;
  };
  const Packed packed = GENERATE(values<Packed>({{"[]", {0}, 0},
                                                 {"[1]", {1}, 1},
                                                 {"[1, 2, 3]", {3}, 3},
                                                 {"[[1, 2], [3, 4], [5, 6]]", {3, 2}, 6},
                                                 {"[[], []]", {2, 0}, 0},
                                                 {"[[[1], [2]]]", {1, 2, 1}, 2},
                                                 {"[[[1, 2]], [[3, 4]]]", {2, 1, 2}, 4}}));
  CAPTURE(packed.text);
  const Node node = parse(packed.text);
  REQUIRE(node.kind == Kind::kNumbers);
  CHECK(node.shape == packed.shape);
  REQUIRE(node.numbers.size() == packed.count);
  for (std::size_t i = 0; i < packed.count; ++i) {
    CHECK(node.numbers[i] == static_cast<double>(i + 1));
  }
}

TEST_CASE("json: null among numbers is −∞") {
  const Node node = parse("[[1, null], [null, 2]]");
  REQUIRE(node.kind == Kind::kNumbers);
  CHECK(node.shape == Shape{2, 2});
  CHECK(node.numbers[1] == -test::kInfinity);
  CHECK(node.numbers[2] == -test::kInfinity);
  CHECK(at_root(node).tensor_with_nulls(2, "", DType::kFloat64).at(0, 1) == -test::kInfinity);
}

TEST_CASE("json: where numbers are expected, null is refused at its place") {
  const Node node = parse(R"({"x": [[[1, 2], [3, 4]], [[5, null], [7, 8]]]})");
  CHECK(error_of([&] { at_root(node).require("x").tensor(3, "", DType::kFloat64); }) ==
        "/x/1/0/1: expected a number, got null");
}

TEST_CASE("json: what is not a nest of numbers stays a list") {
  const std::string text =
      GENERATE("[1, \"a\"]", "[[1], 2]", "[[1, 2], [3]]", "[1, [2]]", "[[[1]], [2]]", "[true, 1]",
               "[{}, 1]", "[[], 1]", "[null, \"a\"]");
  CAPTURE(text);
  const Node node = parse(text);
  REQUIRE(node.kind == Kind::kArray);
  CHECK(node.items.size() == 2);
}

TEST_CASE("json: unpacked elements keep their values") {
  const Node node = parse(R"([[1, 2], [3, 4], "end"])");
  REQUIRE(node.items.size() == 3);
  CHECK(node.items[1].kind == Kind::kNumbers);
  CHECK(node.items[1].shape == Shape{2});
  CHECK(node.items[1].numbers[0] == 3);
  CHECK(node.items[1].numbers[1] == 4);
  CHECK(node.items[2].text == "end");
  const Node mixed = parse("[1, null, true]");
  CHECK(mixed.items[0].kind == Kind::kNumber);
  CHECK(mixed.items[1].kind == Kind::kNull);
  CHECK(mixed.items[2].boolean);
}

TEST_CASE("json: ragged rows are named with their lengths") {
  const auto ragged = [](const std::string& text, std::size_t rank) {
    const Node node = parse(text);
    return error_of([&] { at_root(node).tensor(rank, "a matrix", DType::kFloat64); });
  };
  CHECK(ragged("[[1, 2], [3, 4], [5]]", 2) == "/2: expected a row of 2 like row 0, got 1");
  CHECK(ragged("[[1], [2, 3]]", 2) == "/1: expected a row of 1 like row 0, got 2");
  CHECK(ragged("[[], [1]]", 2) == "/1: expected a row of 0 like row 0, got 1");
  CHECK(ragged("[[[1, 2], [3, 4]], [[5, 6], [7]]]", 3) ==
        "/1/1: expected a row of 2 like row 0, got 1");
  CHECK(ragged("[[[1], [2]], [[3]]]", 3) == "/1: expected a row of 2 like row 0, got 1");
  CHECK(ragged("[[[1, 2]], [[3]]]", 3) == "/1/0: expected a row of 2 like row 0, got 1");
  CHECK(ragged("[[1, 2], 3]", 2) == "/1: expected a list of numbers, got 3");
  CHECK(ragged("[1, [2]]", 2) == "/0: expected a list of numbers, got 1");
  CHECK(ragged("[[[1]], [2]]", 3) == "/1: expected a list of rows of numbers, got [2]");
  CHECK(ragged("[[1, 2], [3, \"4\"]]", 2) == "/1/1: expected a number, got \"4\"");
  CHECK(ragged("[[1, 2], [3, true]]", 2) == "/1/1: expected a number, got true");
  CHECK(ragged("[1, 2]", 2) == "expected a matrix, got [1, 2]");
  CHECK(ragged("[[[1]]]", 2) == "expected a matrix, got numbers of shape [1, 1, 1]");
  CHECK(ragged("3", 2) == "expected a matrix, got 3");
  CHECK(ragged("{}", 2) == "expected a matrix, got an object");
}

TEST_CASE("json: an empty list stands for every shape without rows") {
  const Node node = parse("[]");
  CHECK(at_root(node).tensor(2, "", DType::kFloat64).count() == 0);
  CHECK(at_root(node).tensor(2, "", DType::kFloat64).rank() == 2);
}

TEST_CASE("json: a nest of depth 0 is a number") {
  const Node node = parse("2.5");
  const Tensor tensor = at_root(node).tensor(0, "a number", DType::kFloat64);
  CHECK(tensor.rank() == 0);
  CHECK(tensor.at(0) == 2.5);
  const Node null = parse("null");
  CHECK(at_root(null).tensor_with_nulls(0, "", DType::kFloat32).at(0) == -test::kInfinity);
  CHECK(error_of([&] { at_root(null).tensor(0, "", DType::kFloat64); }) ==
        "expected a number, got null");
  const Node list = parse("[1]");
  CHECK(error_of([&] { at_root(list).tensor(0, "", DType::kFloat64); }) ==
        "expected a number, got [1]");
}

TEST_CASE("json: syntax errors say line, column and reason") {
  CHECK(parse_error("") == "empty input; expected a JSON document");
  CHECK(parse_error(" \n\t\r\n") == "empty input; expected a JSON document");
  CHECK(parse_error("{\n  \"a\": [1, 2\n}") ==
        "line 3, column 1: syntax error while parsing array - unexpected '}'; expected ']'");
  CHECK(parse_error("{\"a\": }") ==
        "line 1, column 7: syntax error while parsing value - unexpected '}'; expected '[', '{', "
        "or a literal");
  CHECK(parse_error("[1, 2") ==
        "line 1, column 5: syntax error while parsing array - unexpected end of input; expected "
        "']'");
  CHECK(parse_error("{\"a\": 1} x") ==
        "line 1, column 10: syntax error while parsing value - invalid literal; last read: '1} "
        "x'; expected end of input");
  CHECK(parse_error("[1,]") ==
        "line 1, column 4: syntax error while parsing value - unexpected ']'; expected '[', '{', "
        "or a literal");
  CHECK(parse_error("// no\n{}").substr(0, 16) == "line 1, column 1");
  CHECK(parse_error("{'a': 1}").substr(0, 16) == "line 1, column 2");
  CHECK(parse_error("[01]").substr(0, 16) == "line 1, column 3");
  CHECK(parse_error("\"\t\"").find("control character") != std::string::npos);
}

TEST_CASE("json: columns count characters, not bytes") {
  CHECK(parse_error("[\"汤姆\", x]").substr(0, 17) == "line 1, column 8:");
}

TEST_CASE("json: invalid UTF-8 is refused with its place") {
  CHECK(parse_error("[\"a\xFF\"]") ==
        "line 1, column 4: syntax error while parsing value - invalid string: ill-formed UTF-8 "
        "byte; last read: '\"a\xFF'");
  CHECK(parse_error("[\"\xC0\xAF\"]").find("ill-formed UTF-8") != std::string::npos);
  CHECK(parse_error("[\"\xED\xA0\x80\"]").find("ill-formed UTF-8") != std::string::npos);
  CHECK(parse_error("[\"\xE6\xB1\"]").find("ill-formed UTF-8") != std::string::npos);
  CHECK(parse_error("[\"\\ud800\"]").find("surrogate") != std::string::npos);
}

TEST_CASE("json: a byte order mark is skipped") {
  CHECK(parse("\xEF\xBB\xBF{\"a\": 1}").members.size() == 1);
}

TEST_CASE("json: escapes are undone") {
  CHECK(parse(R"("\u6c64\ud83d\ude00\n\"\\\/")").text == "汤😀\n\"\\/");
}

TEST_CASE("json: a repeated key is refused, at any depth") {
  CHECK(parse_error(R"({"a": 1, "b": 2, "a": 3})") ==
        "/a: this key is repeated; expected each key once");
  CHECK(parse_error(R"({"a": [1, {"b": {"c": 1, "c": 1}}]})") ==
        "/a/1/b/c: this key is repeated; expected each key once");
  CHECK(parse_error(R"({"a": {"b": 1}, "c": {"b": 1}})") == "no error");
}

TEST_CASE("json: numbers that overflow float64 are refused at their place") {
  CHECK(parse_error("1e400") == "this number overflows; expected one finite in float64");
  CHECK(parse_error(R"({"x": [[1, 2], [3, -1e400]]})") ==
        "/x/1/1: this number overflows; expected one finite in float64");
  CHECK(parse_error(R"([{"a": 1}, 1e999])") ==
        "/1: this number overflows; expected one finite in float64");
}

TEST_CASE("json: whole numbers beyond 64 bits, and numbers that vanish, are numbers") {
  CHECK(parse("100000000000000000000000").number == 1e23);
  CHECK(parse("-9223372036854775809").number == -9223372036854775808.0);
  CHECK(parse("1e-400").number == 0);
  CHECK(parse("5e-324").number == 5e-324);
  CHECK(std::signbit(parse("-0.0").number));
  CHECK(std::signbit(parse("[-0.0]").numbers[0]));
}

TEST_CASE("json: NaN and Infinity are named") {
  CHECK(parse_error("[[1, NaN]]") ==
        "/0/1: expected a finite number, got NaN\n  hint: line 1, column 6; JSON has no NaN");
  CHECK(parse_error("{\"x\":\n [Infinity]}") ==
        "/x/0: expected a finite number, got Infinity\n  hint: line 2, column 3; JSON has no "
        "Infinity");
  CHECK(parse_error("[-Infinity]") ==
        "/0: expected a finite number, got -Infinity\n  hint: line 1, column 3; JSON has no "
        "-Infinity; write null for a masked score");
  CHECK(parse_error("{\"x\": nan}") ==
        "/x: expected a finite number, got nan\n  hint: line 1, column 8; JSON has no nan");
  CHECK(parse_error("[1, inf]").substr(0, 39) == "/1: expected a finite number, got inf\n ");
  CHECK(parse_error("[1, -inf]").substr(0, 40) == "/1: expected a finite number, got -inf\n ");
}

TEST_CASE("json: 64 levels are read, more are refused, even a million") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_error(nested(64)) == "no error");
  std::string place;
  for (int level = 0; level < 64; ++level) place += "/0";
  const std::string expected = place + ": nested too deep; expected at most 64 levels";
  CHECK(parse_error(nested(65)) == expected);
  CHECK(parse_error(std::string(1'000'000, '[')) == expected);
  std::string objects;
  for (int level = 0; level < 100'000; ++level) objects += "{\"a\":";
  CHECK(parse_error(objects).find("nested too deep") != std::string::npos);
}

TEST_CASE("json: an unknown key gets the nearest known one") {
  const auto unknown = [](const std::string& text) {
    const Node node = parse(text);
    return error_of([&] { at_root(node).allow_keys({"tokens", "embeddings", "attention"}); });
  };
  CHECK(unknown(R"({"tokens": 1, "attention": 2})") == "no error");
  CHECK(unknown(R"({"embedding": 1})") ==
        "/embedding: unknown key\n  hint: did you mean \"embeddings\"?");
  CHECK(unknown(R"({"Tokens": 1})") == "/Tokens: unknown key\n  hint: did you mean \"tokens\"?");
  CHECK(unknown(R"({"qqq": 1})") ==
        "/qqq: unknown key\n  hint: known keys here: tokens, embeddings, attention");
  CHECK(unknown(R"({"$schema": 1, "comment": {"any": ["thing"]}})") == "no error");
  CHECK(unknown("[1]") == "expected an object, got [1]");
}

TEST_CASE("json: pointers escape ~ and /") {
  CHECK(pointer_step("a/b~c") == "/a~1b~0c");
  CHECK(pointer_step("~1") == "/~01");
  CHECK(pointer_step("") == "/");
  const Node node = parse(R"({"a/b": {"~": 1}})");
  const Value inner = at_root(node).require("a/b").require("~");
  CHECK(inner.pointer() == "/a~1b/~0");
  CHECK(parse_error(R"({"a/b": {"~": 1, "~": 2}})").substr(0, 9) == "/a~1b/~0:");
}

TEST_CASE("json: scalars say what was expected and what was found") {
  const Node node = parse(
      R"({"n": 1.5, "t": "two", "b": true, "z": null, "o": {}, "l": [1, 2], "m": [1, "a"],
          "e": [], "long": "汤姆追逐杰瑞，汤姆追逐杰瑞，汤姆追逐杰瑞"})");
  const Value root = at_root(node);
  const auto get = [&](const char* key) { return root.require(key); };
  CHECK(error_of([&] { get("n").boolean(); }) == "/n: expected true or false, got 1.5");
  CHECK(error_of([&] { get("t").number(); }) == "/t: expected a number, got \"two\"");
  CHECK(error_of([&] { get("b").text(); }) == "/b: expected a text, got true");
  CHECK(error_of([&] { get("z").number(); }) == "/z: expected a number, got null");
  CHECK(error_of([&] { get("o").length(); }) == "/o: expected a list, got an object");
  CHECK(error_of([&] { get("l").text(); }) == "/l: expected a text, got [1, 2]");
  CHECK(error_of([&] { get("m").text(); }) == "/m: expected a text, got a list of 2");
  CHECK(error_of([&] { get("e").text(); }) == "/e: expected a text, got an empty list");
  CHECK(error_of([&] { get("long").number(); }) ==
        "/long: expected a number, got \"汤姆追逐杰瑞，汤姆追逐杰瑞…\"");
  CHECK(error_of([&] { get("absent"); }) == "the key \"absent\" is missing; it is required");
  CHECK(error_of([&] { get("o").require("x"); }) == "/o: the key \"x\" is missing; it is required");
  CHECK_FALSE(root.find("absent"));
}

TEST_CASE("json: whole numbers") {
  const Node node = parse("[0, 1, 2.5, -1, 9007199254740992, 9007199254740994, 1e3, \"1\"]");
  const auto whole = [&](std::size_t i, std::uint64_t least) {
    return Value(node.items[i], "").whole_number(least);
  };
  CHECK(whole(0, 0) == 0);
  CHECK(whole(1, 1) == 1);
  CHECK(whole(4, 0) == 9007199254740992U);
  CHECK(whole(6, 1) == 1000);
  for (const std::size_t wrong : {2, 3, 5, 7}) {
    CHECK_THROWS_AS(whole(wrong, 0), Error);
  }
  CHECK(error_of([&] { whole(0, 1); }) == "expected a whole number ≥ 1, got 0");
}

TEST_CASE("json: lists of texts and of truth values") {
  const Node node =
      parse(R"({"t": ["a", "b"], "n": [1, 2], "x": ["a", 1], "b": [true, false], "e": []})");
  const Value root = at_root(node);
  CHECK(root.require("t").texts() == std::vector<std::string>{"a", "b"});
  CHECK(root.require("e").texts().empty());
  CHECK(root.require("b").booleans() == std::vector<bool>{true, false});
  CHECK(root.require("e").booleans().empty());
  CHECK(error_of([&] { root.require("n").texts(); }) ==
        "/n: expected a list of texts, got [1, 2]\n  hint: write \"1\" for a label, "
        "not 1");
  CHECK(error_of([&] { root.require("x").texts(); }) == "/x/1: expected a text, got 1");
  CHECK(error_of([&] { root.require("n").booleans(); }) ==
        "/n: expected a list of true and false, got [1, 2]");
  CHECK(error_of([&] { root.require("t").booleans(); }) ==
        "/t/0: expected true or false, got \"a\"");
}

TEST_CASE("json: float32 rounds, and refuses what overflows it") {
  const Node node = parse("[0.1, 1e39]");
  CHECK(error_of([&] { at_root(node).tensor(1, "", DType::kFloat32); }) ==
        "value 1e+39 overflows float32; expected at most 3.4e38 in size\n  hint: use --dtype "
        "float64");
  const Node small = parse("[0.1]");
  CHECK(at_root(small).tensor(1, "", DType::kFloat32).at(0) == static_cast<double>(0.1F));
}

}  // namespace
}  // namespace attn_viz::json
