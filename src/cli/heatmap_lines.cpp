// heatmap --style lines: tokens joined by lines.
#include <utility>

#include "attn_viz/figure/lines.hpp"
#include "cli/heatmap.hpp"

namespace attn_viz::cli {

std::vector<figure::NamedDrawing> line_drawings(const Trace& trace, const HeatmapRequest& request) {
  using figure::ScaleChoice;
  const ScaleChoice scale = request.look.scale;
  if (scale != ScaleChoice::kUnit && scale != ScaleChoice::kAuto) {
    throw Error(ErrorCode::kUsage, "lines have one scale, unit or auto").at("--color-scale");
  }
  const figure::TokenLinesOptions options{.query = one_query(request.selection, "lines"),
                                          .auto_scale = scale == ScaleChoice::kAuto,
                                          .theme = request.look.theme};
  expect_weights(trace, request.selection,
                 "lines join tokens by weights; the mechanism \"{}\" has none");
  std::vector<figure::NamedDrawing> drawings;
  for (figure::NamedLines& each :
       figure::token_lines(trace, select_steps(trace, request.selection.steps), options)) {
    if (request.look.title) each.lines.title = *request.look.title;
    drawings.push_back({std::move(each.name), std::move(each.lines)});
  }
  return drawings;
}

}  // namespace attn_viz::cli
