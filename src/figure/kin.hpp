// The maps that are drawn, by what can stand side by side, and which of their queries and keys.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

/// One map to draw: a step, or the mean of a layer's heads.
struct Map {
  const Step* step = nullptr;  ///< the first of several
  StepName name;
  std::string file;
  Figure figure;  ///< one panel
};

/// Maps of one step that can stand side by side: of one kind of layer, with the same axes.
struct Kin {
  std::vector<Map> maps;
  std::vector<std::size_t> queries, keys;  ///< those that are drawn; empty: all
};

/// "layer0/head0/weights" → "layer0-head0-weights".
std::string file_of(std::string id);

/// The steps that are chosen, or the means of their heads, each a map without a scale as yet; kin
/// in the order of their first maps.
/// @throws Error  as selected_heatmaps()
std::vector<Kin> kin_of(const Trace& trace, const Selection& selection);

/// Finds the queries and keys that are chosen, and cuts the maps to them. Each map says what part
/// of the weight is left.
/// @return the note for an overview of them; "" if nothing is cut
/// @throws Error  as selected_heatmaps()
std::string cut_to_chosen(const Trace& trace, const Selection& selection, Kin& kin);

}  // namespace attn_viz::figure
