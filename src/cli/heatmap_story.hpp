// heatmap --story and --frames: the computation of one head, on a sheet or revealed step by step.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/story.hpp"
#include "cli/command.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

struct HeatmapRequest;

struct StoryRequest {
  bool sheet = false, frames = false;
  bool animation = true;     ///< frames.png
  std::size_t delay = 1500;  ///< of a frame, in milliseconds; the last stands three times
  figure::StoryOptions::Block block = figure::StoryOptions::Block::kSelf;

  bool wanted() const { return sheet || frames; }
};

void add_story_options(Command& command, StoryRequest& request);

/// What was drawn, as it is said: "story.png, frame-01.png to frame-08.png, frames.png".
struct DrawnStory {
  std::string files;
  std::vector<char32_t> missing_glyphs;
};

/// Draws what is wanted into the output folder, which exists.
/// @throws Error kUsage if layer or head is not one number; as story_of() does
DrawnStory draw_story(const Trace& trace, const HeatmapRequest& request);

}  // namespace attn_viz::cli
