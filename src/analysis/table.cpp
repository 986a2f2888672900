#include "analysis/table.hpp"

#include <unistr.h>
#include <uniwidth.h>

#include <algorithm>
#include <cstdint>

namespace attn_viz::analysis {
namespace {

/// Columns of a terminal; what cannot be printed has none.
std::size_t width_of(const std::string& text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return static_cast<std::size_t>(std::max(0, u8_width(bytes, text.size(), "UTF-8")));
}

}  // namespace

void append_text(std::string& text, const Table& table) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.head.size(); ++column) {
    widths.push_back(width_of(table.head[column]));
    for (const auto& row : table.rows) {
      widths.back() = std::max(widths.back(), width_of(row[column]));
    }
  }
  const auto append_row = [&](const std::vector<std::string>& row) {
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string space(widths[column] - width_of(row[column]), ' ');
      text += column == 0 ? row[column] + space : "  " + space + row[column];
    }
    text += '\n';
  };
  append_row(table.head);
  for (const auto& row : table.rows) append_row(row);
}

void append_markdown(std::string& text, const Table& table) {
  const auto append_row = [&](const std::vector<std::string>& row) {
    for (const std::string& cell : row) {
      text += "| ";
      for (const char c : cell) text += c == '|' ? "\\|" : std::string(1, c);
      text += ' ';
    }
    text += "|\n";
  };
  std::vector<std::string> rule(table.head.size(), "--:");
  if (!rule.empty()) rule[0] = ":--";
  append_row(table.head);
  append_row(rule);
  for (const auto& row : table.rows) append_row(row);
}

}  // namespace attn_viz::analysis
