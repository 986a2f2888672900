// Pairs of queries and keys that see each other: edges of a graph, named sparse patterns.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "attn_viz/ops/arithmetic.hpp"

namespace attn_viz::ops {

/// For each query the keys of its pairs.
/// @param pairs  [pairs, 2]: the indices of a query and of a key
/// @throws Error kInvalid unless they are indices of n queries and m keys.
std::vector<std::vector<std::size_t>> keys_by_query(const Tensor& pairs, std::size_t n,
                                                    std::size_t m);

/// A named pattern over n queries and m keys.
class Pattern {
 public:
  /// @param constants    "type" and the numbers of that type; see docs/formats.md
  /// @param random_keys  of "big-bird", instead of drawing them: pairs [pairs, 2]; may be null
  /// @throws Error kInvalid if the type is unknown or a number is missing or useless.
  Pattern(const Attributes& constants, std::size_t n, std::size_t m, const Tensor* random_keys);

  /// Sets visible[j] to 0 for the keys that the pattern hides from query i.
  void hide(std::size_t i, std::span<char> visible) const;

  /// What decides whether query i sees key j, in conjunctive form: every group must hold, a group
  /// holds if one of its conditions does.
  std::vector<std::vector<Condition>> conditions(std::size_t i, std::size_t j,
                                                 std::size_t keys) const;

  /// The rule in symbols: "j ≤ i ∧ (j < sinks ∨ i − j < window)".
  static std::string rule(const Attributes& constants);

 private:
  enum class Type { kDilated, kStrided, kLongformer, kBigBird, kSinks };

  bool sees(std::size_t i, std::size_t j) const;
  void add_random_keys(std::size_t i, std::vector<char>& seen) const;

  Type type_;
  std::size_t window_ = 0, period_ = 1, sinks_ = 0, random_ = 0;
  std::vector<char> global_;
  bool drawn_ = false;
  double seed_ = 0;
  std::string stream_;
  std::vector<std::vector<std::size_t>> random_keys_;
};

/// What a mask of 0 and 1 lets through: "density", the visible share of all pairs, and, for one
/// sequence of at most 1024 tokens, "diameter": the most layers that it takes until a token has
/// heard of each token that it can hear of (the longest of the shortest paths).
Attributes facts_of_mask(const Tensor& pairs);

}  // namespace attn_viz::ops
