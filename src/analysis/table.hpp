// Tables of text, for the terminal and for Markdown.
#pragma once

#include <string>
#include <vector>

namespace attn_viz::analysis {

/// The first column is text, the others are numbers. Every row is as long as the head.
struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows = {};
};

/// Columns under one another, a line a row. Wide characters count as two.
void append_text(std::string& text, const Table& table);
void append_markdown(std::string& text, const Table& table);

}  // namespace attn_viz::analysis
