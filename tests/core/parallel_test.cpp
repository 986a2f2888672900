#include "attn_viz/core/parallel.hpp"

#include <atomic>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "catch.hpp"

namespace attn_viz {
namespace {

TEST_CASE("parallel_for: every index once, whatever the block") {
  const std::size_t count = GENERATE(0U, 1U, 2U, 7U, 64U, 1009U);
  const std::size_t block = GENERATE(0U, 1U, 3U, 64U, 5000U);
  CAPTURE(count, block);
  std::vector<std::atomic<int>> seen(count);
  parallel_for(count, block, [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i) ++seen[i];
  });
  for (std::size_t i = 0; i < count; ++i) {
    if (seen[i] != 1) FAIL("index " << i << " came " << seen[i] << " times");
  }
}

TEST_CASE("parallel_for: the blocks do not depend on the number of cores") {
  std::vector<std::size_t> lasts(10);
  parallel_for(95, 10, [&](std::size_t first, std::size_t last) { lasts[first / 10] = last; });
  CHECK(lasts == std::vector<std::size_t>{10, 20, 30, 40, 50, 60, 70, 80, 90, 95});
}

TEST_CASE("parallel_for: the largest block is one block") {
  int calls = 0;
  parallel_for(5, std::numeric_limits<std::size_t>::max(), [&](std::size_t, std::size_t last) {
    ++calls;
    CHECK(last == 5);
  });
  CHECK(calls == 1);
}

TEST_CASE("parallel_for: an exception of a body comes through, and the next loop runs") {
  for (const std::size_t bad : {0U, 50U, 99U}) {
    std::string message;
    try {
      parallel_for(100, 1, [&](std::size_t first, std::size_t) {
        if (first == bad) throw std::runtime_error("block " + std::to_string(first));
      });
    } catch (const std::runtime_error& error) {
      message = error.what();
    }
    CHECK(message == "block " + std::to_string(bad));
    std::atomic<std::size_t> sum{0};
    parallel_for(100, 1, [&](std::size_t first, std::size_t) { sum += first; });
    CHECK(sum == 4950);
  }
}

TEST_CASE("parallel_for: loops within loops run, and their exceptions come through") {
  std::atomic<std::size_t> sum{0};
  parallel_for(20, 1, [&](std::size_t outer, std::size_t) {
    parallel_for(30, 4, [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) sum += outer * i;
    });
  });
  CHECK(sum == 190U * 435U);
  CHECK_THROWS_AS(parallel_for(20, 1,
                               [](std::size_t outer, std::size_t) {
                                 parallel_for(20, 1, [=](std::size_t inner, std::size_t) {
                                   if (outer == 7 && inner == 3) throw std::runtime_error("inner");
                                 });
                               }),
                  std::runtime_error);
}

TEST_CASE("parallel_for: a row is at least one block") {
  CHECK(rows_per_block(0) > 1000);
  CHECK(rows_per_block(1'000'000'000) == 1);
  CHECK(parallel_width() >= 1);
}

}  // namespace
}  // namespace attn_viz
