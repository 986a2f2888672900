// How the words of a target look at a source: the parameters of each kind of alignment, checked and
// filled in, and the steps from two sequences of states to weights.
#pragma once

#include <optional>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/mechanisms/settings/encoder_decoder.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

struct AlignmentSizes {
  std::size_t target, source;  ///< n, m
  std::size_t state, encoded;  ///< d_s, d_h
};

/// The matrices that the chosen kind of alignment reads; the others are absent.
struct AlignmentParameters {
  std::optional<Tensor> w_a = {}, u_a = {}, v_a = {}, w_c = {}, w_p = {}, v_p = {};
};

/// @throws Error kInvalid where shapes do not fit; the places are below "/attention".
AlignmentParameters resolve_alignment(const AlignmentSettings& settings,
                                      const AlignmentSizes& sizes, DType dtype);

/// The parameters as steps below "attention".
struct AlignmentSteps {
  std::vector<StepId> score = {};  ///< what the score reads beside queries and keys
  std::optional<StepId> w_c = {}, w_p = {}, v_p = {};
};
AlignmentSteps record_parameters(Recorder record, const AlignmentSettings& settings,
                                 AlignmentParameters parameters, const AlignmentSizes& sizes);

/// "scores" [n, m] of decoder states s [n, d_s] and encoder states h [m, d_h].
StepId record_scores(Recorder& record, AlignmentType type, const AlignmentSteps& steps, StepId s,
                     StepId h);

/// From scores to "weights": a softmax, which local attention narrows to a window.
/// @param s  the decoder's states, from which local-p predicts where to look
StepId record_weights(Recorder& record, const AlignmentSettings& settings,
                      const AlignmentSteps& steps, StepId scores, StepId s, StepId h);

Attributes settings_of(const AlignmentSettings& settings);

}  // namespace attn_viz
