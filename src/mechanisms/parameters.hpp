// From settings to the parameters of every head: defaults filled in, matrices cut into heads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/mechanisms/settings.hpp"
#include "mechanisms/attention_sizes.hpp"
#include "mechanisms/position.hpp"
#include "mechanisms/score_parameters.hpp"
#include "mechanisms/score_tricks.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {

/// One head. d_q = d_k but for the additive and bilinear scores, where they may differ.
struct HeadParameters {
  /// [d, d_q], [d′, d_k], [d″, d_v]; in differential attention twice as many columns for queries
  /// and keys. Heads of one group have the same keys and values.
  Tensor w_q, w_k, w_v;
  std::optional<Tensor> b_q, b_k, b_v;  ///< as many numbers as the matrix has columns
  std::vector<ScoreParameter> score;    ///< in the order in which the operation reads them
  std::optional<Tensor> bias;           ///< [n, m]
  HeadPosition position;
  HeadTricks tricks = {};
};

struct AttentionParameters {
  std::vector<HeadParameters> heads;
  Tensor w_o;                 ///< [h·d_v, d_out]
  std::optional<Tensor> b_o;  ///< [d_out]
  std::size_t query_size = 0, key_size = 0, value_size = 0;
  double scale = 1;
  Grid query_grid = {}, key_grid = {};  ///< of patches
  double bytes = 0;                     ///< what the parameters and steps of the layer take
};

/// @param place  JSON pointer of the settings, for errors: "/attention".
/// @param layer  name of the stream of random numbers: "layer0".
/// @param limit  bytes that the layer's parameters and steps may take.
/// @throws Error kInvalid where a shape does not fit, kLimit beyond the limit.
AttentionParameters resolve_parameters(const AttentionSettings& settings, const InputSizes& sizes,
                                       DType dtype, const std::string& place,
                                       const std::string& layer, std::size_t limit);

/// Numbers of a parameter at the start of its training, uniform in ±√(6 / (rows + columns)).
/// Source: Glorot and Bengio 2010, eq. 16.
Tensor glorot_uniform(std::size_t rows, std::size_t columns, std::uint64_t seed,
                      const std::string& stream, DType dtype);

}  // namespace attn_viz
