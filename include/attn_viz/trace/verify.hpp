// Whether weights are what their operation promises: nobody draws or explains others.
#pragma once

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Checks a step whose operation promises weights, and every step whose role is weights; nothing
/// happens for others, and for weights that are given.
///
/// Rows of a softmax and its like sum to 1 (0 for a row that sees no key), no weight is outside of
/// [0, 1], and a masked cell has weight 0. Rows of differential attention sum to the first map's
/// sum minus λ times the second's (1 − λ under softmax). Weights of which nothing can be said by
/// row (a sink, a product of maps, a rectifier) are computed again from the steps that they were
/// made of.
/// @throws Error kInvalid, placed at the step's id, naming the row.
void verify_weights(const Trace& trace, const Step& step);

}  // namespace attn_viz
