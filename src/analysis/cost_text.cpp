#include "attn_viz/analysis/cost_text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/cost_json.hpp"
#include "analysis/text_table.hpp"

namespace attn_viz::analysis {
namespace {

constexpr const char* kNone = "–";

// ---- a file ----

std::string sum_lines(const TraceCost& cost) {
  std::string text = fmt::format("{} ({})\n\n", cost.title, cost.mechanism);
  const auto line = [&](std::string_view name, const Count& count, std::string_view what) {
    text += fmt::format("{:<17} {}{}{}\n", name, count.text(), what.empty() ? "" : " ", what);
  };
  line("parameters", cost.parameters, "");
  line("multiply-adds", cost.multiply_adds, "(two floating-point operations each)");
  line("other numbers", cost.other, "(softmax, activations, additions, means, masks)");
  line("memory", cost.bytes,
       fmt::format("bytes of what counts; {} of the whole trace", cost.trace_bytes.text()));
  line("sequential steps", cost.sequential, "(the longest chain; of a recurrence, each row)");
  return text;
}

TextTable kinds_table(const TraceCost& cost) {
  TextTable table{{"step", "operation", "steps", "multiply-adds", "other numbers", "bytes"}, {}, 2};
  for (const KindCost& kind : cost.kinds) {
    table.rows.push_back({kind.name, kind.operation, Count(kind.steps).text(),
                          kind.multiply_adds.text(), kind.other.text(), kind.bytes.text()});
  }
  return table;
}

std::string share_text(const Count& part, const Count& whole) {
  if (whole == Count(0)) return kNone;
  return fmt::format("{:.4g}%", 100 * part.approximate() / whole.approximate());
}

std::string optional_text(const std::optional<Count>& count) {
  return count ? count->text() : kNone;
}

TextTable attention_table(const std::vector<const JoiningLayer*>& layers) {
  TextTable table{{"attention", "heads", "queries × keys", "weights", "visible", "scores + values",
                   "of visible pairs"},
                  {}};
  for (const JoiningLayer* layer : layers) {
    table.rows.push_back(
        {layer->name, Count(layer->heads).text(),
         Count(layer->outputs).text() + " × " + Count(layer->inputs).text(),
         layer->needed ? layer->weights.text() : "0", share_text(layer->visible, layer->weights),
         optional_text(layer->scores_and_values), optional_text(layer->visible_scores_and_values)});
  }
  return table;
}

std::string field_text(const JoiningLayer& layer) {
  if (!layer.receptive_field) return kNone;
  const auto [least, most] = *layer.receptive_field;
  return least == most ? fmt::format("{}", most) : fmt::format("{} to {}", least, most);
}

TextTable paths_table(const std::vector<JoiningLayer>& layers) {
  TextTable table{
      {"layer", "joins by", "positions", "longest path", "never joined", "receptive field"}, {}, 2};
  for (const JoiningLayer& layer : layers) {
    const bool known = layer.why_no_path.empty() || layer.never > 0;
    table.rows.push_back({layer.name, layer.kind, Count(layer.inputs).text(),
                          layer.longest_path ? Count(*layer.longest_path).text() : kNone,
                          known ? Count(layer.never).text() : kNone, field_text(layer)});
  }
  return table;
}

/// What the numbers of the tables mean, as far as they are there.
std::string file_notes(const TraceCost& cost, const std::vector<const JoiningLayer*>& attentions) {
  std::string text;
  if (!attentions.empty()) {
    text +=
        "weights: H n m numbers that are kept. visible: pairs that no mask hides. scores + "
        "values:\n"
        "multiply-adds of all pairs; for dot products n m H (d_k + d_v), which are 2 n m H (d_k + "
        "d_v)\n"
        "floating-point operations.\n";
  }
  const auto unknown = [](const JoiningLayer* layer) { return !layer->scores_and_values; };
  if (std::any_of(attentions.begin(), attentions.end(), unknown)) {
    text +=
        "scores + values: not defined (–) where weights are not needed, or do not come from the\n"
        "scores of one head alone.\n";
  }
  if (!cost.layers.empty()) {
    text +=
        "longest path: layers of this kind (cells of a recurrence) that a signal passes from one\n"
        "position to another, at most. never joined: pairs that no number of them joins. "
        "receptive\n"
        "field: inputs that an output depends on through this layer and those below it.\n";
  } else {
    text += fmt::format(
        "longest path: not defined for {}: no step joins positions by weights, a kernel or a\n"
        "recurrence.\n",
        cost.mechanism);
  }
  for (const JoiningLayer& layer : cost.layers) {
    if (!layer.why_no_path.empty()) {
      text += fmt::format("{}: longest path {}.\n", layer.name, layer.why_no_path);
    }
    if (!layer.needed) {
      text += fmt::format("{}: {} weights are shown; the last step does not need them.\n",
                          layer.name, layer.weights.text());
    }
  }
  for (const std::string& note : cost.notes) text += note + '\n';
  return text;
}

std::string file_text(const TraceCost& cost, TableFormat format) {
  std::string text;
  append_lines(text, sum_lines(cost), format);
  std::vector<const JoiningLayer*> attentions;
  for (const JoiningLayer& layer : cost.layers) {
    if (layer.kind == "attention") attentions.push_back(&layer);
  }
  const auto append = [&](const TextTable& table) {
    if (table.rows.empty()) return;
    text += '\n';
    append_table(text, table, format);
  };
  append(kinds_table(cost));
  append(attention_table(attentions));
  append(paths_table(cost.layers));
  text += '\n';
  append_lines(text, file_notes(cost, attentions), format);
  return text;
}

// ---- growth ----

/// The parameters of all layers: the terms, then one row, which is that of any length.
TextTable parameters_table(const Growth& growth) {
  TextTable table{{"parameters"}, {{"n"}, {"any"}}};
  for (const LayerGrowth& layer : growth.layers) {
    table.head.push_back(layer.name);
    table.rows[0].push_back(layer.parameters_term);
    table.rows[1].push_back(layer.parameters.text());
  }
  return table;
}

/// One quantity of all layers: the terms, then a row for each length.
TextTable growth_table(const Growth& growth, const char* what, std::string LayerGrowth::*term,
                       Count LayerCost::*quantity) {
  TextTable table{{what}, {{"n"}}};
  for (const LayerGrowth& layer : growth.layers) {
    table.head.push_back(layer.name);
    table.rows[0].push_back(layer.*term);
  }
  for (std::size_t i = 0; i < growth.sizes.lengths.size(); ++i) {
    const std::size_t n = growth.sizes.lengths[i];
    TableRow row{Count(n).text() + (n == growth.sizes.width ? " = d" : "")};
    for (const LayerGrowth& layer : growth.layers) row.push_back((layer.costs[i].*quantity).text());
    table.rows.push_back(std::move(row));
  }
  return table;
}

/// "n = d = 512: …", a line for each crossover.
std::string crossover_lines(const Growth& growth) {
  std::string text;
  for (const Crossover& one : growth.crossovers) {
    text += fmt::format(
        "{} = {}: {} and {} both cost {} multiply-adds; beyond it, {} costs less.\n", one.term,
        one.length.text(), one.first, one.second, one.multiply_adds.text(), one.second);
  }
  const std::size_t r = growth.sizes.neighbourhood, d = growth.sizes.width;
  text += r == d ? "r = d: long restricted attention and recurrence cost the same.\n"
                 : fmt::format("r {} d: at n ≥ r, restricted attention costs {} than recurrence.\n",
                               r < d ? "<" : ">", r < d ? "less" : "more");
  return text;
}

std::string growth_text(const Growth& growth, TableFormat format) {
  const LayerSizes& sizes = growth.sizes;
  std::string text;
  append_lines(text,
               fmt::format("One layer, leading terms: d = {}, H = {}, k = {}, r = {}\n\n",
                           Count(sizes.width).text(), Count(sizes.heads).text(),
                           Count(sizes.kernel).text(), Count(sizes.neighbourhood).text()),
               format);
  const auto append = [&](const char* what, auto term, auto quantity) {
    append_table(text, growth_table(growth, what, term, quantity), format);
    text += '\n';
  };
  append_table(text, parameters_table(growth), format);
  text += '\n';
  append("multiply-adds", &LayerGrowth::multiply_adds, &LayerCost::multiply_adds);
  append("longest path", &LayerGrowth::path, &LayerCost::longest_path);
  append("sequential", &LayerGrowth::sequential, &LayerCost::sequential);
  append("memory", &LayerGrowth::memory, &LayerCost::memory);
  append_lines(
      text,
      crossover_lines(growth) +
          "parameters: matrices without biases: W_Q, W_K, W_V, W_O; W, U of a recurrence; a "
          "kernel.\n"
          "multiply-adds: without constant factors (2 of scores and values) and without W_Q, W_K, "
          "W_V, W_O, W.\n"
          "memory: numbers kept beside inputs and outputs (weights of H heads, or a state).\n"
          "restricted: each position sees r around it (all, where n < r). linear: one head.\n"
          "dilated: dilations 1, k, k², … from layer to layer. Quotients are rounded up.\n",
      format);
  return text;
}

}  // namespace

std::string cost_report(const CostReport& report, TableFormat format) {
  if (format == TableFormat::kJson) return cost_json(report);
  std::string text;
  if (report.file) text += file_text(*report.file, format) + '\n';
  return text + growth_text(report.growth, format);
}

}  // namespace attn_viz::analysis
