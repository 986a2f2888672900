#include "attn_viz/core/json_write.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "attn_viz/core/json.hpp"
#include "attn_viz/core/random.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz::json {
namespace {

template <class Value>
std::string written(const Value& value) {
  std::string text;
  append(text, value);
  return text;
}

TEST_CASE("json: numbers are written as the shortest decimals") {
  CHECK(written(0.0) == "0");
  CHECK(written(-0.0) == "-0.0");
  CHECK(written(1.0) == "1");
  CHECK(written(0.1) == "0.1");
  CHECK(written(0.1F) == "0.1");
  CHECK(written(1.0 / 3) == "0.3333333333333333");
  CHECK(written(1.0F / 3) == "0.33333334");
  CHECK(written(1e300) == "1e+300");
  CHECK(written(5e-324) == "5e-324");
  CHECK(written(-std::numeric_limits<float>::denorm_min()) == "-1e-45");
  CHECK(written(-0.0F) == "-0.0");
}

TEST_CASE("json: a masked score is null, NaN and +∞ cannot be written") {
  CHECK(written(-std::numeric_limits<double>::infinity()) == "null");
  CHECK(written(-std::numeric_limits<float>::infinity()) == "null");
  for (const double wrong :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    CHECK(test::error_of([&] { written(wrong); }) ==
          "a number that is not finite cannot be written as JSON");
    CHECK(test::error_code_of([&] { written(wrong); }) == 70);
    CHECK_THROWS_AS(written(static_cast<float>(wrong)), Error);
  }
  // A NaN with its sign set is not −∞.
  CHECK_THROWS_AS(written(std::copysign(std::numeric_limits<double>::quiet_NaN(), -1.0)), Error);
}

TEST_CASE("json: every number reads back to the same bits, by our parser and by another") {
  Random random(1, "bits");
  std::size_t denormal = 0;
  for (int i = 0; i < 50'000; ++i) {
    // Every seventh number is a denormal: an exponent of 0.
    const std::uint64_t bits = i % 7 == 0 ? random.bits() & 0x800FFFFFFFFFFFFFU : random.bits();
    const auto number = std::bit_cast<double>(bits);
    if (!std::isfinite(number)) continue;
    denormal += std::fpclassify(number) == FP_SUBNORMAL ? 1 : 0;
    const std::string text = written(number);
    CAPTURE(text);
    if (std::bit_cast<std::uint64_t>(parse(text).number) != bits) FAIL("read back differently");
    if (std::bit_cast<std::uint64_t>(nlohmann::json::parse(text).get<double>()) != bits) {
      FAIL("read back differently by nlohmann");
    }
  }
  CHECK(denormal > 5'000);
}

TEST_CASE("json: every float32 reads back to the same bits, through float64") {
  Random random(2, "bits");
  for (int i = 0; i < 50'000; ++i) {
    const auto bits =
        static_cast<std::uint32_t>(random.bits() >> 32) & (i % 7 == 0 ? 0x807FFFFFU : 0xFFFFFFFFU);
    const auto number = std::bit_cast<float>(bits);
    if (!std::isfinite(number)) continue;
    const std::string text = written(number);
    CAPTURE(text);
    const auto back = static_cast<float>(parse(text).number);
    if (std::bit_cast<std::uint32_t>(back) != bits) FAIL("read back differently");
  }
}

TEST_CASE("json: texts are escaped and come back") {
  CHECK(written(std::string("a\"b\\c")) == R"("a\"b\\c")");
  CHECK(written(std::string("\n\t\r\b\f\x01\x1f")) == R"("\n\t\u000d\u0008\u000c\u0001\u001f")");
  CHECK(written(std::string("汤姆 😀 é")) == "\"汤姆 😀 é\"");
  CHECK(written(std::string("\x7f/")) == "\"\x7f/\"");
  std::string all;
  for (int c = 0; c < 128; ++c) all += static_cast<char>(c);
  CHECK(parse(written(all)).text == all);
  CHECK(nlohmann::json::parse(written(all)).get<std::string>() == all);
}

TEST_CASE("json: constants are written on one line") {
  const Attributes constants{{"flag", true},
                             {"number", 0.5},
                             {"text", "a"},
                             {"flags", std::vector<bool>{true, false}},
                             {"numbers", std::vector<double>{1, 2.5}},
                             {"texts", std::vector<std::string>{"a", "b"}},
                             {"inner", Attributes{{"x", 1.0}}},
                             {"none", Attributes{}}};
  CHECK(written(constants) ==
        R"({"flag": true, "number": 0.5, "text": "a", "flags": [true, false], )"
        R"("numbers": [1, 2.5], "texts": ["a", "b"], "inner": {"x": 1}, "none": {}})");
}

TEST_CASE("attributes: set replaces, get checks the type") {
  Attributes constants{{"a", 1.0}};
  constants.set("b", "text");
  constants.set("a", 2.0);
  CHECK(constants.get<double>("a") == 2.0);
  CHECK(constants.get_or("a", std::string("other")) == "other");
  CHECK(constants.get_or("absent", 7.0) == 7.0);
  CHECK(constants == Attributes{{"a", 2.0}, {"b", "text"}});
  CHECK_FALSE(constants == Attributes{{"b", "text"}, {"a", 2.0}});
  CHECK(test::error_of([&] { constants.get<bool>("a"); }) ==
        "the attribute \"a\" is missing or has the wrong type");
  CHECK(test::error_of([&] { constants.get<double>("absent"); }) ==
        "the attribute \"absent\" is missing or has the wrong type");
}

}  // namespace
}  // namespace attn_viz::json
