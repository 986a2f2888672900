// Which maps an overlay shows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/figure/overlays.hpp"

namespace attn_viz::figure {

/// What one map is of: a query (or key), or the mean of several.
struct Chosen {
  std::vector<std::size_t> positions;
  bool is_mean = false;
};

/// The weights of one layer, and the axes of its maps.
struct PatchSheet {
  std::vector<const Step*> heads;
  bool by_key = false;
  const AxisInfo* patches = nullptr;  ///< where maps lie: the keys, or by key the queries
  const AxisInfo* others = nullptr;   ///< what maps are of
  /// The rows or the columns of the image, if these are the keys: a weight is that of a whole
  /// strip.
  const AxisInfo* strips = nullptr;
  std::vector<Chosen> chosen;

  /// Where the weights of cell i of the grid stand among the keys (or by key the queries).
  std::size_t place_of(std::size_t i) const {
    if (strips == nullptr) return patches->extra + i;
    const std::size_t columns = patches->grid->second;
    return strips->name == "row" ? i / columns : i % columns;
  }
  std::string_view other_name() const { return by_key ? "key" : "query"; }
};

/// "layer0/head1/weights" → "layer0/": what heads of one layer have in common; where there are no
/// layers, "recurrence1/weights" → "recurrence1/".
std::string layer_of(const Step& step);

/// A sheet for each layer whose weights can be drawn as they were asked for.
/// @throws Error  kInvalid if there is none
std::vector<PatchSheet> sheets_of(const Trace& trace, const std::vector<const Step*>& weights,
                                  const OverlayOptions& options);

/// Fills in what each sheet shows. A query may be one of some sheets only (an encoder and a decoder
/// have different ones); sheets that have none of them are left out.
/// @throws Error  kInvalid if something was asked for that no sheet has
void choose(std::vector<PatchSheet>& sheets, const OverlayOptions& options);

}  // namespace attn_viz::figure
