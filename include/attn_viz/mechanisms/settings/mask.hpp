// What hides keys from queries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class PatternType { kDilated, kStrided, kLongformer, kBigBird, kSinks };

/// The names in documents, in the order of PatternType.
inline constexpr std::string_view kPatternNames[] = {"dilated", "strided", "longformer", "big-bird",
                                                     "sinks"};

/// A named sparse pattern of self-attention; which of the numbers it reads stands beside them.
struct PatternSettings {
  PatternType type = PatternType::kDilated;
  std::size_t window = 1;         ///< all: keys on each side (strided, sinks: up to the query)
  std::size_t step = 2;           ///< dilated: ≥ 1
  std::size_t stride = 2;         ///< strided: ≥ 1
  std::size_t sinks = 1;          ///< sinks: first keys that all see
  std::vector<double> global{0};  ///< longformer, big-bird: tokens that see all and are seen by all
  std::size_t random = 1;         ///< big-bird: further keys of a query
  std::uint64_t seed = 0;         ///< big-bird
  std::optional<Tensor> random_keys = {};  ///< big-bird: [pairs, 2] of query, key, instead of drawn
  std::size_t random_lists = 0;            ///< for how many queries they were given
};

/// What hides keys; all that is given must agree that a key is visible.
struct MaskSettings {
  bool causal = false;                                   ///< j ≤ i
  std::optional<std::pair<double, double>> window = {};  ///< i − left ≤ j ≤ i + right
  std::vector<bool> padding = {};                        ///< [m], true = a real key
  std::optional<Tensor> allow = {};                      ///< [n, m] of 0 and 1
  std::optional<Tensor> edges = {};                      ///< [edges, 2] of query, key
  bool self_loops = false;                               ///< beside the edges, i = j
  std::optional<PatternSettings> pattern = {};
  bool hides_nothing() const {
    return !causal && !window && padding.empty() && !allow && !edges && !pattern;
  }
};

}  // namespace attn_viz
