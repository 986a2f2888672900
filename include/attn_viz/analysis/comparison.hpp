// The weights of one input under several settings, and how they differ.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::analysis {

/// The weights under one setting.
struct Variant {
  std::string name;  ///< "cosine", "cosine, 2 heads"
  Tensor weights =
      {};  ///< [n, m] float64; of several heads, their mean; −∞ where all have it masked
  std::size_t heads = 1;  ///< that the mean is of
  /// Of rows that see a key, the mean. Absent where weights are negative or rows do not sum to 1.
  std::optional<double> entropy = {};             ///< nats
  std::optional<double> normalized_entropy = {};  ///< of ln of the number of visible keys, 0 to 1
  double largest = 0;                             ///< of a row, mean over the rows
  std::size_t empty_rows = 0;                     ///< rows that see no key
};

/// How two variants differ.
struct Pair {
  std::size_t first = 0, second = 0;  ///< variants
  Tensor difference = {};             ///< [n, m], second − first, a masked weight counting as 0
  double largest = 0;                 ///< |difference|
  /// Over the rows that see a key in both; absent where one has no entropy.
  std::optional<double> jensen_shannon = {};  ///< nats, mean over the rows
  double agreement = 0;  ///< share of these rows with the largest weight at one key
  std::size_t skipped_rows = 0;
};

struct Comparison {
  std::vector<Variant> variants;
  std::vector<Pair> pairs = {};  ///< each two variants: (0, 1), (0, 2), …
};

/// The weights of a layer in a trace, as a variant.
/// @param head  one head; absent: the mean over all heads
/// @throws Error kInvalid if the trace has no such weights
Variant variant_of(const Trace& trace, std::string name, std::size_t layer,
                   std::optional<std::size_t> head);

/// Of how many heads the weights are means, for a reader: one sentence if it is the same for all
/// variants, else one for each; none for single heads.
std::vector<std::string> notes_on_heads(const std::vector<Variant>& variants);

/// @throws Error kInvalid if the variants differ in shape
Comparison compare(std::vector<Variant> variants);

}  // namespace attn_viz::analysis
