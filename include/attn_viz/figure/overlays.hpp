// From a trace and a picture to the description of overlays: of weights, and of feature maps.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/overlay.hpp"
#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

enum class OverlayScale {
  kAuto,  ///< from 0 to the largest weight of the sheet
  kUnit,  ///< from 0 to 1
  kEach,  ///< each map from 0 to its own largest weight
};

struct OverlayOptions {
  /// Whose weights are drawn, on the keys, which are patches: an index, a label ("2,7" for a patch,
  /// "[CLS]", a word), a range of indices ("3-7"), "all", or "mean" for the mean of all queries.
  /// Empty: of patches the class token or the patch in the middle, of tokens all (the first, if
  /// there are more than 30).
  std::vector<std::string> queries = {};
  /// The same for keys, drawn on the queries, which are patches: how much each patch looks at a
  /// key. Taken without being asked where the queries are patches and the keys are tokens.
  std::vector<std::string> keys = {};
  bool average_heads = false;
  OverlayScale scale = OverlayScale::kAuto;
  Interpolation by = Interpolation::kCell;
  double opacity = 0.6;
  bool grey = true;
  /// Theme, colour map and title; what a sheet of maps cannot have is not read.
  Look look = {};
};

/// A picture and what it is called on the figure.
struct NamedPicture {
  std::string name;
  std::shared_ptr<const Image> image;
};

/// The picture of an axis of patches; called once for each sheet.
using PictureOf = std::function<NamedPicture(const AxisInfo& patches)>;

/// A contact sheet for each layer: a map for each query (or key) and each head.
/// @param weights  steps of weights, of one or more layers; those without patches are passed over
/// @throws Error  kInvalid if none of them has patches, if there is no such query or key, or if
///                weights do not keep what their operation promises (see verify_weights)
std::vector<NamedDrawing> overlays(const Trace& trace, const std::vector<const Step*>& weights,
                                   const PictureOf& picture_of, const OverlayOptions& options);

/// The maps that show what a mechanism on feature maps does: of self attention distillation the
/// compared map of each block, else the results on the grid of the image. None of other mechanisms.
std::vector<const Step*> usual_maps(const Trace& trace);

/// Whether all steps are maps of a mechanism on feature maps.
bool are_maps(const Trace& trace, const std::vector<const Step*>& steps);

/// A contact sheet for all maps whose ids have the same last part: a panel for each of them and
/// each of their channels. Maps of any sizes are stretched over the picture.
/// @param maps     steps [rows, columns] or [channels, rows, columns]
/// @param options  their queries, keys and heads are not read
std::vector<NamedDrawing> map_overlays(const Trace& trace, const std::vector<const Step*>& maps,
                                       const NamedPicture& picture, const OverlayOptions& options);

}  // namespace attn_viz::figure
