// The exact text of numbers.
#include <string>

#include "catch.hpp"
#include "figure/number_text.hpp"

using namespace attn_viz::figure;

namespace {

std::string joined(const std::vector<Tick>& ticks) {
  std::string text;
  for (const Tick& tick : ticks) text += (text.empty() ? "" : " ") + tick.text;
  return text;
}

}  // namespace

TEST_CASE("a value without decimals is exact") {
  CHECK(value_text(0, 2) == "0");
  CHECK(value_text(-0.0, 2) == "0");
  CHECK(value_text(1, 2) == "1");
  CHECK(value_text(-3, 2) == "−3");
  CHECK(value_text(0.9999, 2) == "1.00");
  CHECK(value_text(0.0001, 2) == "0.00");
}

TEST_CASE("other values are rounded to three digits") {
  CHECK(value_text(0.4237, 2) == "0.42");
  CHECK(value_text(-1.366, 2) == "−1.37");
  CHECK(value_text(-12.34, 2) == "−12.3");
  CHECK(value_text(123.4, 2) == "123");
  CHECK(value_text(123456, 2) == "1.2e5");
  CHECK(value_text(-1e300, 2) == "−1e300");
  CHECK(value_text(-0.001, 2) == "0.00");
}

TEST_CASE("small matrices have more decimals") {
  CHECK(decimals_for(0) == 2);
  CHECK(decimals_for(0.9) == 2);
  CHECK(decimals_for(0.013) == 3);
  CHECK(decimals_for(1e-30) == 6);
}

TEST_CASE("ticks are round numbers inside of the scale") {
  CHECK(joined(ticks(0, 1, 5)) == "0 0.25 0.5 0.75 1");
  CHECK(joined(ticks(-2.4, 2.4, 5)) == "−2 −1 0 1 2");
  CHECK(joined(ticks(0, 0.003, 5)) == "0 0.001 0.002 0.003");
  CHECK(joined(ticks(-250, 250, 5)) == "−200 −100 0 100 200");
  CHECK(joined(ticks(0, 1e300, 5)) == "0 2.5e299 5e299 7.5e299 1e300");
  CHECK(ticks(-1.7e308, 1.7e308, 5).size() >= 2);
}

TEST_CASE("a scale without room for round numbers has its ends as ticks") {
  CHECK(joined(ticks(0.5, 0.5, 5)) == "0.5");
  CHECK(joined(ticks(1, 1.0000000000000002, 5)) == "1 1.0000000000000002");
}
