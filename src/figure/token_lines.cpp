#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "attn_viz/core/error.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/figure/lines.hpp"
#include "attn_viz/trace/verify.hpp"
#include "figure/choose.hpp"

namespace attn_viz::figure {
namespace {

/// The heads of one step in one layer.
struct Layer {
  std::string name;     ///< of the file: "layer0-lines", "layer0-cross-scores-lines"
  std::string meaning;  ///< "Layer 0, cross-attention: weights"
  std::vector<const Step*> heads;
};

/// "layer0/cross/head1/weights" → "layer0/cross/".
std::string_view place_of(const Step& step) {
  const std::string_view id = step.id;
  const auto head = id.find("head");
  return id.substr(
      0, head != std::string_view::npos ? head : id.size() - parse_step_id(id).step.size());
}

Layer layer_of(const Step& step) {
  const StepName name = parse_step_id(step.id);
  Layer layer;
  layer.name = place_of(step);
  if (name.step != "weights") layer.name += std::string(name.step) + "/";
  layer.name += "lines";
  std::replace(layer.name.begin(), layer.name.end(), '/', '-');
  if (name.layer) layer.meaning = fmt::format("Layer {}", *name.layer);
  if (name.encoder) layer.meaning = fmt::format("Encoder, layer {}", name.layer.value_or(0));
  if (name.cross) layer.meaning += ", cross-attention";
  layer.meaning += layer.meaning.empty() ? std::string(name.step) : ": " + std::string(name.step);
  return layer;
}

std::vector<Layer> layers_of(const std::vector<const Step*>& steps) {
  std::vector<Layer> layers;
  std::map<std::string, std::size_t> known;
  for (const Step* step : steps) {
    Layer layer = layer_of(*step);
    const auto [found, is_new] = known.emplace(layer.name, layers.size());
    if (is_new) layers.push_back(std::move(layer));
    layers[found->second].heads.push_back(step);
  }
  return layers;
}

void expect_tokens(const Trace& trace, const Step& step) {
  const std::vector<Axis>& axes = step.values.axes();
  const bool joins = axes.size() == 2 && trace.axis(axes[0].name) != nullptr &&
                     trace.axis(axes[1].name) != nullptr && axes[0].size > 0 && axes[1].size > 0;
  if (!joins)
    throw Error(ErrorCode::kInvalid, "expected a step from tokens to tokens, to join them by lines")
        .at(step.id)
        .hint("draw it as a heatmap, or choose weights or scores");
}

/// How many heads the step has in its layer, also those that are not drawn.
std::size_t heads_of(const Trace& trace, const Step& step) {
  std::size_t heads = 1;
  const StepName name = parse_step_id(step.id);
  for (const Step& other : trace.steps) {
    const StepName its = parse_step_id(other.id);
    if (its.step == name.step && its.head && place_of(other) == place_of(step))
      heads = std::max(heads, *its.head + 1);
  }
  return heads;
}

double largest_size(const Tensor& tensor) {
  return dispatch(tensor.dtype(), [&](auto zero) {
    double largest = 0;
    for (const auto value : tensor.values<decltype(zero)>())
      if (std::isfinite(value)) largest = std::max(largest, static_cast<double>(std::abs(value)));
    return largest;
  });
}

/// 1 for weights, unless they go beyond it or the scale is to be theirs; else the largest of all.
double strongest_of(const std::vector<const Step*>& steps, bool auto_scale) {
  double largest = 0;
  bool weights = true;
  for (const Step* step : steps) {
    largest = std::max(largest, largest_size(step->values));
    weights = weights && parse_step_id(step->id).step == "weights";
  }
  // A relu may give weights of more than 1 (rounding does not count).
  if (weights && !auto_scale && largest <= 1 + 1e-7) return 1;
  return largest > 0 ? largest : 1;
}

LabelledAxis labelled(const Trace& trace, const Axis& axis, const char* name) {
  return {.name = name, .labels = trace.axis(axis.name)->labels};
}

TokenLines describe(const Trace& trace, const Layer& layer, double strongest,
                    const TokenLinesOptions& options) {
  const Step& first = *layer.heads[0];
  const std::vector<Axis>& axes = first.values.axes();
  TokenLines lines;
  lines.title = trace.title;
  lines.subtitle = layer.meaning;
  lines.queries = labelled(trace, axes[0], "queries");
  lines.keys = labelled(trace, axes[1], "keys");
  lines.colors = heads_of(trace, first);
  if (parse_step_id(first.id).step != "weights") lines.quantity = parse_step_id(first.id).step;
  lines.strongest = strongest;
  lines.theme = options.theme;
  for (const Step* step : layer.heads) {
    const std::size_t head = parse_step_id(step->id).head.value_or(0);
    lines.heads.push_back({fmt::format("head {}", head), head, Matrix(step->values)});
  }
  const AxisInfo& queries = *trace.axis(axes[0].name);
  if (options.query) lines.query = find_query(queries, *options.query);
  if (lines.query)
    lines.subtitle +=
        fmt::format(", of query {} (\"{}\")", *lines.query, queries.labels[*lines.query]);
  return lines;
}

[[noreturn]] void refuse_query(const Trace& trace, const Step& step, const std::string& wanted) {
  const AxisInfo& queries = *trace.axis(step.values.axes()[0].name);
  std::vector<std::string_view> labels(queries.labels.begin(), queries.labels.end());
  Error error(ErrorCode::kInvalid,
              fmt::format("there is no query \"{}\"; expected an index from 0 to {} or a label",
                          wanted, queries.labels.size() - 1));
  const std::string_view near = nearest_name(wanted, labels);
  if (!near.empty()) error.hint(fmt::format("did you mean \"{}\"?", near));
  throw error;
}

}  // namespace

std::vector<NamedLines> token_lines(const Trace& trace, const std::vector<const Step*>& steps,
                                    const TokenLinesOptions& options) {
  for (const Step* step : steps) {
    expect_tokens(trace, *step);
    verify_weights(trace, *step);
  }
  const double strongest = strongest_of(steps, options.auto_scale);
  std::vector<NamedLines> all;
  bool found = false;
  for (const Layer& layer : layers_of(steps)) {
    TokenLines lines = describe(trace, layer, strongest, options);
    found |= lines.query.has_value();
    if (options.theme != Theme::kPrint || lines.heads.size() == 1) {
      all.push_back({layer.name, std::move(lines)});
      continue;
    }
    for (const HeadLines& head : lines.heads) {
      TokenLines one = lines;
      one.heads = {head};
      one.subtitle += ", " + head.name;
      all.push_back({fmt::format("{}-head{}", layer.name, head.color), std::move(one)});
    }
  }
  if (options.query && !found && !steps.empty()) refuse_query(trace, *steps[0], *options.query);
  return all;
}

}  // namespace attn_viz::figure
