#include "cli/heatmap_lines.hpp"

#include <utility>

namespace attn_viz::cli {

std::vector<figure::NamedDrawing> line_drawings(const Trace& trace, const StepQuery& steps,
                                                const figure::TokenLinesOptions& options) {
  std::vector<figure::NamedDrawing> drawings;
  for (figure::NamedLines& each : figure::token_lines(trace, select_steps(trace, steps), options)) {
    drawings.push_back({std::move(each.name), std::move(each.lines)});
  }
  return drawings;
}

}  // namespace attn_viz::cli
