// Derivatives written by hand: for operations whose terms would be slow to differentiate cell by
// cell, or give as a number what was found by a search.
#pragma once

#include "attn_viz/ops/derivative.hpp"

namespace attn_viz::ops {

/// Adds to what is wanted; all inputs and values are float64 and of shapes that fit.
using PullOf = void(const Pullback&);

// products and scores
PullOf linear_pull, dot_product_pull, additive_pull, cosine_pull, bilinear_pull;
PullOf attention_weights_pull, pseudo_inverse_pull;
// normalisers
PullOf softmax_pull, sigmoid_pull, relu_pull, relu_mean_pull, relu_normalized_pull, sparsemax_pull,
    entmax_pull;
// rows and maps
PullOf layer_norm_pull, rms_norm_pull, spatial_softmax_pull, map_l2_normalize_pull,
    convolution_2d_pull;
// positions
PullOf floater_pull;

}  // namespace attn_viz::ops
