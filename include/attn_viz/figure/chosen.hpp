// From chosen steps of a trace to the description of their figures.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

struct ChosenOptions {
  /// Only this query, an index or a label: as a map where the keys are patches, else as one row.
  std::optional<std::string> query = {};
  /// The data's own range instead of 0 to 1 for weights.
  bool auto_scale = false;
};

/// A figure for each step, or one for the same step of several layers and heads that have the same
/// axes: a panel each, a row of panels for each layer, one scale. Steps without values are left
/// out. The trace must outlive the figures.
/// @throws Error kInvalid if weights do not keep what their operation promises (see
///         verify_weights), if none of the steps has values, or if the query does not exist or a
///         step has no queries.
std::vector<Figure> chosen_figures(const Trace& trace, const std::vector<const Step*>& steps,
                                   const ChosenOptions& options = {});

}  // namespace attn_viz::figure
