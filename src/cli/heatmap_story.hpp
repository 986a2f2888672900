// heatmap --story and --frames: the computation of one head, on a sheet or revealed step by step.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/story.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

struct StoryRequest {
  bool sheet = false, frames = false;
  bool animation = true;     ///< frames.png
  std::size_t delay = 1500;  ///< of a frame, in milliseconds; the last stands three times
  figure::StoryOptions::Block block = figure::StoryOptions::Block::kSelf;

  bool wanted() const { return sheet || frames; }
};

void add_story_options(CLI::App& command, StoryRequest& request);

/// Draws what is wanted into a folder that exists.
/// @return  the characters for which no font is installed
std::vector<char32_t> draw_story(const Trace& trace, const StoryRequest& request,
                                 const figure::StoryOptions& options,
                                 const std::vector<figure::Format>& formats,
                                 const std::string& folder);

}  // namespace attn_viz::cli
