// How the costs of a layer grow with the length of its input: the table of Vaswani et al. 2017 with
// numbers in it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/analysis/cost.hpp"

namespace attn_viz::analysis {

inline constexpr std::size_t kLargestSize = std::size_t{1} << 40;

/// What the table is about, each from 1 to kLargestSize.
struct LayerSizes {
  std::vector<std::size_t> lengths;  ///< n, ascending, each once
  std::size_t width = 512;           ///< d
  std::size_t heads = 8;             ///< H
  std::size_t kernel = 3;            ///< k ≥ 2: a kernel of 1 joins no positions
  std::size_t neighbourhood = 64;    ///< r ≥ 2, centred on the position
};

/// What a trace says about these sizes; absent where it has none of them.
struct KnownSizes {
  std::optional<std::size_t> length, width, heads, kernel, neighbourhood;
};
KnownSizes known_sizes(const Trace& trace, const std::vector<JoiningLayer>& layers);

/// Powers of two from an eighth of d (rounded up to one) to 128 times it, and d itself, so that the
/// crossover n = d lies well inside; and n of a document if it is given.
/// Example: 512 → 64, 128, …, 65536
std::vector<std::size_t> default_lengths(std::size_t width, std::optional<std::size_t> length = {});

/// One layer at one length. Leading terms; what is divided is rounded up.
struct LayerCost {
  Count multiply_adds;
  Count sequential;    ///< operations that must wait for one another
  Count longest_path;  ///< between any two positions
  Count memory;        ///< numbers kept beside inputs and outputs: weights, or a state
};

struct LayerGrowth {
  std::string name;                                                      ///< "self-attention"
  std::string parameters_term, multiply_adds, sequential, path, memory;  ///< the terms: "n² d"
  Count parameters;              ///< numbers in matrices and kernels; the same for all lengths
  std::vector<LayerCost> costs;  ///< one for each length
};

/// Where two layers cost the same multiply–adds; beyond it the second costs less.
struct Crossover {
  std::string first, second;
  std::string term;     ///< "n = d"
  Count length;         ///< that n
  Count multiply_adds;  ///< of both there
};

struct Growth {
  LayerSizes sizes;
  std::vector<LayerGrowth> layers;
  std::vector<Crossover> crossovers;  ///< the first is that of self-attention and recurrence, n = d
};

/// Self-attention n² d; restricted to r neighbours, min(r, n) n d; linear attention of one head,
/// recurrence n d²; convolution k n d², with dilations 1, k, k², … from layer to layer or without.
/// Parameters are those of inputs and outputs d wide, without biases: W_Q, W_K, W_V and W_O of
/// attention 4 d² (H heads of d / H), W and U of a recurrence 2 d², a kernel k d². The
/// multiply–adds are the terms of the table: without constant factors, such as 2 of scores and
/// values, and without the n d² of each of W_Q, W_K, W_V, W_O and W.
/// @throws Error  kLimit if a count is larger than 2¹²⁸
/// Source: Vaswani et al. 2017, table 1; linear attention: Katharopoulos et al. 2020, § 3.2.
/// Example: n = 1000, d = 512, k = 3, r = 64 → 512,000,000, 32,768,000, 262,144,000, 262,144,000
///          and 786,432,000; parameters 1,048,576 of attention, 524,288 and 786,432.
Growth growth_of(LayerSizes sizes);

}  // namespace attn_viz::analysis
