// What `heatmap` was asked to draw. Each kind of picture has a file of its own, which adds its
// options and makes its drawings.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/trace/trace.hpp"
#include "cli/heatmap_story.hpp"

namespace attn_viz::cli {

struct HeatmapRequest {
  std::string input, output;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  Overrides overrides;
  StoryRequest story;
};

}  // namespace attn_viz::cli
