// Paths: breadth-first search against powers of the links, and the patterns of the literature.
#include "attn_viz/analysis/paths.hpp"

#include <random>
#include <string>

#include "attn_viz/analysis/cost.hpp"
#include "catch.hpp"
#include "support/tasks.hpp"

namespace attn_viz::analysis {
namespace {

/// Rows of 0 and 1: "110,011".
Links links_of(const std::string& rows) {
  const std::size_t n = rows.find(',') == std::string::npos ? rows.size() : rows.find(',');
  Links links(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (rows[i * (n + 1) + j] == '1') links.join(i, j);
    }
  }
  return links;
}

Links random_links(std::size_t n, double share, unsigned seed) {
  std::mt19937 bits(seed);
  Links links(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (static_cast<double>(bits()) < share * 4294967296.0) links.join(i, j);
    }
  }
  return links;
}

/// The least L for which Lᵗʰ power of the links joins a pair, over all pairs.
Paths by_powers(const Links& links) {
  const std::size_t n = links.inputs();
  std::vector<std::size_t> first(n * n, 0);
  Links power = links;
  for (std::size_t layers = 1; layers <= n; ++layers) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        if (first[i * n + j] == 0 && power.joined(i, j)) first[i * n + j] = layers;
      }
    }
    power = links.after(power);
  }
  Paths paths;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (i == j) continue;
      const std::size_t layers = first[i * n + j];
      if (layers == 0)
        ++paths.never;
      else
        paths.longest = std::max(paths.longest.value_or(0), layers);
    }
  }
  return paths;
}

TEST_CASE("paths: what layers upon one another join is what the search finds") {
  for (unsigned seed = 0; seed < 60; ++seed) {
    const std::size_t n = 1 + seed % 9 + (seed % 10 == 0 ? 64 : 0);
    const Links links = random_links(n, 0.05 + 0.1 * (seed % 4), seed);
    const Paths found = paths_of(links), expected = by_powers(links);
    CAPTURE(seed, n);
    CHECK(found.longest == expected.longest);
    CHECK(found.never == expected.never);
  }
}

TEST_CASE("paths: the sparse patterns of six positions") {
  struct Pattern {
    const char *name, *rows;
    std::size_t longest, never;
  };
  // Rows as in the literature; a causal pattern never joins a later position.
  const Pattern patterns[] = {{"full", "111111,111111,111111,111111,111111,111111", 1, 0},
                              {"causal", "100000,110000,111000,111100,111110,111111", 1, 15},
                              {"sliding", "110000,111000,011100,001110,000111,000011", 5, 0},
                              {"dilated", "101000,010100,101010,010101,001010,000101", 2, 18},
                              {"longformer", "111111,111000,111100,101110,100111,100011", 2, 0},
                              {"strided", "100000,110000,111000,011100,101110,010111", 2, 15}};
  for (const Pattern& pattern : patterns) {
    const Paths paths = paths_of(links_of(pattern.rows));
    CAPTURE(pattern.name);
    CHECK(paths.longest == pattern.longest);
    CHECK(paths.never == pattern.never);
  }
}

TEST_CASE("paths: positions that see only themselves have none") {
  const Paths paths = paths_of(links_of("100,010,001"));
  CHECK_FALSE(paths.longest);
  CHECK(paths.never == 6);
}

TEST_CASE("paths: a window of w neighbours carries a signal w positions a layer") {
  for (const std::size_t n : {2, 7, 70}) {
    for (const std::size_t w : {1, 2, 5}) {
      Links links(n, n);
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < n; ++j) {
          if (i <= j + w && j <= i + w) links.join(i, j);
        }
      }
      CAPTURE(n, w);
      CHECK(paths_of(links).longest == (n - 1 + w - 1) / w);
    }
  }
}

// ---- of traces ----

std::vector<JoiningLayer> layers_of(const Trace& trace) {
  return cost_of(trace).layers;
}

TEST_CASE("paths: the receptive field of 2-D convolutions is a square, cut at corners") {
  // 3 × 3 taps, then 3 × 3 taps with dilation 3: 9 pixels, then 9 × 9.
  const auto layers = layers_of(test::trace_of_sample("convolution-2d"));
  using Field = std::pair<std::size_t, std::size_t>;
  REQUIRE(layers.size() == 2);
  CHECK(layers[0].receptive_field == Field{2 * 2, 3 * 3});
  CHECK(layers[1].receptive_field == Field{5 * 5, 9 * 9});
}

TEST_CASE("paths: the receptive field of a convolution grows by (k - 1) r a layer") {
  // Three layers of three taps with dilations 1, 2, 4, on 17 positions.
  const auto layers = layers_of(test::trace_of_sample("convolution"));
  REQUIRE(layers.size() == 3);
  std::size_t field = 1, dilation = 1;
  for (const JoiningLayer& layer : layers) {
    field += 2 * dilation;
    dilation *= 2;
    REQUIRE(layer.receptive_field);
    CHECK(layer.receptive_field->second == field);
    CHECK(layer.kind == "convolution");
  }
  CHECK(layers[0].longest_path == 16);  // with dilation 1 every other position, one by one
  CHECK(layers[0].never == 0);
}

TEST_CASE("paths: a recurrence takes n cells, and one direction never sees the other side") {
  const auto layers = layers_of(test::trace_of_sample("recurrence"));
  REQUIRE(layers.size() == 2);
  for (const JoiningLayer& layer : layers) {
    CHECK(layer.kind == "recurrence");
    CHECK(layer.longest_path == 8);
    CHECK(layer.never == 28);
  }
}

TEST_CASE("paths: criss-cross attention joins any two pixels in two layers") {
  const auto layers = layers_of(test::trace_of_sample("criss-cross-attention"));
  REQUIRE(layers.size() == 2);
  for (const JoiningLayer& layer : layers) {
    CHECK(layer.longest_path == 2);
    CHECK(layer.never == 0);
    CHECK(layer.visible == Count(200 * 29));
  }
}

TEST_CASE("paths: cross-attention reads its keys at once, and stacks see through layers below") {
  const auto layers = layers_of(test::trace_of_sample("tom-chase-jerry"));
  REQUIRE(layers.size() == 1);
  CHECK(layers[0].longest_path == 1);
  const auto stack = layers_of(test::trace_of_sample("tagging-stack"));
  REQUIRE(stack.size() == 2);
  CHECK(stack[0].receptive_field == std::pair<std::size_t, std::size_t>{1, 2});
  CHECK(stack[0].longest_path == 3);
  CHECK(stack[1].receptive_field == std::pair<std::size_t, std::size_t>{4, 4});
}

}  // namespace
}  // namespace attn_viz::analysis
