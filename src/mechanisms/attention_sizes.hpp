// How large a layer of attention is: the sizes of its queries, keys and values, and what it takes
// to hold its steps.
#pragma once

#include <cstddef>
#include <string>

#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Sizes of the inputs that a layer of attention reads.
struct InputSizes {
  std::size_t queries = 0, keys = 0;  ///< n, m
  std::size_t embedding = 0;          ///< d: of the queries' source
  std::size_t context = 0;            ///< d′: of the keys' source
  std::size_t values = 0;             ///< d″: of the values' source
  /// What the queries and the keys run over; null: nothing is known of it.
  const AxisInfo *query_axis = nullptr, *key_axis = nullptr;
};

/// Sizes of one head. d_q = d_k but for the additive and bilinear scores, where they may differ.
struct HeadSizes {
  std::size_t query = 0, key = 0, value = 0;  ///< d_q, d_k, d_v
};

/// The sizes as given, else those of the matrices, else those of slices of the embedding.
/// @param place  JSON pointer of the settings, for errors: "/attention".
/// @throws Error kInvalid where the matrices W_Q, W_K, W_V do not fit, or heads do not divide.
HeadSizes resolve_sizes(const AttentionSettings& settings, const InputSizes& sizes,
                        const std::string& place);

/// Whether a matrix has its input size along the wrong axis.
bool looks_transposed(const Tensor& matrix, std::size_t axis, std::size_t source);

/// The bytes that the parameters and steps of a layer take, at most.
/// @param scaled  whether the scores are multiplied by a scale that is not 1.
/// @throws Error kLimit if they are more than `limit`.
double expect_layer_fits(const AttentionSettings& settings, const InputSizes& sizes,
                         const HeadSizes& head, bool scaled, DType dtype, const std::string& place,
                         std::size_t limit);

}  // namespace attn_viz
