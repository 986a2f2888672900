// An operation: a pure function from tensors to a tensor, with its name, equation and source.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

/// The tensors an operation reads, in the order in which a step lists its inputs.
using Inputs = std::span<const Tensor* const>;

/// What an operation gives: its values, and what it noticed ("empty_rows": rows without a key).
struct Outcome {
  Tensor values;
  Attributes findings = {};
};

/// The right side of an equation, from the symbols of the inputs: ("X", "W_Q") → "X W_Q".
using Equation = std::string (*)(std::span<const std::string> symbols, const Attributes&);

struct Arithmetic;  // ops/arithmetic.hpp
struct Cell;
struct Pullback;  // ops/derivative.hpp

struct Operation {
  std::string_view name;     ///< as in the trace: "linear"
  std::string_view meaning;  ///< one line for a reader
  std::string_view source;   ///< where the formula comes from
  Equation equation;         ///< null for values that are given, not computed
  /// @throws Error kInvalid if shapes do not fit or a value is unusable.
  Outcome (*evaluate)(Inputs, const Attributes&);
  /// How one cell of the result comes from the numbers of the inputs; null if it is given.
  /// @pre  the cell's values are what `evaluate` gives
  Arithmetic (*terms)(const Cell&) = nullptr;
  /// Takes derivatives from the result back to the inputs; null where those of the terms will do.
  void (*pull)(const Pullback&) = nullptr;
  /// Whether it chooses: its result jumps, and between the jumps nothing changes it.
  bool jumps = false;
  /// Whether −∞ may stand in the result (it marks a masked score).
  bool may_mask = false;
  /// Whether it promises rows of weights that sum to 1 (0 for the rows that it lists).
  bool rows_sum_to_one = false;
  /// Whether it gives weights of which no sum is promised.
  bool gives_weights = false;
};

namespace ops {

// ---- given ----
extern const Operation input;      ///< data as given
extern const Operation parameter;  ///< a learned or chosen matrix as given

// ---- linear ----
extern const Operation linear;  ///< (X, W[, b]) → X W + b
extern const Operation matmul;  ///< (A, V) → A V
extern const Operation concat;  ///< (O₀, …, O₍h₋₁₎) → columns side by side

// ---- score: (Q [n, d_q], K [m, d_k], parameters…) → S [n, m] ----
extern const Operation dot_product;
extern const Operation additive;  ///< further inputs W_query, W_key, v[, bias]
extern const Operation cosine;
extern const Operation bilinear;  ///< further input W
extern const Operation gat;       ///< further input a; attribute "slope"

// ---- adjust: S → S ----
extern const Operation scale;    ///< attribute "scale"
extern const Operation softcap;  ///< attribute "cap"
extern const Operation add;      ///< (S, B, …) → S + B + …

// ---- position ----
extern const Operation sinusoidal;     ///< (X) → P like X; attribute "base"
extern const Operation sinusoidal_2d;  ///< likewise; attributes "rows", "columns", "base"
extern const Operation learned;        ///< (X, table [L, d]) → P like X
extern const Operation floater;  ///< (X, p(0), W_1, …) → P like X; src/ops/position_flow.cpp
extern const Operation rotate;   ///< (Q) → Q turned; "layout", "base" or "frequencies"
extern const Operation alibi;    ///< (X, Y) → B [n, m]; attribute "slope"
extern const Operation t5_bias;  ///< (X, Y, table [buckets]) → B; "bidirectional", "max_distance"
extern const Operation relative_dot_product;  ///< (Q, K, table [2K + 1, d_k]) → S
extern const Operation relative_matmul;       ///< (A, V, table [2K + 1, d_v]) → O

// ---- mask ----
extern const Operation mask;  ///< (X, Y[, allow][, edges][, random keys]) → [n, m] of 0 and 1
extern const Operation mask_scores;  ///< (S, M) → S with −∞ where M is 0

// ---- normalize: scores → weights ----
extern const Operation softmax;  ///< attribute "temperature", 1 if absent
extern const Operation softmax_off_by_one;
extern const Operation softmax_with_sink;  ///< attributes "sink" and "temperature"
extern const Operation sigmoid;            ///< attribute "bias": a number, or "-log-keys"
extern const Operation relu;
extern const Operation relu_mean;
extern const Operation relu_normalized;
extern const Operation sparsemax;
extern const Operation entmax;  ///< attribute "alpha"
extern const Operation hardmax;
extern const Operation sample;  ///< attributes "seed", "stream", "temperature"

// ---- heads ----
extern const Operation mix_heads;  ///< (S₀, …, S₍h₋₁₎, P) → Σ_f P[f, to] S_f; attribute "to"
extern const Operation slice_columns;  ///< attributes "first", "columns"
extern const Operation
    differential_lambda;  ///< (λ_q1, λ_k1, λ_q2, λ_k2) → λ; attribute "lambda_init"
extern const Operation differential;     ///< (A_1, A_2, λ) → A_1 − λ A_2
extern const Operation scaled_rms_norm;  ///< attributes "epsilon", "factor"
// ---- kernel attention: φ(q) · φ(k) instead of an exponential ----
extern const Operation elu_plus_one;  ///< X → φ(X)
extern const Operation
    random_features;  ///< K → W; attributes "count", "seed", "stream", "orthogonal"
extern const Operation positive_features;   ///< (X, W) → φ(X); attributes "factor", "stabilize"
extern const Operation key_value_sum;       ///< (φ(K), V) → S; attribute "padding"
extern const Operation key_sum;             ///< φ(K) → z; attribute "padding"
extern const Operation kernel_output;       ///< (φ(Q), S, z) → O
extern const Operation running_key_values;  ///< (φ(K), V) → S after each key
extern const Operation running_key_sum;     ///< φ(K) → z after each key
extern const Operation recurrent_output;    ///< (φ(Q), S, z after each key) → O
extern const Operation kernel_weights;      ///< (kernel[, mask]) → A

// ---- low rank: attention through few keys ----
extern const Operation attention_weights;  ///< (Q, K[, mask]) → A; attribute "scale"
extern const Operation implied_weights;    ///< (P, F, K) → P F
extern const Operation segment_means;      ///< attribute "segments"
extern const Operation pseudo_inverse;     ///< attribute "iterations"; exact if absent
extern const Operation nystrom_weights;    ///< (kernel_1, pseudo-inverse, kernel_3) → A
extern const Operation distance;  ///< (Ã, A, O, V) → [max, mean |Ã − A|, max |O − A V|]
// ---- queries and keys of one length: Q → Q ----
extern const Operation l2_normalize;
extern const Operation rms_normalize;  ///< (Q[, gain]); attribute "epsilon"

// ---- softmax key by key, [n, m] after each key ----
extern const Operation online_maximum;      ///< S → m
extern const Operation online_sum;          ///< (S, m) → ℓ
extern const Operation online_accumulator;  ///< (S, m, V) → [n, m, d_v]
extern const Operation online_output;       ///< (accumulator, ℓ) → O
// ---- feed-forward: X → X ----
extern const Operation activation;   ///< attribute "function": "relu", "gelu", "gelu-tanh", …
extern const Operation multiply;     ///< (A, B) → the products of the numbers at the same places
extern const Operation blend;        ///< (W, A, B) → W ∘ A + (1 − W) ∘ B
extern const Operation identity;     ///< X as it is
extern const Operation window_rows;  ///< X [n, d] → [n, (2w + 1) d]; attribute "window": w

// ---- layer norm: (X[, gain[, bias]]) → X by rows; attribute "epsilon" ----
extern const Operation layer_norm;
extern const Operation rms_norm;

// ---- pool: X [n, d] → [1, d] ----
extern const Operation mean_rows;
extern const Operation select_row;  ///< attribute "row"

// ---- image [H, W] or [H, W, C] → [(H/P)·(W/P), P·P·C] ----
extern const Operation patchify;  ///< attribute "patch": P, in pixels

// ---- feature maps [channels C, rows H, columns W]; [H, W] is one channel ----
extern const Operation
    convolution_2d;  ///< (X, K [O, C, k, l][, b]) → [O, …]; "dilation", "padding"
extern const Operation batch_norm;             ///< (X, mean, variance, gain, bias) → X; "epsilon"
extern const Operation adaptive_average_pool;  ///< X → [C, h, w]; attributes "rows", "columns"
extern const Operation adaptive_maximum_pool;
extern const Operation strip_pool;     ///< X → [C, H, 1] or [C, 1, W]; attribute "strips"
extern const Operation expand_strips;  ///< ([C, H, 1], [C, 1, W]) → [C, H, W]
extern const Operation
    interpolate;  ///< (X[, like]); "method", "align_corners"[, "rows", "columns"]
extern const Operation concat_maps;       ///< (X, Y, …) → their channels one after another
extern const Operation flatten_maps;      ///< (X, Y, …) of any sizes → a vector
extern const Operation pixels_as_rows;    ///< X → [H·W, C]
extern const Operation rows_as_maps;      ///< (rows [H·W, C], like) → [C, H, W]
extern const Operation criss_cross_mask;  ///< X → [H·W, H·W] of 0 and 1

// ---- self attention distillation, and the losses beside it ----
extern const Operation channel_energy;        ///< X → [H, W]; attributes "reduction", "power"
extern const Operation spatial_softmax;       ///< each map → shares of 1
extern const Operation map_l2_normalize;      ///< each map → length 1
extern const Operation squared_error;         ///< (A, B) → [1]; attribute "reduction"
extern const Operation weighted_sum;          ///< numbers → [1]; attribute "factors"
extern const Operation channel_softmax;       ///< [K, H, W] → the same
extern const Operation channel_argmax;        ///< [K, H, W] → [H, W]
extern const Operation pixel_cross_entropy;   ///< (logits [K, H, W], labels [H, W]) → [1]
extern const Operation binary_cross_entropy;  ///< (logits [n], labels [n]) → [1]
extern const Operation lane_iou_loss;         ///< (predicted [H, W], labels [H, W]) → [1]

// ---- recurrence: a row from the row before it; attribute "reverse" reads from the end ----
extern const Operation rnn;  ///< (P [n, h], U [h, h][, h_0]) → H [n, h]
extern const Operation gru;  ///< (P_z, P_r, P, U_z, U_r, U[, h_0]) → [n, 4h]: z, r, h̃, h

// ---- rows of a sequence ----
extern const Operation shift_rows;     ///< (X[, first]) → what stood one row before
extern const Operation repeat_rows;    ///< (c [1, d], Y [n, …]) → [n, d]
extern const Operation stack_rows;     ///< (X, Y, …) → one below the other; attribute "axis"
extern const Operation join_rows;      ///< [n, d] → [1, n · d]
extern const Operation slice_rows;     ///< attributes "first", "rows"
extern const Operation fixed_weights;  ///< (Q, K) → [n, m], even or all on attribute "key"
extern const Operation subtract;       ///< (A, B) → A − B

// ---- alignment, memory, pointers ----
extern const Operation row_numbers;     ///< X [n, …] → [n, 1]
extern const Operation local_window;    ///< (p [n, 1], K [m, …]) → [n, m]; "half_width"
extern const Operation local_gaussian;  ///< (p [n, 1], K [m, …]) → [n, m]; "sigma"
extern const Operation network;         ///< (Q, K, W_1, b_1, w_2, b_2) → S
extern const Operation pointer_mask;    ///< S → [n, m] of 0 and 1
extern const Operation argmax;          ///< A [n, m] → [n, 1]

// ---- rows on a grid; attributes "rows", "columns"[, "row_border", "column_border"] ----
extern const Operation
    grid_convolution;  ///< (X, K [taps, c, c′][, b]); "row_shifts", "column_shifts", "padding"
extern const Operation pad_grid;            ///< X → X with zeros around it; attribute "axis"
extern const Operation quadratic_encoding;  ///< (X [n, …], Y [m, …]) → R [n, m, 3]
extern const Operation encoding_scores;     ///< (R [n, m, e], v [e]) → S [n, m]

}  // namespace ops

/// The operation of this name, or null.
const Operation* find_operation(std::string_view name);

/// The names of all operations.
std::vector<std::string_view> operation_names();

}  // namespace attn_viz
