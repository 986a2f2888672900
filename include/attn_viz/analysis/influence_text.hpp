// Influences as tables and as JSON.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/analysis/comparison_text.hpp"
#include "attn_viz/analysis/influence.hpp"

namespace attn_viz::analysis {

/// The numbers of each influence where they are few, then a table of what they amount to. Ends with
/// a line feed. JSON: {"influences": [{"name", "from", "to", "outputs", "inputs", "values",
/// "zero_pairs", "largest", "before", "after", "mean_distance", "jumps"}]}; what is not defined is
/// null. Format: docs/formats.md.
std::string influence_table(const std::vector<Influence>& influences, TableFormat format);

}  // namespace attn_viz::analysis
