#include "attn_viz/core/random.hpp"

#include <set>

#include "catch.hpp"

namespace attn_viz {
namespace {

// Another program (a few lines of Python after the paper) computed these.
TEST_CASE("random: the first numbers of two streams are frozen") {
  Random query(7, "layer0/W_Q");
  for (const double expected :
       {0.29532948411908644, 0.10456520267439073, 0.7905053507819978, 0.6864829336301131}) {
    CHECK(query.uniform() == expected);
  }
  Random key(7, "layer0/W_K");
  for (const double expected :
       {0.038830097205420855, 0.42073619633276405, 0.027493779345822866, 0.7078360706257858}) {
    CHECK(key.uniform() == expected);
  }
  CHECK(Random(0, "").bits() == 0x5B21F68FFA77F14CU);
}

TEST_CASE("random: numbers lie in [0, 1) and spread evenly") {
  Random random(3, "even");
  constexpr int kCount = 100'000;
  double sum = 0, squares = 0;
  int low = 0, high = 0;
  for (int i = 0; i < kCount; ++i) {
    const double u = random.uniform();
    if (!(u >= 0 && u < 1)) FAIL("out of range: " << u);
    sum += u;
    squares += u * u;
    low += u < 0.01 ? 1 : 0;
    high += u >= 0.99 ? 1 : 0;
  }
  // Five standard deviations of the mean: 5 · √(1/12 / 100,000).
  CHECK(sum / kCount == Approx(0.5).margin(0.0046));
  CHECK(squares / kCount == Approx(1.0 / 3).margin(0.005));
  CHECK(low > 800);
  CHECK(low < 1200);
  CHECK(high > 800);
  CHECK(high < 1200);
}

TEST_CASE("random: seeds and names part the streams, and a stream repeats") {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (const char* name : {"layer0/W_Q", "layer0/W_K", "layer0/W_V", "layer1/W_Q", ""}) {
      firsts.insert(Random(seed, name).bits());
      CHECK(Random(seed, name).bits() == Random(seed, name).bits());
    }
  }
  CHECK(firsts.size() == 500);
}

}  // namespace
}  // namespace attn_viz
