// What `heatmap` was asked to draw. Each kind of picture has a file of its own, which adds its
// options and makes its drawings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/overlays.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/trace/trace.hpp"
#include "cli/command.hpp"
#include "cli/heatmap_story.hpp"

namespace attn_viz::cli {

/// What overlays have beside the others.
struct OverlayRequest {
  std::string image;  ///< --image; empty: the one that the document names
  bool average_queries = false, average_keys = false;
  figure::Interpolation by = figure::Interpolation::kCell;
  double opacity = 0.6;
  bool grey = true;
};

enum class Style { kHeatmap, kLines, kOverlay };

/// What all kinds of picture share stands here: which steps, queries and keys, and how it looks.
struct HeatmapRequest {
  std::string input, output;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  int dpi = 0;  ///< of PNGs; 0: not asked for
  Overrides overrides;
  Style style = Style::kHeatmap;
  figure::Selection selection;
  figure::Look look;
  bool scale_given = false;  ///< --color-scale
  figure::Fonts fonts;
  StoryRequest story;
  OverlayRequest overlay;
};

/// --step, --layer, --head, --query, --key, --top, --average, --overview.
void add_selection_options(Command& command, HeatmapRequest& request);

/// Those of look_options.hpp.
void add_heatmap_look_options(Command& command, HeatmapRequest& request);

/// The query of a picture that has one, or none.
/// @param picture  "a story"
/// @throws Error kUsage if several were given
std::optional<std::string> one_query(const figure::Selection& selection, const char* picture);

/// --image, --overlay-by, --opacity, --picture.
void add_overlay_options(Command& command, OverlayRequest& overlay);

/// @throws Error  kUsage, kInvalid, or kFile if the picture cannot be read
std::vector<figure::NamedDrawing> overlay_drawings(const Trace& trace,
                                                   const HeatmapRequest& request);

/// The chosen steps as lines, a picture for each layer.
/// @throws Error as select_steps() and token_lines() do
std::vector<figure::NamedDrawing> line_drawings(const Trace& trace, const HeatmapRequest& request);

/// Whether a trace has weights of anything; some mechanisms have none.
bool has_weights(const Trace& trace);

/// Why a kind of picture cannot be drawn of a mechanism without weights, if nothing else was asked
/// for. Nothing happens where there are weights.
/// @param reason  "lines join tokens by weights; the mechanism \"{}\" has none"
void expect_weights(const Trace& trace, const figure::Selection& selection, const char* reason);

/// Refuses options that the kind of picture does not have.
/// @throws Error kUsage
void expect_fitting_options(const Command& command, const HeatmapRequest& request);

}  // namespace attn_viz::cli
