#include "attn_viz/analysis/comparison_text.hpp"

#include <fmt/format.h>

#include <optional>
#include <vector>

#include "analysis/text_table.hpp"
#include "attn_viz/core/json_write.hpp"

namespace attn_viz::analysis {
namespace {

/// Four decimals; "–" where a number is not defined.
std::string number_text(std::optional<double> number) {
  return number ? fmt::format("{:.4f}", *number) : "–";
}

TextTable variants_table(const Comparison& comparison) {
  TextTable table{{"setting", "entropy", "of largest", "largest weight"}, {}};
  for (const Variant& variant : comparison.variants) {
    table.rows.push_back({variant.name, number_text(variant.entropy),
                          number_text(variant.normalized_entropy), number_text(variant.largest)});
  }
  return table;
}

TextTable pairs_table(const Comparison& comparison) {
  TextTable table{{"settings", "divergence", "agreement", "largest difference"}, {}};
  for (const Pair& pair : comparison.pairs) {
    table.rows.push_back({fmt::format("{} / {}", comparison.variants[pair.first].name,
                                      comparison.variants[pair.second].name),
                          number_text(pair.jensen_shannon), number_text(pair.agreement),
                          number_text(pair.largest)});
  }
  return table;
}

/// What the columns mean, and what was left out.
std::string meaning(const Comparison& comparison) {
  std::string text =
      "entropy: nats, mean over the queries; of largest: its share of ln(visible keys).\n"
      "largest weight: of a query, mean over the queries.\n"
      "divergence: Jensen-Shannon, nats (0 to ln 2 = 0.6931), mean over the queries.\n"
      "agreement: share of queries whose largest weight is at the same key.\n";
  bool undefined = false;
  for (const Variant& variant : comparison.variants) {
    undefined |= !variant.entropy;
    if (variant.empty_rows > 0) {
      text += fmt::format("{}: {} quer{} without a weight left out.\n", variant.name,
                          variant.empty_rows, variant.empty_rows == 1 ? "y" : "ies");
    }
  }
  if (undefined) text += "–: not defined, since weights are negative or do not sum to 1.\n";
  for (const std::string& note : notes_on_heads(comparison.variants)) text += note + '\n';
  return text;
}

void append_number(std::string& text, std::string_view key, std::optional<double> number) {
  text += fmt::format(", \"{}\": ", key);
  if (number) {
    json::append(text, *number);
  } else {
    text += "null";
  }
}

std::string as_json(const Comparison& comparison) {
  std::string text = "{\"variants\": [";
  for (const Variant& variant : comparison.variants) {
    text += &variant == comparison.variants.data() ? "{\"name\": " : ", {\"name\": ";
    json::append(text, variant.name);
    text += fmt::format(", \"heads\": {}", variant.heads);
    append_number(text, "entropy", variant.entropy);
    append_number(text, "normalized_entropy", variant.normalized_entropy);
    append_number(text, "largest", variant.largest);
    text += fmt::format(", \"empty_rows\": {}}}", variant.empty_rows);
  }
  text += "], \"pairs\": [";
  for (const Pair& pair : comparison.pairs) {
    text += &pair == comparison.pairs.data() ? "{\"first\": " : ", {\"first\": ";
    json::append(text, comparison.variants[pair.first].name);
    text += ", \"second\": ";
    json::append(text, comparison.variants[pair.second].name);
    append_number(text, "jensen_shannon", pair.jensen_shannon);
    append_number(text, "agreement", pair.agreement);
    append_number(text, "largest_difference", pair.largest);
    text += fmt::format(", \"skipped_rows\": {}}}", pair.skipped_rows);
  }
  return text + "]}\n";
}

}  // namespace

std::string comparison_table(const Comparison& comparison, TableFormat format) {
  if (format == TableFormat::kJson) return as_json(comparison);
  std::string text;
  append_table(text, variants_table(comparison), format);
  text += '\n';
  append_table(text, pairs_table(comparison), format);
  text += '\n';
  append_lines(text, meaning(comparison), format);
  return text;
}

}  // namespace attn_viz::analysis
