// A comparison of settings as a table.
#pragma once

#include <string>

#include "attn_viz/analysis/comparison.hpp"

namespace attn_viz::analysis {

enum class TableFormat { kText, kMarkdown, kJson };

/// One table of the variants (entropy, largest weight) and one of their pairs (divergence,
/// agreement, largest difference), with what the numbers mean. Ends with a line feed.
/// JSON: {"variants": [{"name", "heads", "entropy", "normalized_entropy", "largest",
/// "empty_rows"}], "pairs": [{"first", "second", "jensen_shannon", "agreement",
/// "largest_difference", "skipped_rows"}]}; what is not defined is null.
std::string comparison_table(const Comparison& comparison, TableFormat format);

}  // namespace attn_viz::analysis
