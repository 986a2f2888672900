// The terms of each operation's cells, and what they are written with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "attn_viz/ops/arithmetic.hpp"

namespace attn_viz {

Expression operator+(Expression a, Expression b);
Expression operator-(Expression a, Expression b);
Expression operator-(Expression a);
Expression operator*(Expression a, Expression b);
Expression operator/(Expression a, Expression b);

namespace ops {

/// Added to the number of rows or columns that normalised coordinates are divided by.
inline constexpr double kNormalizeEpsilon = 1e-6;

namespace terms {

/// A constant; a name is what it is called in the formula.
Expression number(double value, std::string name = {});
Expression number(std::size_t value, std::string name = {});
/// The constant of an attribute, under the attribute's name.
Expression attribute(const Cell& cell, std::string_view name);
/// A cell of an input, by its row-major position, or by row and column.
Expression in(std::size_t which, std::size_t position);
Expression in(const Cell& cell, std::size_t which, std::size_t row, std::size_t column);
/// Another cell of the result.
Expression own(std::size_t position);
/// A sum; of nothing 0, of one thing the thing.
Expression sum(std::vector<Expression> parts);
Expression maximum(std::vector<Expression> parts);
Expression of_one(Expression::Kind kind, Expression part);
Expression power(Expression base, Expression exponent);
Expression square(Expression base);
Expression root(Expression part);
Expression exponential(Expression part);
Expression absolute(Expression part);

/// Row i of input a times row j of input b, times column j of input b.
Expression row_times_row(const Cell& cell, std::size_t a, std::size_t i, std::size_t b,
                         std::size_t j);
Expression row_times_column(const Cell& cell, std::size_t a, std::size_t i, std::size_t b,
                            std::size_t j);
/// The sum of the squares of row i of input a.
Expression squares(const Cell& cell, std::size_t a, std::size_t i);

/// "e[3]": the symbol of one of several definitions.
std::string indexed(const std::string& symbol, std::size_t index);

/// Softmax's share of one key, from the scores of the visible keys in order: m, e[j], Σ.
/// @param beside      a score that takes part but has no key; may be null
/// @param temperature divides the exponents; may be null
Expression softmax_share(Arithmetic& arithmetic, const std::vector<std::size_t>& keys,
                         const std::vector<Expression>& scores, std::size_t key,
                         const Expression* beside, const Expression* temperature);

}  // namespace terms

/// Gives the terms of a cell. The cell's values are what `evaluate` gives for its inputs, which
/// has thereby checked all shapes.
using TermsOf = Arithmetic(const Cell&);

// linear, score, adjust
TermsOf product_terms, concat_terms, dot_product_terms, additive_terms, cosine_terms,
    bilinear_terms, gat_terms, scale_terms, softcap_terms, add_terms;
// position
TermsOf sinusoidal_terms, sinusoidal_2d_terms, learned_terms, floater_terms, rotate_terms,
    alibi_terms, t5_bias_terms, relative_dot_product_terms, relative_matmul_terms;
// mask
TermsOf mask_terms, mask_scores_terms;
// normalize
TermsOf softmax_terms, softmax_off_by_one_terms, softmax_with_sink_terms, sigmoid_terms, relu_terms,
    relu_mean_terms, relu_normalized_terms, sparsemax_terms, entmax_terms, hardmax_terms,
    sample_terms;
// heads
TermsOf mix_heads_terms, slice_columns_terms, differential_lambda_terms, differential_terms,
    scaled_rms_norm_terms;
// kernel attention
TermsOf elu_plus_one_terms, random_features_terms, positive_features_terms, key_value_sum_terms,
    key_sum_terms, kernel_output_terms, running_key_values_terms, running_key_sum_terms,
    recurrent_output_terms, kernel_weights_terms;
// low rank
/// The last iteration towards a pseudo-inverse: Z = ¼ · before · factor, row-major.
struct IteratedInverse {
  std::vector<double> before, factor;
};
IteratedInverse last_iteration(const Tensor& matrix, std::size_t iterations);

TermsOf attention_weights_terms, implied_weights_terms, segment_means_terms, pseudo_inverse_terms,
    nystrom_weights_terms, distance_terms;
// rows of one size
TermsOf l2_normalize_terms, rms_normalize_terms, layer_norm_terms, rms_norm_terms;
// online softmax
TermsOf online_maximum_terms, online_sum_terms, online_accumulator_terms, online_output_terms;
// feed-forward, pool
TermsOf activation_terms, multiply_terms, blend_terms, identity_terms, window_rows_terms,
    mean_rows_terms, select_row_terms, patchify_terms;
// feature maps
TermsOf convolution_2d_terms, batch_norm_terms, adaptive_average_pool_terms,
    adaptive_maximum_pool_terms, strip_pool_terms, expand_strips_terms, interpolate_terms,
    concat_maps_terms, flatten_maps_terms, pixels_as_rows_terms, rows_as_maps_terms,
    criss_cross_mask_terms, channel_energy_terms, spatial_softmax_terms, map_l2_normalize_terms,
    squared_error_terms, weighted_sum_terms, channel_softmax_terms, channel_argmax_terms,
    pixel_cross_entropy_terms, binary_cross_entropy_terms, lane_iou_loss_terms;
// sequences
TermsOf rnn_terms, gru_terms, shift_rows_terms, repeat_rows_terms, stack_rows_terms,
    join_rows_terms, slice_rows_terms, fixed_weights_terms, subtract_terms, row_numbers_terms,
    local_window_terms, local_gaussian_terms, network_terms, pointer_mask_terms, argmax_terms,
    grid_convolution_terms, pad_grid_terms, quadratic_encoding_terms, encoding_scores_terms;

}  // namespace ops
}  // namespace attn_viz
