// A rule for each operation. X [n, c] is the first input unless the rule says otherwise.
#include "attn_viz/analysis/step_cost.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "attn_viz/core/error.hpp"

namespace attn_viz::analysis {
namespace {

/// A step with the tensors that it reads.
class Shapes {
 public:
  Shapes(const Trace& trace, const Step& step) : trace_(trace), step_(step) {}

  const Tensor& in(std::size_t index) const {
    if (index >= step_.inputs.size()) {
      throw Error(ErrorCode::kInvalid, fmt::format("expected at least {} inputs, got {}", index + 1,
                                                   step_.inputs.size()))
          .at(step_.id);
    }
    return trace_.steps[step_.inputs[index]].values;
  }
  const Tensor& out() const { return step_.values; }
  Count rows(std::size_t input) const { return in(input).rows(); }
  Count columns(std::size_t input) const { return in(input).columns(); }
  Count numbers(std::size_t input) const { return in(input).count(); }
  /// The extent of an axis of an input.
  Count size(std::size_t input, std::size_t axis) const {
    if (axis < in(input).rank()) return in(input).size(axis);
    throw Error(ErrorCode::kInvalid, fmt::format("expected more than {} axes, got the shape {}",
                                                 axis, shape_text(in(input).shape())))
        .at(trace_.steps[step_.inputs[input]].id);
  }
  Count written() const { return out().count(); }
  std::size_t inputs() const { return step_.inputs.size(); }
  const Attributes& attributes() const { return step_.attributes; }

 private:
  const Trace& trace_;
  const Step& step_;
};

/// A whole number among the attributes; 0 where it is absent or none.
std::size_t whole(const Shapes& s, std::string_view name) {
  const double number = s.attributes().get_or(name, 0.0);
  return number >= 1 && number < 1e15 ? static_cast<std::size_t>(number) : 0;
}

// ---- multiply–adds ----

/// Each number written is an inner product as long as a row of the first input.
Count row_products(const Shapes& s) {
  return s.written() * s.columns(0);
}
/// (Q, K, table [t, d]): with each key, and once with each row of the table. (A, V, table)
/// likewise.
Count relative_products(const Shapes& s) {
  return s.written() * s.columns(0) + s.rows(0) * s.numbers(2);
}
/// (Q, K, W_query [d, a], W_key [d, a], v [a]): queries and keys are projected once.
Count additive_scores(const Shapes& s) {
  return s.rows(0) * s.numbers(2) + s.rows(1) * s.numbers(3) + s.written() * s.numbers(4);
}
/// (Q, K, W [d_q, d_k]): Q W, then its rows with the keys.
Count bilinear_scores(const Shapes& s) {
  return s.rows(0) * s.numbers(2) + s.written() * s.columns(1);
}
/// (Q, K, a): a query and a key meet their half of a once.
Count gat_scores(const Shapes& s) {
  return s.numbers(0) + s.numbers(1);
}
/// (Q, K, W_1 [d_q + d_k, a], b_1, w_2 [a]).
Count network_scores(const Shapes& s) {
  const Count a = s.columns(2);
  return (s.numbers(0) + s.numbers(1)) * a + s.written() * a;
}
/// (S₀, …, S₍h₋₁₎, P).
Count mixed_heads(const Shapes& s) {
  return s.written() * (s.inputs() - 1);
}
/// (φ(K) [m, c], V [m, d]): φ(k)ᵀ v for each key.
Count key_value_products(const Shapes& s) {
  return s.numbers(0) * s.columns(1);
}
/// (φ(Q) [n, c], S, z): φ(q) S, and φ(q) · z.
Count kernel_outputs(const Shapes& s) {
  return s.written() * s.columns(0) + s.numbers(0);
}
/// (P [n, k], Z [k, l], F [l, m]).
Count three_matrices(const Shapes& s) {
  return s.rows(0) * s.numbers(1) + s.written() * s.columns(1);
}
/// Four products of squares each time; of the exact inverse, which is found otherwise, none.
Count iterated_inverse(const Shapes& s) {
  return s.numbers(0) * s.columns(0) * (4 * whole(s, "iterations"));
}
/// (Ã, A, O, V): A V.
Count exact_output(const Shapes& s) {
  return s.numbers(1) * s.columns(3);
}
/// (S [n, m], m, V): each weight times a value.
Count accumulated_values(const Shapes& s) {
  return s.numbers(0) * s.columns(2);
}
/// (X [C, H, W], K [O, C, k, l]): a kernel for each number written.
Count map_convolution(const Shapes& s) {
  return s.written() * s.size(1, 1) * s.size(1, 2) * s.size(1, 3);
}
/// (X [n, c], K [taps, c, c_out]) or (P [n, h], U [h, h]): all of the second for each row.
Count products_of_rows(const Shapes& s) {
  return s.rows(0) * s.numbers(1);
}
/// (P_z, P_r, P [n, h], U_z, U_r, U [h, h]).
Count gru_products(const Shapes& s) {
  return s.rows(0) * (s.numbers(3) + s.numbers(4) + s.numbers(5));
}
/// (R [n, m, e], v [e]).
Count encoding_products(const Shapes& s) {
  return s.numbers(0);
}

/// How many small steps lead from the first position to the last.
Count flow_steps(const Shapes& s) {
  const std::size_t n = s.in(0).rows();
  return Count(n == 0 ? 0 : n - 1) * std::max<std::size_t>(whole(s, "substeps"), 1);
}
/// (X, p(0), W_1, …): the matrices once for each slope.
Count flow_products(const Shapes& s) {
  const auto names = s.attributes().get_or("parameters", std::vector<std::string>{});
  Count matrices = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].starts_with("W_")) matrices += s.numbers(i + 1);
  }
  const bool euler = s.attributes().get_or("method", std::string()) == "euler";
  return flow_steps(s) * (euler ? 1 : 4) * matrices;
}

// ---- other numbers ----

/// Gates and states: each is an activation of a sum of products, or a mean of two states.
Count activated(const Shapes& s) {
  return s.written();
}

/// The numbers read from the first input or written, whichever are more.
Count read_or_written(const Shapes& s) {
  return s.inputs() == 0 ? s.written() : std::max(s.written(), s.numbers(0));
}

// ---- waits ----

Count each_row(const Shapes& s) {
  return s.rows(0);
}
Count each_column(const Shapes& s) {
  return s.columns(0);
}
Count each_iteration(const Shapes& s) {
  return std::max<std::size_t>(whole(s, "iterations"), 1);
}

// ---- the rules ----

struct Rule {
  const Operation* operation;
  CostRule kind;
  Count (*multiply_adds)(const Shapes&) = nullptr;  ///< of kProducts
  Count (*waits)(const Shapes&) = nullptr;          ///< null: 1
  Count (*other)(const Shapes&) = nullptr;          ///< of kProducts; null: 0
};

std::span<const Rule> rules() {
  using namespace ops;
  using enum CostRule;
  static const Rule all[] = {
      {&input, kGiven},
      {&parameter, kGiven},
      {&random_features, kGiven},  // drawn once, like a parameter

      {&linear, kProducts, row_products},
      {&matmul, kProducts, row_products},
      {&dot_product, kProducts, row_products},
      {&cosine, kProducts, row_products},
      {&attention_weights, kProducts, row_products},
      {&implied_weights, kProducts, row_products},
      {&positive_features, kProducts, row_products},
      {&additive, kProducts, additive_scores},
      {&bilinear, kProducts, bilinear_scores},
      {&gat, kProducts, gat_scores},
      {&network, kProducts, network_scores},
      {&relative_dot_product, kProducts, relative_products},
      {&relative_matmul, kProducts, relative_products},
      {&mix_heads, kProducts, mixed_heads},
      {&key_value_sum, kProducts, key_value_products},
      {&running_key_values, kProducts, key_value_products, each_row},
      {&kernel_output, kProducts, kernel_outputs},
      {&recurrent_output, kProducts, kernel_outputs},
      {&nystrom_weights, kProducts, three_matrices},
      {&pseudo_inverse, kProducts, iterated_inverse, each_iteration},
      {&distance, kProducts, exact_output},
      {&online_accumulator, kProducts, accumulated_values, each_column},
      {&convolution_2d, kProducts, map_convolution},
      {&grid_convolution, kProducts, products_of_rows},
      {&rnn, kProducts, products_of_rows, each_row, activated},
      {&gru, kProducts, gru_products, each_row, activated},
      {&encoding_scores, kProducts, encoding_products},
      {&floater, kProducts, flow_products, flow_steps},

      {&concat, kCopies},
      {&learned, kCopies},
      {&slice_columns, kCopies},
      {&identity, kCopies},
      {&window_rows, kCopies},
      {&select_row, kCopies},
      {&patchify, kCopies},
      {&concat_maps, kCopies},
      {&flatten_maps, kCopies},
      {&pixels_as_rows, kCopies},
      {&rows_as_maps, kCopies},
      {&shift_rows, kCopies},
      {&repeat_rows, kCopies},
      {&stack_rows, kCopies},
      {&join_rows, kCopies},
      {&slice_rows, kCopies},
      {&pad_grid, kCopies},

      {&scale, kOneByOne},
      {&softcap, kOneByOne},
      {&add, kOneByOne},
      {&subtract, kOneByOne},
      {&multiply, kOneByOne},
      {&blend, kOneByOne},
      {&sinusoidal, kOneByOne},
      {&sinusoidal_2d, kOneByOne},
      {&rotate, kOneByOne},
      {&alibi, kOneByOne},
      {&t5_bias, kOneByOne},
      {&mask, kOneByOne},
      {&mask_scores, kOneByOne},
      {&softmax, kOneByOne},
      {&softmax_off_by_one, kOneByOne},
      {&softmax_with_sink, kOneByOne},
      {&sigmoid, kOneByOne},
      {&relu, kOneByOne},
      {&relu_mean, kOneByOne},
      {&relu_normalized, kOneByOne},
      {&sparsemax, kOneByOne},
      {&entmax, kOneByOne},
      {&hardmax, kOneByOne},
      {&sample, kOneByOne},
      {&differential_lambda, kOneByOne},
      {&differential, kOneByOne},
      {&scaled_rms_norm, kOneByOne},
      {&elu_plus_one, kOneByOne},
      {&key_sum, kOneByOne},
      {&running_key_sum, kOneByOne, nullptr, each_row},
      {&kernel_weights, kOneByOne},
      {&segment_means, kOneByOne},
      {&l2_normalize, kOneByOne},
      {&rms_normalize, kOneByOne},
      {&online_maximum, kOneByOne, nullptr, each_column},
      {&online_sum, kOneByOne, nullptr, each_column},
      {&online_output, kOneByOne},
      {&activation, kOneByOne},
      {&layer_norm, kOneByOne},
      {&rms_norm, kOneByOne},
      {&mean_rows, kOneByOne},
      {&batch_norm, kOneByOne},
      {&adaptive_average_pool, kOneByOne},
      {&adaptive_maximum_pool, kOneByOne},
      {&strip_pool, kOneByOne},
      {&expand_strips, kOneByOne},
      {&interpolate, kOneByOne},
      {&criss_cross_mask, kOneByOne},
      {&channel_energy, kOneByOne},
      {&spatial_softmax, kOneByOne},
      {&map_l2_normalize, kOneByOne},
      {&squared_error, kOneByOne},
      {&weighted_sum, kOneByOne},
      {&channel_softmax, kOneByOne},
      {&channel_argmax, kOneByOne},
      {&pixel_cross_entropy, kOneByOne},
      {&binary_cross_entropy, kOneByOne},
      {&lane_iou_loss, kOneByOne},
      {&fixed_weights, kOneByOne},
      {&row_numbers, kOneByOne},
      {&local_window, kOneByOne},
      {&local_gaussian, kOneByOne},
      {&pointer_mask, kOneByOne, nullptr, each_row},
      {&ops::argmax, kOneByOne},
      {&quadratic_encoding, kOneByOne},
  };
  return all;
}

const Rule& rule_of(std::string_view operation) {
  for (const Rule& rule : rules()) {
    if (rule.operation->name == operation) return rule;
  }
  throw Error(ErrorCode::kBug, fmt::format("the operation \"{}\" has no rule of cost", operation));
}

}  // namespace

CostRule cost_rule_of(std::string_view operation) {
  return rule_of(operation).kind;
}

StepCost cost_of(const Trace& trace, const Step& step) {
  if (find_operation(step.op) == nullptr) {
    throw Error(ErrorCode::kInvalid, fmt::format("unknown operation \"{}\"", step.op)).at(step.id);
  }
  const Rule& rule = rule_of(step.op);
  const Shapes shapes(trace, step);
  StepCost cost;
  if (rule.kind == CostRule::kGiven) return cost;
  cost.waits = rule.waits == nullptr ? Count(1) : rule.waits(shapes);
  if (rule.kind == CostRule::kProducts) cost.multiply_adds = rule.multiply_adds(shapes);
  if (rule.kind == CostRule::kProducts && rule.other != nullptr) cost.other = rule.other(shapes);
  if (rule.kind == CostRule::kOneByOne) cost.other = read_or_written(shapes);
  return cost;
}

}  // namespace attn_viz::analysis
