// How much a mask lets through, and how far.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include "attn_viz/core/parallel.hpp"
#include "ops/pattern.hpp"

namespace attn_viz::ops {
namespace {

using Bits = std::vector<std::uint64_t>;

/// The rows of a square mask as bits, each beginning at a new word.
Bits bits_of(const Tensor& mask, std::size_t words) {
  const std::size_t n = mask.rows();
  Bits bits(n * words);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (mask.at(i, j) != 0) bits[i * words + j / 64] |= std::uint64_t{1} << (j % 64);
    }
  }
  return bits;
}

/// In how many steps query i has reached every key that it can reach.
std::size_t steps_from(std::size_t i, const Bits& bits, std::size_t words) {
  Bits reached(words);
  reached[i / 64] |= std::uint64_t{1} << (i % 64);
  Bits front = reached;
  for (std::size_t steps = 0;; ++steps) {
    Bits next(words);
    for (std::size_t word = 0; word < words; ++word) {
      for (std::uint64_t left = front[word]; left != 0; left &= left - 1) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(left));
        const std::uint64_t* row = bits.data() + (word * 64 + bit) * words;
        for (std::size_t k = 0; k < words; ++k) next[k] |= row[k];
      }
    }
    bool any = false;
    for (std::size_t k = 0; k < words; ++k) {
      next[k] &= ~reached[k];
      reached[k] |= next[k];
      any |= next[k] != 0;
    }
    if (!any) return steps;
    front = std::move(next);
  }
}

std::size_t diameter_of(const Tensor& mask) {
  const std::size_t n = mask.rows(), words = (n + 63) / 64;
  const Bits bits = bits_of(mask, words);
  std::atomic<std::size_t> longest{0};
  parallel_for(n, rows_per_block(n * (words + 64)), [&](std::size_t first, std::size_t last) {
    std::size_t here = 0;
    for (std::size_t i = first; i < last; ++i) here = std::max(here, steps_from(i, bits, words));
    std::size_t known = longest;
    while (known < here && !longest.compare_exchange_weak(known, here)) {
    }
  });
  return longest;
}

}  // namespace

Attributes facts_of_mask(const Tensor& pairs) {
  Attributes facts;
  if (pairs.count() == 0) return facts;
  std::size_t visible = 0;
  dispatch(pairs.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (const T entry : pairs.values<T>()) visible += entry != 0;
  });
  facts.set("density", static_cast<double>(visible) / static_cast<double>(pairs.count()));
  constexpr std::size_t kMost = 1024;  // the work grows with the cube of the tokens
  const bool one_sequence = pairs.axes()[0] == pairs.axes()[1];
  if (one_sequence && pairs.rows() <= kMost) facts.set("diameter", diameter_of(pairs));
  return facts;
}

}  // namespace attn_viz::ops
