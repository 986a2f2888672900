// heatmap --style lines: tokens joined by lines.
#pragma once

#include <vector>

#include "attn_viz/figure/lines.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/trace/select.hpp"

namespace attn_viz::cli {

/// The chosen steps as lines, a picture for each layer.
/// @throws Error as select_steps() and token_lines() do
std::vector<figure::NamedDrawing> line_drawings(const Trace& trace, const StepQuery& steps,
                                                const figure::TokenLinesOptions& options);

}  // namespace attn_viz::cli
