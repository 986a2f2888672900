#include "attn_viz/analysis/influence_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "analysis/text_table.hpp"
#include "attn_viz/core/json_write.hpp"

namespace attn_viz::analysis {
namespace {

// More than a screen shows is for the picture and for JSON.
constexpr std::size_t kMostRows = 24, kMostColumns = 12;

/// "Alice: layer0/attention_output by input/embeddings".
std::string name_of(const Influence& influence) {
  return fmt::format("{}: {} by {}", influence.name, influence.to, influence.from);
}

bool is_small(const Influence& influence) {
  return influence.values.rows() <= kMostRows && influence.values.columns() <= kMostColumns;
}

TextTable values_table(const Influence& influence) {
  TextTable table{{""}, {}};
  for (const std::string& label : influence.inputs.labels) table.head.push_back(label);
  for (std::size_t row = 0; row < influence.places.size(); ++row) {
    table.rows.push_back({influence.outputs.labels[influence.places[row]]});
    for (std::size_t j = 0; j < influence.values.columns(); ++j) {
      const double value = influence.values.at(row, j);
      table.rows.back().push_back(value == 0 ? "0" : fmt::format("{:.4g}", value));
    }
  }
  return table;
}

TextTable reach_table(const std::vector<Influence>& influences) {
  TextTable table{
      {"mechanism", "pairs", "exactly 0", "before", "after", "mean distance", "largest"}, {}};
  for (const Influence& influence : influences) {
    const Reach reach = reach_of(influence);
    const auto defined = [&](std::string text) { return reach.same_positions ? text : "–"; };
    table.rows.push_back({name_of(influence), fmt::to_string(influence.values.count()),
                          fmt::to_string(reach.nothing), defined(fmt::to_string(reach.before)),
                          defined(fmt::to_string(reach.after)),
                          defined(fmt::format("{:.4g}", reach.mean_distance)),
                          fmt::format("{:.4g}", reach.largest)});
  }
  return table;
}

std::string meaning(const std::vector<Influence>& influences) {
  std::string text =
      "J[i, j] = ‖∂ output i / ∂ input j‖ (Frobenius norm), from exact derivatives.\n"
      "before, after: the farthest input before and after an output that it depends on.\n"
      "mean distance: between output and input, weighted by J; on a grid in cells.\n";
  std::set<std::string> said;
  for (const Influence& influence : influences) {
    if (influence.jumps.empty()) continue;
    const std::string line =
        fmt::format("{}: {} chooses; its result jumps, and no derivative goes through it.\n",
                    influence.name, fmt::join(influence.jumps, ", "));
    if (said.insert(line).second) text += line;
  }
  return text;
}

void append_labels(std::string& text, std::string_view key,
                   const std::vector<std::string>& labels) {
  text += fmt::format(", \"{}\": [", key);
  for (const std::string& label : labels) {
    if (&label != labels.data()) text += ", ";
    json::append(text, label);
  }
  text += ']';
}

void append_values(std::string& text, const Tensor& values) {
  text += ", \"values\": [";
  for (std::size_t i = 0; i < values.rows(); ++i) {
    text += i == 0 ? "[" : ", [";
    for (std::size_t j = 0; j < values.columns(); ++j) {
      if (j > 0) text += ", ";
      json::append(text, values.at(i, j));
    }
    text += ']';
  }
  text += ']';
}

std::string as_json(const std::vector<Influence>& influences) {
  std::string text = "{\"influences\": [";
  for (const Influence& influence : influences) {
    const Reach reach = reach_of(influence);
    text += &influence == influences.data() ? "{\"name\": " : ", {\"name\": ";
    json::append(text, influence.name);
    text += ", \"from\": ";
    json::append(text, influence.from);
    text += ", \"to\": ";
    json::append(text, influence.to);
    std::vector<std::string> outputs;
    for (const std::size_t i : influence.places) outputs.push_back(influence.outputs.labels[i]);
    append_labels(text, "outputs", outputs);
    append_labels(text, "inputs", influence.inputs.labels);
    append_values(text, influence.values);
    text += fmt::format(", \"zero_pairs\": {}, \"largest\": ", reach.nothing);
    json::append(text, reach.largest);
    if (reach.same_positions) {
      text += fmt::format(", \"before\": {}, \"after\": {}, \"mean_distance\": ", reach.before,
                          reach.after);
      json::append(text, reach.mean_distance);
    } else {
      text += ", \"before\": null, \"after\": null, \"mean_distance\": null";
    }
    append_labels(text, "jumps", influence.jumps);
    text += '}';
  }
  return text + "]}\n";
}

}  // namespace

std::string influence_table(const std::vector<Influence>& influences, TableFormat format) {
  if (format == TableFormat::kJson) return as_json(influences);
  std::string text;
  for (const Influence& influence : influences) {
    if (!is_small(influence)) continue;
    text += name_of(influence) + (format == TableFormat::kMarkdown ? "\n\n" : "\n");
    append_table(text, values_table(influence), format);
    text += '\n';
  }
  append_table(text, reach_table(influences), format);
  text += '\n';
  append_lines(text, meaning(influences), format);
  return text;
}

}  // namespace attn_viz::analysis
