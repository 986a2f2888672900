// The table over growing n: the paper's numbers, laws, and counts that do not wrap.
#include "attn_viz/analysis/growth.hpp"

#include "attn_viz/analysis/cost_text.hpp"
#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tasks.hpp"

namespace attn_viz::analysis {
namespace {

const LayerGrowth& layer_of(const Growth& growth, const std::string& name) {
  for (const LayerGrowth& layer : growth.layers) {
    if (layer.name == name) return layer;
  }
  throw std::runtime_error("no layer " + name);
}

LayerSizes sizes_of(std::vector<std::size_t> lengths, std::size_t d = 512, std::size_t k = 3,
                    std::size_t r = 64) {
  return {.lengths = std::move(lengths), .width = d, .heads = 8, .kernel = k, .neighbourhood = r};
}

TEST_CASE("growth: the numbers of table 1 for n = 1000, d = 512, k = 3, r = 64") {
  const Growth growth = growth_of(sizes_of({1000}));
  const auto products = [&](const char* name) {
    return layer_of(growth, name).costs[0].multiply_adds.text();
  };
  CHECK(products("self-attention") == "512,000,000");
  CHECK(products("recurrent") == "262,144,000");
  CHECK(products("linear") == "262,144,000");
  CHECK(products("convolution") == "786,432,000");
  CHECK(products("dilated") == "786,432,000");
  CHECK(products("restricted") == "32,768,000");
  const auto path = [&](const char* name) {
    return layer_of(growth, name).costs[0].longest_path.text();
  };
  CHECK(path("self-attention") == "1");
  CHECK(path("recurrent") == "1,000");
  CHECK(path("convolution") == "334");
  CHECK(path("dilated") == "7");  // 3⁶ = 729 < 1000 ≤ 3⁷
  CHECK(path("restricted") == "16");
}

TEST_CASE("growth: parameters for d = 512, k = 3, whatever n is") {
  const Growth growth = growth_of(sizes_of({1, 1000}));
  const auto parameters = [&](const char* name) {
    return layer_of(growth, name).parameters.text();
  };
  CHECK(parameters("self-attention") == "1,048,576");
  CHECK(parameters("restricted") == "1,048,576");
  CHECK(parameters("linear") == "1,048,576");
  CHECK(parameters("recurrent") == "524,288");
  CHECK(parameters("convolution") == "786,432");
  CHECK(parameters("dilated") == "786,432");
}

TEST_CASE("growth: parameters are those of documents with layers of these sizes") {
  const std::size_t d = 2, k = 3;
  const Growth growth = growth_of(sizes_of({2}, d, k));
  const auto counted = [](const std::string& rest) {
    return cost_of(test::trace_of(R"({"embeddings": [[1, 0], [0, 1]], )" + rest + "}")).parameters;
  };
  const std::string attention = R"("attention": {"weights": {"random": 1}, )";
  CHECK(layer_of(growth, "self-attention").parameters == counted(attention + R"("heads": 2})"));
  CHECK(layer_of(growth, "restricted").parameters ==
        counted(attention + R"("mask": {"window": [1, 0]}})"));
  CHECK(layer_of(growth, "linear").parameters ==
        counted(attention + R"("approximation": "linear"})"));
  CHECK(layer_of(growth, "recurrent").parameters ==
        counted(R"("mechanism": "recurrence", "recurrence": "rnn")"));
  const std::string layer =
      R"({"kernel": [[[1, 2], [0, 1]], [[1, 0], [0, 1]], [[2, 1], [1, 0]]], "dilation": )";
  const auto convolution = [&](const char* dilation) {
    return counted(R"("mechanism": "convolution-1d", "layers": [)" + layer + dilation + "}]");
  };
  CHECK(layer_of(growth, "convolution").parameters == convolution("1"));
  CHECK(layer_of(growth, "dilated").parameters == convolution("3"));
}

TEST_CASE("growth: dilated layers are as many as a field that grows k-fold needs") {
  for (const std::size_t k : {2, 3, 5, 10}) {
    for (std::size_t n = 1; n <= 300; ++n) {
      std::size_t layers = 1, field = k;
      while (field < n) field *= k, ++layers;
      const Growth growth = growth_of(sizes_of({n}, 4, k));
      REQUIRE(layer_of(growth, "dilated").costs[0].longest_path == Count(layers));
    }
  }
}

TEST_CASE("growth: before a crossover the first layer costs less, beyond it the second") {
  for (const std::size_t d : {2, 7, 512}) {
    const Growth at = growth_of(sizes_of({d}, d, 3, 5));
    REQUIRE(at.crossovers.front().term == "n = d");
    for (const Crossover& one : at.crossovers) {
      const auto n = static_cast<std::size_t>(one.length.approximate());
      const Growth around = growth_of(sizes_of({n - 1, n, n + 1}, d, 3, 5));
      const auto &first = layer_of(around, one.first).costs,
                 &second = layer_of(around, one.second).costs;
      CAPTURE(d, one.term, one.second);
      CHECK(first[0].multiply_adds <= second[0].multiply_adds);
      CHECK(first[1].multiply_adds == one.multiply_adds);
      CHECK(second[1].multiply_adds == one.multiply_adds);
      CHECK(first[2].multiply_adds > second[2].multiply_adds);
    }
  }
}

TEST_CASE("growth: no layer becomes cheaper or shorter as n grows") {
  const Growth growth = growth_of(sizes_of(default_lengths(512)));
  for (const LayerGrowth& layer : growth.layers) {
    for (std::size_t i = 1; i < layer.costs.size(); ++i) {
      CHECK(layer.costs[i - 1].multiply_adds < layer.costs[i].multiply_adds);
      CHECK(layer.costs[i - 1].longest_path <= layer.costs[i].longest_path);
      CHECK(layer.costs[i - 1].sequential <= layer.costs[i].sequential);
      CHECK(layer.costs[i - 1].memory <= layer.costs[i].memory);
    }
  }
}

TEST_CASE("growth: the lengths reach from below d to beyond it") {
  CHECK(default_lengths(512) ==
        std::vector<std::size_t>{64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536});
  CHECK(default_lengths(3, 5) ==
        std::vector<std::size_t>{1, 2, 3, 4, 5, 8, 16, 32, 64, 128, 256, 512});
  CHECK(default_lengths(kLargestSize).back() == kLargestSize);
}

TEST_CASE("growth: a file's sizes, as far as it has them") {
  const auto known = [](const char* sample) {
    const Trace trace = test::trace_of_sample(sample);
    return known_sizes(trace, cost_of(trace).layers);
  };
  const KnownSizes convolution = known("convolution");
  CHECK(convolution.length == 17);
  CHECK(convolution.width == 1);
  CHECK(convolution.kernel == 3);
  CHECK_FALSE(convolution.heads);
  const KnownSizes window = known("tagging-stack");
  CHECK(window.heads == 2);
  CHECK(window.neighbourhood == 2);
  CHECK_FALSE(window.kernel);
  CHECK_FALSE(known("causal").neighbourhood);  // its last position sees all
  CHECK_FALSE(known("strip-pooling").width);   // maps have no rows
}

TEST_CASE("counts: exact beyond 64 bits, refused beyond 128") {
  const std::size_t big = kLargestSize;
  const Growth growth = growth_of(sizes_of({big}, 1 << 20));
  CHECK(layer_of(growth, "self-attention").costs[0].multiply_adds.digits() ==
        "1267650600228229401496703205376");  // 2¹⁰⁰
  const Count largest = Count(~std::size_t{0}) * ~std::size_t{0} + Count(~std::size_t{0}) * 2;
  CHECK(largest.digits() == "340282366920938463463374607431768211455");  // 2¹²⁸ − 1
  CHECK(test::error_code_of([&] { (void)(largest + 1); }) == 5);
  CHECK(test::error_code_of([&] { (void)(largest * 2); }) == 5);
  CHECK(test::error_code_of([&] { growth_of(sizes_of({big}, big, big)); }) == 5);
  CHECK(Count(0).text() == "0");
  CHECK(Count(999).text() == "999");
  CHECK(Count(1000).text() == "1,000");
}

TEST_CASE("growth: the text of a small table") {
  LayerSizes sizes{.lengths = {2, 8}, .width = 2, .heads = 1, .kernel = 2, .neighbourhood = 4};
  const std::string text =
      cost_report({.file = {}, .growth = growth_of(sizes)}, TableFormat::kText);
  CHECK(text == R"(One layer, leading terms: d = 2, H = 1, k = 2, r = 4

parameters  self-attention  restricted  linear  recurrent  convolution  dilated
n                     4 d²        4 d²    4 d²       2 d²         k d²     k d²
any                     16          16      16          8            8        8

multiply-adds  self-attention  restricted  linear  recurrent  convolution  dilated
n                        n² d       r n d    n d²       n d²       k n d²   k n d²
2 = d                       8           8       8          8           16       16
8                         128          64      32         32           64       64

longest path  self-attention  restricted  linear  recurrent  convolution  dilated
n                          1       n / r       1          n        n / k  log_k n
2 = d                      1           1       1          2            1        1
8                          1           2       1          8            4        3

sequential  self-attention  restricted  linear  recurrent  convolution  dilated
n                        1           1       1          n            1        1
2 = d                    1           1       1          2            1        1
8                        1           1       1          8            1        1

memory  self-attention  restricted  linear  recurrent  convolution  dilated
n                 H n²       H r n      d²          d            0        0
2 = d                4           4       4          2            0        0
8                   64          32       4          2            0        0

n = d = 2: self-attention and recurrent both cost 8 multiply-adds; beyond it, recurrent costs less.
n = d = 2: self-attention and linear both cost 8 multiply-adds; beyond it, linear costs less.
n = k d = 4: self-attention and convolution both cost 32 multiply-adds; beyond it, convolution costs less.
n = r = 4: self-attention and restricted both cost 32 multiply-adds; beyond it, restricted costs less.
r > d: at n ≥ r, restricted attention costs more than recurrence.
parameters: matrices without biases: W_Q, W_K, W_V, W_O; W, U of a recurrence; a kernel.
multiply-adds: without constant factors (2 of scores and values) and without W_Q, W_K, W_V, W_O, W.
memory: numbers kept beside inputs and outputs (weights of H heads, or a state).
restricted: each position sees r around it (all, where n < r). linear: one head.
dilated: dilations 1, k, k², … from layer to layer. Quotients are rounded up.
)");
}

}  // namespace
}  // namespace attn_viz::analysis
