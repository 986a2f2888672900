// Tables as text: aligned for a terminal, or in Markdown.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/analysis/comparison_text.hpp"

namespace attn_viz::analysis {

using TableRow = std::vector<std::string>;

struct TextTable {
  TableRow head;
  std::vector<TableRow> rows;  ///< each as long as the head
  std::size_t texts = 1;       ///< the first columns are texts, the others are numbers
};

/// Appends the table; columns stand under one another, numbers at the right of theirs.
/// @param format  kText or kMarkdown
void append_table(std::string& text, const TextTable& table, TableFormat format);

/// Appends lines, each ending with a line feed, so that Markdown keeps them apart.
void append_lines(std::string& text, const std::string& lines, TableFormat format);

}  // namespace attn_viz::analysis
