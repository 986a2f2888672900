// The layers of a trace that join positions: weights, convolutions, recurrences.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "analysis/cost_names.hpp"
#include "attn_viz/analysis/cost.hpp"
#include "attn_viz/analysis/step_cost.hpp"
#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/visibility.hpp"

namespace attn_viz::analysis {
namespace {

constexpr std::size_t kMostPositions = 4096;  // for which all pairs are looked at

using Layers = std::vector<JoiningLayer>;

// ---- attention ----

void join_visible(const Trace& trace, const Step& weights, std::size_t first_row, Links& links) {
  const std::size_t n = weights.values.rows(), m = weights.values.columns();
  const Visibility visibility = visibility_of(trace, weights);
  for (std::size_t cell = 0; cell < n * m; ++cell) {
    if (visibility.step == nullptr || !visibility.hides(visibility.step->values.at(cell)))
      links.join(first_row + cell / m, cell % m);
  }
}

/// Weights that were made row by row, or those that were made at once.
std::vector<StepId> parts_of(const Trace& trace, StepId weights) {
  const Step& step = trace.steps[weights];
  return step.op == ops::stack_rows.name ? step.inputs : std::vector<StepId>{weights};
}

/// The pairs that no mask hides.
Links visible_pairs(const Trace& trace, StepId weights) {
  const Tensor& all = trace.steps[weights].values;
  Links links(all.rows(), all.columns());
  std::size_t row = 0;
  for (const StepId part : parts_of(trace, weights)) {
    const Step& step = trace.steps[part];
    if (step.values.columns() != all.columns() || row + step.values.rows() > all.rows()) break;
    join_visible(trace, step, row, links);
    row += step.values.rows();
  }
  return links;
}

/// The step of inner products that weights were made from number by number, or null.
const Step* score_step(const Trace& trace, const Step& weights) {
  const Step* step = &weights;
  while (!step->inputs.empty()) {
    step = &trace.steps[step->inputs[0]];
    const CostRule rule = cost_rule_of(step->op);
    if (step->values.shape() != weights.values.shape()) return nullptr;
    if (rule == CostRule::kProducts) return step->op == ops::mix_heads.name ? nullptr : step;
    if (rule != CostRule::kOneByOne || step->op == ops::differential.name) return nullptr;
  }
  return nullptr;
}

/// The step in which the weights sum the values, or null.
const Step* value_step(const Trace& trace, StepId weights) {
  for (const Step& step : trace.steps) {
    const bool sums = step.op == ops::matmul.name || step.op == ops::relative_matmul.name;
    if (sums && step.inputs[0] == weights) return &step;
  }
  return nullptr;
}

/// The steps of weights of one layer.
struct Attention {
  std::string name;
  std::vector<StepId> heads;
};

std::vector<Attention> attentions_of(const Trace& trace) {
  const auto is_weights = [&](const Step& step) {
    return parts_of_id(step.id).back() == "weights" && step.values.rank() == 2;
  };
  // Rows that are stacked to the weights of a sequence count as those alone.
  std::set<StepId> stacked;
  for (const Step& step : trace.steps) {
    if (is_weights(step) && step.op == ops::stack_rows.name) {
      stacked.insert(step.inputs.begin(), step.inputs.end());
    }
  }
  std::vector<Attention> all;
  for (StepId i = 0; i < trace.steps.size(); ++i) {
    if (!is_weights(trace.steps[i]) || stacked.count(i) > 0) continue;
    const std::string name = layer_of_step(trace.steps[i].id);
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&](const Attention& one) { return one.name == name; });
    if (known != all.end())
      known->heads.push_back(i);
    else
      all.push_back({name, {i}});
  }
  return all;
}

void set_paths(JoiningLayer& layer, const Links& links, bool same_positions) {
  if (std::max(links.inputs(), links.outputs()) > kMostPositions) {
    layer.why_no_path = "not computed beyond 4096 positions";
  } else if (!same_positions) {
    layer.longest_path = 1;
    layer.never = links.outputs() * links.inputs() - links.count();
  } else {
    const Paths paths = paths_of(links);
    layer.longest_path = paths.longest;
    layer.never = paths.never;
    if (!paths.longest) layer.why_no_path = "not defined: it joins no two positions";
  }
}

/// A layer with the pairs that it joins, for the layers above it.
struct Joined {
  JoiningLayer layer;
  std::optional<Links> links = std::nullopt;  ///< where outputs and inputs are the same positions
};

/// The multiply–adds of scores and values, as far as the heads of a layer have them.
struct Products {
  bool known = true;     ///< every head's weights come from scores, and sum values
  bool by_pairs = true;  ///< each pair costs the same
  Count all = {}, visible = {};

  /// @param pairs  that are visible
  void add(const Trace& trace, StepId weights, std::size_t pairs) {
    const Step *scores = score_step(trace, trace.steps[weights]),
               *values = value_step(trace, weights);
    known = known && scores != nullptr && values != nullptr;
    if (!known) return;
    all += cost_of(trace, *scores).multiply_adds + cost_of(trace, *values).multiply_adds;
    // Other scores do part of their work once a query or key.
    by_pairs = by_pairs && scores->op == ops::dot_product.name && values->op == ops::matmul.name;
    if (!by_pairs) return;
    const Count a_pair = trace.steps[scores->inputs[0]].values.columns() + values->values.columns();
    visible += Count(pairs) * a_pair;
  }
};

Joined attention_layer(const Trace& trace, const Attention& attention,
                       const std::vector<bool>& needed) {
  const Tensor& first = trace.steps[attention.heads[0]].values;
  Joined joined;
  JoiningLayer& layer = joined.layer;
  layer.name = attention.name.empty() ? "attention" : attention.name;
  layer.kind = "attention";
  layer.outputs = first.rows(), layer.inputs = first.columns();
  layer.heads = attention.heads.size();
  layer.needed = false;
  Links any(layer.outputs, layer.inputs);
  Products products;
  for (const StepId head : attention.heads) {
    const Tensor& weights = trace.steps[head].values;
    if (weights.shape() != first.shape()) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected weights of the shape {} as in the head before, got {}",
                              shape_text(first.shape()), shape_text(weights.shape())))
          .at(trace.steps[head].id);
    }
    layer.weights += trace.steps[head].values.count();
    const Links visible = visible_pairs(trace, head);
    layer.visible += visible.count();
    any.join_all(visible);
    std::size_t row = 0;
    for (const StepId part : parts_of(trace, head)) {
      const std::size_t rows = trace.steps[part].values.rows();
      std::size_t pairs = 0;
      for (std::size_t end = std::min(row + rows, layer.outputs); row < end; ++row) {
        pairs += visible.reads(row);
      }
      layer.needed = layer.needed || needed[part];
      if (needed[part])
        products.add(trace, part, pairs);
      else
        products.known = false;
    }
  }
  if (products.known) layer.scores_and_values = products.all;
  if (products.known && products.by_pairs) layer.visible_scores_and_values = products.visible;
  const bool same = layer.outputs == layer.inputs && first.axes()[0] == first.axes()[1];
  set_paths(layer, any, same);
  if (same) joined.links = std::move(any);
  return joined;
}

// ---- convolution ----

/// Where a tap lies; beyond an end, the end itself or nowhere.
std::optional<std::size_t> place_of_tap(double place, std::size_t size, bool replicate) {
  const double last = static_cast<double>(size) - 1;
  if (!replicate && !(place >= 0 && place <= last)) return std::nullopt;
  return static_cast<std::size_t>(std::clamp(place, 0.0, last));
}

/// A size among the attributes of a trace that may come from elsewhere.
std::size_t size_of(const Step& step, const char* name) {
  constexpr double kMost = 1e9;
  const double size = step.attributes.get<double>(name);
  if (size >= 1 && size <= kMost) return static_cast<std::size_t>(size);
  throw Error(ErrorCode::kInvalid,
              fmt::format("{}: expected a whole number from 1 to {}, got {}", name, kMost, size))
      .at(step.id);
}

Joined grid_convolution_layer(const Step& step) {
  const std::size_t rows = size_of(step, "rows"), columns = size_of(step, "columns"),
                    n = rows * columns;
  const auto& down = step.attributes.get<std::vector<double>>("row_shifts");
  const auto& across = step.attributes.get<std::vector<double>>("column_shifts");
  const bool replicate = step.attributes.get<std::string>("padding") == "replicate";
  Joined joined;
  joined.layer = {.name = layer_of_step(step.id), .kind = "convolution", .outputs = n, .inputs = n};
  if (n > kMostPositions) {
    joined.layer.why_no_path = "not computed beyond 4096 positions";
    return joined;
  }
  Links links(n, n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t tap = 0; tap < std::min(down.size(), across.size()); ++tap) {
      const auto row = place_of_tap(static_cast<double>(i / columns) + down[tap], rows, replicate);
      const auto column =
          place_of_tap(static_cast<double>(i % columns) + across[tap], columns, replicate);
      if (row && column) links.join(i, *row * columns + *column);
    }
  }
  set_paths(joined.layer, links, true);
  joined.links = std::move(links);
  return joined;
}

/// Along one side of maps.
Links side_links(std::size_t side, std::size_t taps, std::size_t dilation, bool replicate) {
  Links links(side, side);
  for (std::size_t i = 0; i < side; ++i) {
    for (std::size_t tap = 0; tap < taps; ++tap) {
      const double shift = (static_cast<double>(tap) - static_cast<double>(taps / 2)) *
                           static_cast<double>(dilation);
      const auto place = place_of_tap(static_cast<double>(i) + shift, side, replicate);
      if (place) links.join(i, *place);
    }
  }
  return links;
}

/// Pixels whose rows and whose columns are joined.
Links grid_links(const Links& down, const Links& across) {
  const std::size_t rows = down.outputs(), columns = across.outputs();
  Links links(rows * columns, rows * columns);
  const auto each_joined = [](const Links& side, std::size_t i, auto visit) {
    for (std::size_t j = 0; j < side.inputs(); ++j) {
      if (side.joined(i, j)) visit(j);
    }
  };
  for (std::size_t i = 0; i < rows * columns; ++i) {
    each_joined(down, i / columns, [&](std::size_t row) {
      each_joined(across, i % columns,
                  [&](std::size_t column) { links.join(i, row * columns + column); });
    });
  }
  return links;
}

/// A kernel with a middle moves by any of its rows and any of its columns at once, so that the path
/// is the longer of those along both sides.
Joined map_convolution_layer(const Trace& trace, const Step& step) {
  const std::vector<std::size_t> shape = step.values.shape();
  const Tensor& kernel = trace.steps[step.inputs[1]].values;
  const std::size_t columns = step.values.columns(),
                    rows = shape.size() < 2 ? 1 : shape[shape.size() - 2], n = rows * columns;
  Joined joined;
  JoiningLayer& layer = joined.layer;
  const std::string name = layer_of_step(step.id);
  layer = {.name = name.empty() ? step.id : name, .kind = "convolution", .outputs = n, .inputs = n};
  const std::string padding = step.attributes.get_or("padding", std::string());
  if (shape.size() < 2 || padding == "none") {
    layer.why_no_path = "not defined: its maps are smaller than its input";
  } else if (std::max(rows, columns) > kMostPositions) {
    layer.why_no_path = "not computed beyond 4096 positions";
  } else {
    const std::size_t dilation =
        step.attributes.find("dilation") == nullptr ? 1 : size_of(step, "dilation");
    const bool replicate = padding == "replicate";
    const Links rows_read = side_links(rows, kernel.size(2), dilation, replicate),
                columns_read = side_links(columns, kernel.size(3), dilation, replicate);
    const Paths down = paths_of(rows_read), across = paths_of(columns_read);
    layer.longest_path = std::max(down.longest, across.longest);
    layer.never = n * n - (rows * rows - down.never) * (columns * columns - across.never);
    if (n <= kMostPositions) joined.links = grid_links(rows_read, columns_read);
    if (!layer.longest_path) layer.why_no_path = "not defined: it joins no two positions";
  }
  return joined;
}

// ---- recurrence ----

Joined recurrence_layer(const Trace& trace, const Step& step) {
  const std::size_t n = trace.steps[step.inputs[0]].values.rows();
  Joined joined;
  joined.layer = {.name = layer_of_step(step.id), .kind = "recurrence", .outputs = n, .inputs = n};
  joined.layer.longest_path = n;         // from the first row through every cell
  joined.layer.never = n * (n - 1) / 2;  // nothing runs back in time
  return joined;
}

// ---- stacks ----

/// "layer3" of "encoder/layer3"; nothing of what is not one of a stack.
bool is_stacked(const std::string& name) {
  const auto parts = parts_of_id(name);
  return parts.back().starts_with("layer") && is_numbered(parts.back());
}

/// What outputs depend on through all layers below, where each layer of a stack joins positions in
/// one way.
void set_receptive_fields(const Trace& trace, std::vector<Joined>& all) {
  std::set<std::string> names;
  for (const Joined& one : all) {
    if (!names.insert(one.layer.name).second) return;
  }
  std::map<std::string, Links> stacks;
  for (Joined& one : all) {
    JoiningLayer& layer = one.layer;
    if (!one.links || layer.outputs > kMostPositions || !is_stacked(layer.name)) continue;
    const std::string stack = layer_of_step(layer.name);
    auto below = stacks.find(stack);
    if (below != stacks.end() && below->second.outputs() != one.links->inputs()) {
      stacks.erase(below);  // of other positions: a stack of its own begins
      below = stacks.end();
    }
    Links reach = below == stacks.end() ? *one.links : one.links->after(below->second);
    if (trace.find(layer.name + "/residual") != nullptr) {
      if (below != stacks.end()) reach.join_all(below->second);
      for (std::size_t i = 0; i < layer.outputs; ++i) {
        if (below == stacks.end()) reach.join(i, i);
      }
    }
    std::size_t least = layer.inputs, most = 0;
    for (std::size_t i = 0; i < layer.outputs; ++i) {
      least = std::min(least, reach.reads(i));
      most = std::max(most, reach.reads(i));
    }
    layer.receptive_field = {least, most};
    stacks.insert_or_assign(stack, std::move(reach));
  }
}

}  // namespace

std::vector<JoiningLayer> joining_layers(const Trace& trace, const std::vector<bool>& needed) {
  std::vector<Joined> all;
  for (const Step& step : trace.steps) {
    if (step.op == ops::grid_convolution.name) all.push_back(grid_convolution_layer(step));
    if (step.op == ops::convolution_2d.name) all.push_back(map_convolution_layer(trace, step));
    const bool recurrence = step.op == ops::rnn.name || step.op == ops::gru.name;
    if (recurrence && !step.inputs.empty() && trace.steps[step.inputs[0]].values.rows() > 1) {
      all.push_back(recurrence_layer(trace, step));
    }
  }
  for (const Attention& attention : attentions_of(trace)) {
    all.push_back(attention_layer(trace, attention, needed));
  }
  set_receptive_fields(trace, all);
  Layers layers;
  for (Joined& one : all) layers.push_back(std::move(one.layer));
  return layers;
}

}  // namespace attn_viz::analysis
