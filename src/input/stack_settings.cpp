// "layers": a stack; "output": what stands after it.
#include "input/stack_settings.hpp"

#include <fmt/format.h>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {
namespace {

using json::Kind;
using json::Value;

std::optional<double> read_residual(const Value& value) {
  if (value.is(Kind::kBoolean)) return value.boolean() ? std::optional(1.0) : std::nullopt;
  if (value.is(Kind::kNumber)) return value.number();
  throw value.unexpected("true, false, or a number that multiplies the sub-layer");
}

LayerNormSettings read_layer_norm(const Value& value, DType dtype) {
  LayerNormSettings norm;
  const bool named = value.is(Kind::kText);
  if (!named && !value.is(Kind::kObject)) {
    throw value.unexpected(R"("none", "pre", "post", or an object with "position")");
  }
  const Value position = named ? value : value.require("position");
  norm.position = static_cast<NormPosition>(
      index_of(position, "position of the layer norm", kNormPositionNames));
  if (named) return norm;
  value.allow_keys({"position", "type", "epsilon", "gain", "bias"});
  if (const auto type = value.find("type")) {
    norm.type = static_cast<NormType>(index_of(*type, "layer norm", kNormTypeNames));
  }
  if (const auto epsilon = value.find("epsilon")) norm.epsilon = positive(*epsilon);
  constexpr std::string_view kGains = "a list of numbers, or one for each sub-layer";
  norm.gain = find_array(value, "gain", 1, 2, kGains, dtype);
  norm.bias = find_array(value, "bias", 1, 2, kGains, dtype);
  return norm;
}

FeedForwardSettings read_feed_forward(const Value& value, DType dtype) {
  FeedForwardSettings settings;
  const auto random = value.is(Kind::kObject) ? value.find("random") : std::nullopt;
  if (random) {
    value.allow_keys({"random", "hidden", "gated", "activation", "window"});
    settings.random = RandomWeights{random->whole_number(0)};
    if (const auto hidden = value.find("hidden")) settings.hidden = hidden->whole_number(1);
    if (const auto gated = value.find("gated")) settings.gated = gated->boolean();
  } else {
    value.allow_keys(
        {"W_1", "b_1", "W_gate", "b_gate", "W_2", "b_2", "activation", "window", "random"});
    const auto matrix = [&](std::string_view key) {
      return find_array(value, key, 2, 2, "a matrix", dtype);
    };
    const auto vector = [&](std::string_view key) {
      return find_array(value, key, 1, 1, "a list of numbers", dtype);
    };
    value.require("W_1");
    settings.w_1 = matrix("W_1"), settings.b_1 = vector("b_1");
    settings.w_gate = matrix("W_gate"), settings.b_gate = vector("b_gate");
    settings.w_2 = matrix("W_2"), settings.b_2 = vector("b_2");
    if (settings.b_gate && !settings.w_gate) value.require("W_gate");
    if (settings.b_2 && !settings.w_2) value.require("W_2");
  }
  if (const auto window = value.find("window")) {
    settings.window = window->whole_number(0);
    constexpr std::size_t kWidest = 10'000;
    if (settings.window > kWidest) {
      throw window->unexpected(fmt::format("at most {} rows on each side", kWidest));
    }
  }
  if (const auto activation = value.find("activation")) {
    settings.activation =
        static_cast<Activation>(index_of(*activation, "activation", kActivationNames));
  }
  return settings;
}

LayerSettings read_layer(const Value& value, bool encoder, DType dtype) {
  value.allow_keys({"attention", "cross_attention", "residual", "layer_norm", "feed_forward"});
  LayerSettings layer;
  const auto attention = value.find("attention");
  if (!attention) {
    layer.attention = AttentionSettings{};
  } else if (!attention->is(Kind::kText)) {
    layer.attention = read_attention(*attention, dtype);
  } else if (attention->text() != "none") {
    throw attention->unexpected("an object or \"none\"");
  }
  if (const auto cross = value.find("cross_attention")) {
    if (encoder) {
      throw cross->error("an encoder has no cross-attention: it reads the context alone");
    }
    layer.cross_attention = read_attention(*cross, dtype);
  }
  if (const auto residual = value.find("residual")) layer.residual = read_residual(*residual);
  if (const auto norm = value.find("layer_norm")) layer.layer_norm = read_layer_norm(*norm, dtype);
  if (const auto feed_forward = value.find("feed_forward")) {
    layer.feed_forward = read_feed_forward(*feed_forward, dtype);
  }
  if (!layer.attention && !layer.cross_attention && !layer.feed_forward) {
    throw value.error("expected attention, cross_attention or feed_forward, got none of them");
  }
  return layer;
}

}  // namespace

std::vector<LayerSettings> read_layers(const Value& value, bool encoder, DType dtype) {
  if (!value.is(Kind::kArray)) throw value.unexpected("a list of layers");
  std::vector<LayerSettings> layers;
  for (std::size_t i = 0; i < value.node().items.size(); ++i) {
    const Value layer(value.node().items[i], fmt::format("{}/{}", value.pointer(), i));
    layers.push_back(read_layer(layer, encoder, dtype));
  }
  return layers;
}

OutputSettings read_output(const Value& value, DType dtype) {
  value.allow_keys({"W", "b", "labels", "pool"});
  OutputSettings output;
  output.w = find_array(value, "W", 2, 2, "a matrix (embedding × labels)", dtype);
  output.b = find_array(value, "b", 1, 1, "a list of numbers", dtype);
  if (const auto labels = value.find("labels")) {
    output.labels = labels->texts();
    if (output.labels.empty()) throw labels->unexpected("at least one label");
  }
  if (const auto pool = value.find("pool")) {
    output.pool = static_cast<Pool>(index_of(*pool, "pool", kPoolNames));
  }
  return output;
}

void apply(const Overrides& overrides, Problem& problem) {
  std::vector<RandomWeights*> random;
  const auto apply_to = [&](AttentionSettings& settings, bool mask) {
    apply(overrides, settings, mask);
    if (auto* weights = std::get_if<RandomWeights>(&settings.weights)) random.push_back(weights);
  };
  const auto apply_to_all = [&](std::vector<LayerSettings>& layers, bool mask) {
    for (LayerSettings& layer : layers) {
      if (layer.attention) apply_to(*layer.attention, mask);
      if (layer.cross_attention) apply_to(*layer.cross_attention, false);
      if (layer.feed_forward && layer.feed_forward->random) {
        random.push_back(&*layer.feed_forward->random);
      }
    }
  };
  if (problem.context) apply_to_all(problem.context->layers, false);
  apply_to_all(problem.layers, true);
  if (problem.layers.empty()) apply_to(problem.attention, true);

  if (!overrides.seed) return;
  if (random.empty()) {
    throw Error(ErrorCode::kUsage, "--seed: expected random weights, but they are not random")
        .hint("add --weights random");
  }
  for (RandomWeights* weights : random) weights->seed = *overrides.seed;
}

}  // namespace attn_viz
