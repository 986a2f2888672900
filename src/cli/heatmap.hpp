// What `heatmap` was asked to draw. Each kind of picture has a file of its own, which adds its
// options and makes its drawings.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/trace/trace.hpp"
#include "cli/heatmap_story.hpp"

namespace attn_viz::cli {

/// What all kinds of picture share stands here: which steps, queries and keys, and how it looks.
struct HeatmapRequest {
  std::string input, output;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  int dpi = 0;  ///< of PNGs; 0: not asked for
  Overrides overrides;
  figure::Selection selection;
  figure::Look look;
  figure::Fonts fonts;
  bool lines = false;  ///< --style lines
  StoryRequest story;
};

/// --step, --layer, --head, --query, --key, --top, --average, --overview.
void add_selection_options(CLI::App& command, figure::Selection& selection);

/// --theme, --colormap, --color-scale, --values, --digits, --reduce, --size, --transpose, --title,
/// --no-labels.
void add_look_options(CLI::App& command, figure::Look& look);

}  // namespace attn_viz::cli
