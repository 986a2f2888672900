// One step → its figure.
#pragma once

#include <cstddef>
#include <string>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

bool is_weights(const Step& step);

/// "Layer 0, head 1: weights"; a step without layer or head is named alone.
std::string describe(const Step& step);

/// Queries × keys with the masked cells, and notes of queries that see nothing.
Figure weights_figure(const Trace& trace, const Step& step, const ColorScale& scale);

/// One query's weights, folded to the grid of the patches that are the keys.
Figure patch_map(const Trace& trace, const Step& step, std::size_t query, const ColorScale& scale);

/// Any other step as it is: a matrix, or a vector as one row.
Figure step_figure(const Trace& trace, const Step& step, const ColorScale& scale);

}  // namespace attn_viz::figure
