// A layer of a stack. Sources: Vaswani et al. 2017, section 3.1 (norm after the residual); Xiong et
// al. 2020, "On layer normalization in the Transformer architecture" (norm before).
#include "mechanisms/layer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "attn_viz/core/error.hpp"
#include "mechanisms/describe.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/recipe.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

std::size_t sub_layers_of(const LayerSettings& layer) {
  return std::size_t{layer.attention.has_value()} + std::size_t{layer.cross_attention.has_value()} +
         std::size_t{layer.feed_forward.has_value()};
}

bool only_attends(const LayerSettings& layer) {
  return layer.attention && sub_layers_of(layer) == 1 && !layer.residual &&
         layer.layer_norm.position == NormPosition::kNone;
}

/// Walks through the sub-layers, with the width of the rows between them.
class LayerResolver {
 public:
  LayerResolver(const LayerSettings& settings, const LayerSizes& sizes, DType dtype,
                std::string place, std::string name, std::size_t limit)
      : settings_(settings),
        sizes_(sizes),
        dtype_(dtype),
        place_(std::move(place)),
        name_(std::move(name)),
        limit_(limit),
        width_(sizes.embedding) {}

  LayerParameters resolve() {
    if (settings_.attention) {
      const InputSizes self{.queries = sizes_.tokens,
                            .keys = sizes_.tokens,
                            .embedding = width_,
                            .context = width_,
                            .values = width_,
                            .query_axis = sizes_.axis,
                            .key_axis = sizes_.axis};
      result_.attention = resolve_parameters(*settings_.attention, self, dtype_,
                                             place_ + "/attention", name_, limit_);
      result_.bytes += result_.attention->bytes;
      end_sub_layer(result_.attention->w_o.columns(), result_.attention_norm, "attention");
    }
    if (settings_.cross_attention) {
      const std::string place = place_ + "/cross_attention";
      if (!sizes_.memory) {
        throw Error(ErrorCode::kInvalid, "expected a context to attend to, got none")
            .at(place)
            .hint("give the document a \"context\"");
      }
      InputSizes cross = *sizes_.memory;
      cross.queries = sizes_.tokens;
      cross.embedding = width_;
      result_.cross_attention = resolve_parameters(*settings_.cross_attention, cross, dtype_, place,
                                                   name_ + "/cross", limit_);
      result_.bytes += result_.cross_attention->bytes;
      end_sub_layer(result_.cross_attention->w_o.columns(), result_.cross_norm, "cross_attention");
    }
    if (settings_.feed_forward) {
      result_.feed_forward =
          resolve_feed_forward(*settings_.feed_forward, sizes_.tokens, width_, dtype_,
                               place_ + "/feed_forward", name_ + "/feed_forward", limit_);
      result_.bytes += result_.feed_forward->bytes;
      end_sub_layer(result_.feed_forward->output_size, result_.feed_forward_norm, "feed_forward");
    }
    result_.output_size = width_;
    return std::move(result_);
  }

 private:
  /// Checks what stands around a sub-layer, and takes over the width of its output.
  void end_sub_layer(std::size_t output, NormParameters& norm, std::string_view what) {
    if (settings_.residual && output != width_) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected {} to give as many numbers as it reads ({}), got {}", what,
                              width_, output))
          .at(place_ + "/residual");
    }
    const LayerNormSettings& settings = settings_.layer_norm;
    const std::size_t size = settings.position == NormPosition::kPre ? width_ : output;
    if (settings.position != NormPosition::kNone) {
      norm.gain = norm_parameter(settings.gain, "gain", size);
      norm.bias = norm_parameter(settings.bias, "bias", size);
    }
    const double rows = static_cast<double>(sizes_.tokens * (width_ + 3 * output));
    result_.bytes += bytes_of(rows, dtype_);
    width_ = output;
    ++sub_layer_;
  }

  std::optional<Tensor> norm_parameter(const std::optional<Tensor>& given, const char* key,
                                       std::size_t size) const {
    if (!given) return std::nullopt;
    const std::string place = fmt::format("{}/layer_norm/{}", place_, key);
    if (given->rank() == 1) {
      expect_shape(*given, {size}, place, "embedding");
      return given;
    }
    expect_shape(*given, {sub_layers_of(settings_), size}, place, "sub-layers × embedding");
    return given->part(sub_layer_);
  }

  const LayerSettings& settings_;
  const LayerSizes& sizes_;
  DType dtype_;
  std::string place_, name_;
  std::size_t limit_, width_, sub_layer_ = 0;
  LayerParameters result_;
};

StepId record_norm(Recorder record, const LayerNormSettings& settings, NormParameters& parameters,
                   StepId x, const std::string& symbol) {
  std::vector<StepId> inputs{x};
  if (parameters.bias && !parameters.gain) {
    const Tensor& rows = record.values(x);
    parameters.gain = ones(rows.columns(), rows.dtype());
  }
  if (parameters.gain) {
    inputs.push_back(record.parameter("norm_gain", "gain", std::move(*parameters.gain)));
  }
  if (parameters.bias) {
    inputs.push_back(record.parameter("norm_bias", "bias", std::move(*parameters.bias)));
  }
  const Operation& norm = settings.type == NormType::kRms ? ops::rms_norm : ops::layer_norm;
  return record.step(Role::kHidden, "normalized", symbol, norm, std::move(inputs),
                     {{"epsilon", settings.epsilon}});
}

/// A sub-layer f with what stands around it: f(x), x + γ f(x), norm(x + γ f(x)) or
/// x + γ f(norm(x)).
/// @param suffix  of the symbols R and N
StepId record_sub_layer(Recorder record, const LayerSettings& settings, NormParameters& norm,
                        StepId x, const std::string& suffix,
                        const std::function<StepId(StepId)>& f) {
  const NormPosition position = settings.layer_norm.position;
  const auto normalized = [&](StepId rows) {
    return record_norm(record, settings.layer_norm, norm, rows, "N" + suffix);
  };
  StepId y = f(position == NormPosition::kPre ? normalized(x) : x);
  if (settings.residual) {
    if (*settings.residual != 1) {
      y = record.step(Role::kHidden, "scaled_output", "O_scaled" + suffix, ops::scale, {y},
                      {{"scale", *settings.residual}});
    }
    y = record.step(Role::kHidden, "residual", "R" + suffix, ops::add, {x, y});
  }
  return position == NormPosition::kPost ? normalized(y) : y;
}

Attributes settings_of(const LayerNormSettings& norm) {
  return {{"position", kNormPositionNames[static_cast<std::size_t>(norm.position)]},
          {"type", kNormTypeNames[static_cast<std::size_t>(norm.type)]},
          {"epsilon", norm.epsilon},
          {"gain", norm.gain ? "given" : "ones"},
          {"bias", norm.bias ? "given" : "none"}};
}

Attributes settings_of(const FeedForwardSettings& settings,
                       const FeedForwardParameters& parameters) {
  Attribute weights = "given";
  if (settings.random) weights = Attributes{{"random", static_cast<double>(settings.random->seed)}};
  return {{"hidden", parameters.w_1.columns()},
          {"activation", kActivationNames[static_cast<std::size_t>(settings.activation)]},
          {"gated", parameters.w_gate.has_value()},
          {"window", settings.window},
          {"weights", std::move(weights)}};
}

}  // namespace

LayerParameters resolve_layer(const LayerSettings& settings, const LayerSizes& sizes, DType dtype,
                              const std::string& place, const std::string& name,
                              std::size_t limit) {
  return LayerResolver(settings, sizes, dtype, place, name, limit).resolve();
}

Attributes settings_of(const LayerSettings& settings, const LayerParameters& parameters) {
  Attributes layer;
  const auto add = [&](const char* name, const auto& asked, const auto& resolved) {
    layer.set(name, asked ? Attribute(settings_of(*asked, *resolved)) : Attribute("none"));
  };
  add("attention", settings.attention, parameters.attention);
  add("cross_attention", settings.cross_attention, parameters.cross_attention);
  layer.set("residual", settings.residual.value_or(0));
  if (!settings.residual) layer.set("residual", false);
  if (settings.residual == 1) layer.set("residual", true);
  const bool norm = settings.layer_norm.position != NormPosition::kNone;
  layer.set("layer_norm", norm ? Attribute(settings_of(settings.layer_norm)) : Attribute("none"));
  add("feed_forward", settings.feed_forward, parameters.feed_forward);
  return layer;
}

StepId record_layer(Recorder record, const LayerSettings& settings, LayerParameters parameters,
                    StepId x, const std::optional<Sources>& memory, const std::string& symbol) {
  StepId h = x;
  if (settings.attention) {
    const Recorder self = record.at([&](Place& place) {
      if (settings.cross_attention) place.block = Place::Block::kSelf;
    });
    h = record_sub_layer(self, settings, parameters.attention_norm, h, "", [&](StepId rows) {
      return record_attention(self, *settings.attention, std::move(*parameters.attention),
                              {rows, rows, rows});
    });
  }
  if (settings.cross_attention) {
    const Recorder cross = record.cross();
    h = record_sub_layer(cross, settings, parameters.cross_norm, h, "_cross", [&](StepId rows) {
      return record_attention(cross, *settings.cross_attention,
                              std::move(*parameters.cross_attention), {rows, memory->y, memory->v});
    });
  }
  if (settings.feed_forward) {
    const Recorder feed_forward = record.branch("feed_forward");
    h = record_sub_layer(feed_forward, settings, parameters.feed_forward_norm, h, "_ff",
                         [&](StepId rows) {
                           return record_feed_forward(feed_forward, *settings.feed_forward,
                                                      std::move(*parameters.feed_forward), rows);
                         });
  }
  return only_attends(settings) ? h
                                : record.step(Role::kOutput, "output", symbol, ops::identity, {h});
}

}  // namespace attn_viz
