#include "attn_viz/analysis/growth.hpp"

#include <algorithm>
#include <bit>
#include <set>

namespace attn_viz::analysis {
namespace {

std::size_t divided_up(std::size_t a, std::size_t b) {
  return a / b + (a % b != 0);
}

/// The least number of layers whose dilations 1, k, k², … make the receptive field kᴸ as wide as n.
std::size_t logarithm_up(std::size_t n, std::size_t k) {
  std::size_t layers = 0;
  for (Count field = 1; field < Count(n); field = field * k) ++layers;
  return std::max<std::size_t>(layers, 1);
}

// ---- parameters ----

/// W_Q, W_K, W_V and W_O.
Count attention_matrices(const LayerSizes& s) {
  return Count(4) * s.width * s.width;
}
/// W of the inputs, U of the states.
Count recurrent_matrices(const LayerSizes& s) {
  return Count(2) * s.width * s.width;
}
/// A matrix for each tap.
Count kernel_matrices(const LayerSizes& s) {
  return Count(s.kernel) * s.width * s.width;
}

// ---- layers ----

/// A layer's terms, and their values.
struct Formula {
  const char *name, *parameters_term, *multiply_adds, *sequential, *path, *memory;
  Count (*parameters)(const LayerSizes&);
  LayerCost (*cost)(std::size_t n, const LayerSizes&);
};

constexpr Formula kLayers[] = {
    {"self-attention", "4 d²", "n² d", "1", "1", "H n²", attention_matrices,
     [](std::size_t n, const LayerSizes& s) {
       return LayerCost{Count(n) * n * s.width, 1, 1, Count(s.heads) * n * n};
     }},
    {"restricted", "4 d²", "r n d", "1", "n / r", "H r n", attention_matrices,
     [](std::size_t n, const LayerSizes& s) {
       const std::size_t r = std::min(s.neighbourhood, n);
       return LayerCost{Count(r) * n * s.width, 1, divided_up(n, s.neighbourhood),
                        Count(s.heads) * r * n};
     }},
    {"linear", "4 d²", "n d²", "1", "1", "d²", attention_matrices,
     [](std::size_t n, const LayerSizes& s) {
       return LayerCost{Count(n) * s.width * s.width, 1, 1, Count(s.width) * s.width};
     }},
    {"recurrent", "2 d²", "n d²", "n", "n", "d", recurrent_matrices,
     [](std::size_t n, const LayerSizes& s) {
       return LayerCost{Count(n) * s.width * s.width, n, n, s.width};
     }},
    {"convolution", "k d²", "k n d²", "1", "n / k", "0", kernel_matrices,
     [](std::size_t n, const LayerSizes& s) {
       return LayerCost{Count(s.kernel) * n * s.width * s.width, 1, divided_up(n, s.kernel), 0};
     }},
    {"dilated", "k d²", "k n d²", "1", "log_k n", "0", kernel_matrices,
     [](std::size_t n, const LayerSizes& s) {
       return LayerCost{Count(s.kernel) * n * s.width * s.width, 1, logarithm_up(n, s.kernel), 0};
     }},
};

std::vector<Crossover> crossovers_of(const LayerSizes& s) {
  const Count d = s.width, r = s.neighbourhood, k = s.kernel;
  return {{"self-attention", "recurrent", "n = d", d, d * d * d},
          {"self-attention", "linear", "n = d", d, d * d * d},
          {"self-attention", "convolution", "n = k d", k * d, k * k * d * d * d},
          {"self-attention", "restricted", "n = r", r, r * r * d}};
}

std::size_t largest_neighbourhood(const JoiningLayer& layer) {
  return layer.receptive_field ? layer.receptive_field->second : 0;
}

}  // namespace

KnownSizes known_sizes(const Trace& trace, const std::vector<JoiningLayer>& layers) {
  KnownSizes known;
  const auto usable = [](std::size_t size) { return size >= 1 && size <= kLargestSize; };
  if (const Step* x = trace.find("input/embeddings"); x != nullptr && x->values.rank() == 2) {
    if (usable(x->values.rows())) known.length = x->values.rows();
    if (usable(x->values.columns())) known.width = x->values.columns();
  }
  for (const Step& step : trace.steps) {
    const bool convolution = step.op == ops::grid_convolution.name && step.inputs.size() > 1;
    if (!convolution || known.kernel) continue;
    const std::size_t taps = trace.steps[step.inputs[1]].values.size(0);
    if (taps >= 2 && usable(taps)) known.kernel = taps;
  }
  for (const JoiningLayer& layer : layers) {
    if (layer.kind != "attention") continue;
    if (!known.heads) known.heads = layer.heads;
    // A first layer that sees less than all, and more than itself, is restricted.
    const std::size_t seen = largest_neighbourhood(layer);
    if (seen >= 2 && seen < layer.inputs) known.neighbourhood = seen;
    break;
  }
  return known;
}

std::vector<std::size_t> default_lengths(std::size_t width, std::optional<std::size_t> length) {
  const std::size_t power = std::bit_ceil(width);
  std::set<std::size_t> lengths{width};
  if (length) lengths.insert(*length);
  const std::size_t last = std::min(power * 128, kLargestSize);
  for (std::size_t n = std::max<std::size_t>(power / 8, 1); n <= last; n *= 2) lengths.insert(n);
  return {lengths.begin(), lengths.end()};
}

Growth growth_of(LayerSizes sizes) {
  Growth growth;
  for (const Formula& formula : kLayers) {
    LayerGrowth layer{.name = formula.name,
                      .parameters_term = formula.parameters_term,
                      .multiply_adds = formula.multiply_adds,
                      .sequential = formula.sequential,
                      .path = formula.path,
                      .memory = formula.memory,
                      .parameters = formula.parameters(sizes),
                      .costs = {}};
    for (const std::size_t n : sizes.lengths) layer.costs.push_back(formula.cost(n, sizes));
    growth.layers.push_back(std::move(layer));
  }
  growth.crossovers = crossovers_of(sizes);
  growth.sizes = std::move(sizes);
  return growth;
}

}  // namespace attn_viz::analysis
