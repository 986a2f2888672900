// An operation: a pure function from tensors to a tensor, with its name, equation and source.
#pragma once

#include <span>
#include <string>
#include <string_view>

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

struct Operation {
  std::string_view name;     ///< as in the trace: "linear"
  std::string_view meaning;  ///< one line for a reader
  std::string_view source;   ///< where the formula comes from
  Equation equation;         ///< null for values that are given, not computed
  /// @throws Error kInvalid if shapes do not fit or a value is unusable.
  Outcome (*evaluate)(Inputs, const Attributes&);
  /// Whether −∞ may stand in the result (it marks a masked score).
  bool may_mask = false;
  /// Whether it promises rows of weights that sum to 1 (0 for the rows that it lists).
  bool rows_sum_to_one = false;
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

// ---- adjust: S → S ----
extern const Operation scale;    ///< attribute "scale"
extern const Operation softcap;  ///< attribute "cap"
extern const Operation add;      ///< (S, B) → S + B

// ---- mask ----
extern const Operation mask;         ///< (X, Y[, allow]) → [n, m] of 0 and 1, by its attributes
extern const Operation mask_scores;  ///< (S, M) → S with −∞ where M is 0

// ---- normalize: scores → weights ----
extern const Operation softmax;  ///< attribute "temperature", 1 if absent
extern const Operation softmax_off_by_one;
extern const Operation sigmoid;  ///< attribute "bias": a number, or "-log-keys"
extern const Operation relu;
extern const Operation relu_mean;
extern const Operation relu_normalized;
extern const Operation sparsemax;
extern const Operation entmax;  ///< attribute "alpha"
extern const Operation hardmax;
extern const Operation sample;  ///< attributes "seed", "stream", "temperature"

// ---- feed-forward: X → X ----
extern const Operation activation;  ///< attribute "function": "relu", "gelu", "gelu-tanh", …
extern const Operation multiply;    ///< (A, B) → the products of the numbers at the same places
extern const Operation identity;    ///< X as it is

// ---- layer norm: (X[, gain[, bias]]) → X by rows; attribute "epsilon" ----
extern const Operation layer_norm;
extern const Operation rms_norm;

// ---- pool: X [n, d] → [1, d] ----
extern const Operation mean_rows;
extern const Operation select_row;  ///< attribute "row"

}  // namespace ops

/// The operation of this name, or null.
const Operation* find_operation(std::string_view name);

}  // namespace attn_viz
