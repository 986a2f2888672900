// What `heatmap` was asked to draw. Each kind of picture has a file of its own, which adds its
// options and makes its drawings.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "attn_viz/figure/overlays.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/trace/select.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::cli {

/// --style overlay.
struct OverlayRequest {
  bool asked = false;
  StepQuery steps;
  figure::OverlayOptions options;
  std::string image;  ///< --image; empty: the one that the document names
};

struct HeatmapRequest {
  std::string input, output;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  Overrides overrides;
  OverlayRequest overlay;
};

/// The options of overlays alone, and a check that they were not given for another style.
void add_overlay_options(CLI::App& command, HeatmapRequest& request);

/// @throws Error  kUsage, kInvalid, or kFile if the picture cannot be read
std::vector<figure::NamedDrawing> overlay_drawings(const Trace& trace,
                                                   const HeatmapRequest& request);

}  // namespace attn_viz::cli
