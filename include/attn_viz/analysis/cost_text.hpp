// Costs as a text for people, and as JSON.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/analysis/comparison_text.hpp"
#include "attn_viz/analysis/cost.hpp"
#include "attn_viz/analysis/growth.hpp"

namespace attn_viz::analysis {

struct CostReport {
  std::optional<TraceCost> file;  ///< absent where only sizes were asked about
  Growth growth;
};

/// Exact whole numbers everywhere. Text and Markdown: tables with digits in groups of three. JSON:
/// {"file": {…} or null, "growth": {…}}, on one line; numbers may be larger than 2⁵³. Format:
/// docs/formats.md. Ends with a line feed.
std::string cost_report(const CostReport& report, TableFormat format);

}  // namespace attn_viz::analysis
