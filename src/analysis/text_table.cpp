#include "analysis/text_table.hpp"

#include <uniwidth.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "attn_viz/core/label_text.hpp"

namespace attn_viz::analysis {
namespace {

/// Columns of a terminal; what cannot be printed has none.
std::size_t width_of(const std::string& text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  return static_cast<std::size_t>(std::max(0, u8_width(bytes, text.size(), "UTF-8")));
}

/// No label breaks a line or speaks to the terminal.
TextTable shown(TextTable table) {
  const auto show = [](TableRow& row) {
    for (std::string& cell : row) cell = cell.empty() ? cell : visible_label(cell);
  };
  show(table.head);
  for (TableRow& row : table.rows) show(row);
  return table;
}

void append_aligned(std::string& text, const TextTable& table) {
  std::vector<std::size_t> widths;
  for (std::size_t column = 0; column < table.head.size(); ++column) {
    widths.push_back(width_of(table.head[column]));
    for (const TableRow& row : table.rows) {
      widths.back() = std::max(widths.back(), width_of(row[column]));
    }
  }
  const auto append_row = [&](const TableRow& row) {
    std::string line;
    for (std::size_t column = 0; column < row.size(); ++column) {
      const std::string space(widths[column] - width_of(row[column]), ' ');
      line += column == 0 ? "" : "  ";
      line += column < table.texts ? row[column] + space : space + row[column];
    }
    // A last column of texts leaves no spaces at the end.
    text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  };
  append_row(table.head);
  for (const TableRow& row : table.rows) append_row(row);
}

void append_markdown(std::string& text, const TextTable& table) {
  const auto append_row = [&](const TableRow& row) {
    for (const std::string& cell : row) {
      text += "| ";
      for (const char c : cell) text += c == '|' ? "\\|" : std::string(1, c);
      text += ' ';
    }
    text += "|\n";
  };
  append_row(table.head);
  TableRow rule(table.head.size(), "--:");
  std::fill_n(rule.begin(), std::min(table.texts, rule.size()), ":--");
  append_row(rule);
  for (const TableRow& row : table.rows) append_row(row);
}

}  // namespace

void append_table(std::string& text, const TextTable& table, TableFormat format) {
  (format == TableFormat::kMarkdown ? append_markdown : append_aligned)(text, shown(table));
}

void append_lines(std::string& text, const std::string& lines, TableFormat format) {
  for (const char c : lines) {
    if (c == '\n' && format == TableFormat::kMarkdown) text += "  ";
    text += c;
  }
}

}  // namespace attn_viz::analysis
