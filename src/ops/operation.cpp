// The register of all operations, by name.
#include "attn_viz/ops/operation.hpp"

#include "attn_viz/core/error.hpp"
#include "ops/expect.hpp"

namespace attn_viz {
namespace ops {
namespace {

Outcome refuse_to_evaluate(Inputs, const Attributes&) {
  throw Error(ErrorCode::kBug, "given values are not computed");
}

}  // namespace

void expect_equal_sizes(std::size_t a, std::size_t b, const char* what) {
  if (a == b) return;
  throw Error(ErrorCode::kInvalid, std::string(what) + " have unequal sizes: " + std::to_string(a) +
                                       " and " + std::to_string(b));
}

void expect_inputs(Inputs inputs, std::size_t least) {
  if (inputs.size() >= least) return;
  throw Error(ErrorCode::kInvalid, "expected at least " + std::to_string(least) + " inputs, got " +
                                       std::to_string(inputs.size()));
}

const Operation input{
    .name = "input",
    .meaning = "data as given",
    .source = "",
    .equation = nullptr,
    .evaluate = refuse_to_evaluate,
};

const Operation parameter{
    .name = "parameter",
    .meaning = "a parameter as given, chosen or drawn at random",
    .source = "",
    .equation = nullptr,
    .evaluate = refuse_to_evaluate,
};

}  // namespace ops

namespace {

std::span<const Operation* const> all_operations() {
  using namespace ops;
  static const Operation* const all[] = {
      // given
      &input, &parameter,
      // linear
      &linear, &matmul, &concat,
      // score and adjust
      &dot_product, &additive, &cosine, &bilinear, &gat, &scale, &softcap, &add,
      // position
      &sinusoidal, &sinusoidal_2d, &learned, &floater, &rotate, &alibi, &t5_bias,
      &relative_dot_product, &relative_matmul,
      // mask
      &mask, &mask_scores,
      // normalize
      &softmax, &softmax_off_by_one, &sigmoid, &relu, &relu_mean, &relu_normalized, &sparsemax,
      &entmax, &hardmax, &sample,
      // heads
      &mix_heads, &slice_columns, &differential_lambda, &differential, &scaled_rms_norm,
      // kernel attention
      &elu_plus_one, &random_features, &positive_features, &key_value_sum, &key_sum, &kernel_output,
      &running_key_values, &running_key_sum, &recurrent_output, &kernel_weights,
      // low rank
      &attention_weights, &implied_weights, &segment_means, &pseudo_inverse, &nystrom_weights,
      &distance,
      // score tricks and online softmax
      &softmax_with_sink, &l2_normalize, &rms_normalize, &online_maximum, &online_sum,
      &online_accumulator, &online_output,
      // feed-forward, layer norm, pool, image
      &activation, &multiply, &blend, &identity, &window_rows, &layer_norm, &rms_norm, &mean_rows,
      &select_row, &patchify,
      // feature maps
      &convolution_2d, &batch_norm, &adaptive_average_pool, &adaptive_maximum_pool, &strip_pool,
      &expand_strips, &interpolate, &concat_maps, &flatten_maps, &pixels_as_rows, &rows_as_maps,
      &criss_cross_mask,
      // self attention distillation
      &channel_energy, &spatial_softmax, &map_l2_normalize, &squared_error, &weighted_sum,
      &channel_softmax, &channel_argmax, &pixel_cross_entropy, &binary_cross_entropy,
      &lane_iou_loss,
      // recurrence and sequences
      &rnn, &gru, &shift_rows, &repeat_rows, &stack_rows, &join_rows, &slice_rows, &fixed_weights,
      &subtract, &row_numbers, &local_window, &local_gaussian, &network, &pointer_mask, &argmax,
      // rows on a grid
      &grid_convolution, &pad_grid, &quadratic_encoding, &encoding_scores};
  return all;
}

}  // namespace

const Operation* find_operation(std::string_view name) {
  for (const Operation* operation : all_operations()) {
    if (operation->name == name) return operation;
  }
  return nullptr;
}

std::vector<std::string_view> operation_names() {
  std::vector<std::string_view> names;
  for (const Operation* operation : all_operations()) names.push_back(operation->name);
  return names;
}

}  // namespace attn_viz
