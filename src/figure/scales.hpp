// Which colours a step's values get: one scale for all that can be compared, and what it says.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

inline constexpr std::string_view kProbabilities = "output/probabilities";

/// One scale for a step of all layers and heads, so that figures can be compared.
ColorScale scale_of(const Trace& trace, std::string_view step_name, bool auto_scale);

/// The scale of the maps of one query: as for all weights, or the range of its own weights.
ColorScale map_scale(const std::vector<const Step*>& weights, std::size_t query,
                     const ColorScale& scale, bool auto_scale);

}  // namespace attn_viz::figure
