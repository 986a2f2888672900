#include "mechanisms/describe.hpp"

#include "mechanisms/approximation.hpp"
#include "mechanisms/heads.hpp"

namespace attn_viz {

Attributes constants_of(const ScoreSettings& score) {
  if (score.type == ScoreType::kGat) return {{"slope", score.slope}};
  return {};
}

namespace {

Attributes constants_of(const PatternSettings& pattern, std::string_view layer) {
  Attributes constants{{"type", kPatternNames[static_cast<std::size_t>(pattern.type)]},
                       {"window", pattern.window}};
  switch (pattern.type) {
    case PatternType::kDilated:
      constants.set("step", pattern.step);
      break;
    case PatternType::kStrided:
      constants.set("stride", pattern.stride);
      break;
    case PatternType::kSinks:
      constants.set("sinks", pattern.sinks);
      break;
    case PatternType::kLongformer:
      constants.set("global", pattern.global);
      break;
    case PatternType::kBigBird:
      constants.set("global", pattern.global);
      if (pattern.random_keys) {
        constants.set("random_keys", "given");
      } else {
        constants.set("random", pattern.random);
        constants.set("seed", static_cast<double>(pattern.seed));
        if (!layer.empty()) constants.set("stream", std::string(layer) + "/mask");
      }
      break;
  }
  return constants;
}

}  // namespace

Attributes constants_of(const MaskSettings& mask, std::string_view layer) {
  Attributes constants;
  if (mask.causal) constants.set("causal", true);
  if (mask.window) {
    constants.set("window", std::vector<double>{mask.window->first, mask.window->second});
  }
  if (!mask.padding.empty()) constants.set("padding", mask.padding);
  if (mask.edges) constants.set("self_loops", mask.self_loops);
  if (mask.pattern) constants.set("pattern", constants_of(*mask.pattern, layer));
  return constants;
}

Attributes constants_of(const NormalizeSettings& normalize, std::string_view stream) {
  Attributes constants;
  switch (normalize.type) {
    case NormalizerType::kSample:
      constants.set("seed", static_cast<double>(normalize.seed));
      constants.set("stream", stream);
      [[fallthrough]];
    case NormalizerType::kSoftmax:
      if (normalize.temperature != 1) constants.set("temperature", normalize.temperature);
      break;
    case NormalizerType::kSigmoid:
      if (normalize.bias_by_keys) constants.set("bias", "-log-keys");
      if (normalize.bias != 0) constants.set("bias", normalize.bias);
      break;
    case NormalizerType::kEntmax:
      constants.set("alpha", normalize.alpha);
      break;
    default:
      break;
  }
  return constants;
}

namespace {

/// A name, or an object where there are constants.
Attribute settings_of(const ScoreSettings& score) {
  const std::string_view name = kScoreNames[static_cast<std::size_t>(score.type)];
  if (score.type == ScoreType::kGat) return Attributes{{"type", name}, {"slope", score.slope}};
  return name;
}

Attributes settings_of(const TalkingHeads& talking) {
  return {{"scores", talking.scores ? "given" : "none"},
          {"weights", talking.weights ? "given" : "none"}};
}

Attributes settings_of(const Differential& differential) {
  return {{"lambda", differential.lambda ? Attribute(*differential.lambda) : Attribute("given")},
          {"lambda_init", lambda_init_of(differential)},
          {"norm", differential.norm}};
}

Attributes settings_of(const NormalizeSettings& normalize) {
  Attributes all{{"type", kNormalizerNames[static_cast<std::size_t>(normalize.type)]}};
  if (normalize.type == NormalizerType::kSoftmax || normalize.type == NormalizerType::kSample) {
    all.set("temperature", normalize.temperature);
  }
  if (normalize.type == NormalizerType::kSigmoid) {
    all.set("bias", normalize.bias_by_keys ? Attribute("-log-keys") : Attribute(normalize.bias));
  }
  if (normalize.type == NormalizerType::kEntmax) all.set("alpha", normalize.alpha);
  if (normalize.type == NormalizerType::kSample) {
    all.set("seed", static_cast<double>(normalize.seed));
  }
  return all;
}

Attribute describe_position(const PositionSettings& position,
                            const AttentionParameters& parameters) {
  std::vector<HeadPosition> heads;
  for (const HeadParameters& head : parameters.heads) heads.push_back(head.position);
  return describe(position, heads);
}

}  // namespace

Attributes settings_of(const AttentionSettings& settings, const AttentionParameters& parameters) {
  Attributes mask = constants_of(settings.mask, "");
  if (settings.mask.allow) mask.set("allow", "given");
  if (settings.mask.edges) mask.set("edges", "given");

  Attribute weights = "identity";
  if (const auto* random = std::get_if<RandomWeights>(&settings.weights)) {
    weights = Attributes{{"random", static_cast<double>(random->seed)}};
  } else if (std::holds_alternative<GivenWeights>(settings.weights)) {
    weights = "given";
  }
  Attributes attention{
      {"heads", settings.heads},
      {"head_size", parameters.key_size},
      {"value_size", parameters.value_size},
      {"score", settings_of(settings.score)},
      {"scale", parameters.scale},
      {"softcap", settings.softcap ? Attribute(*settings.softcap) : Attribute("none")},
      {"bias", settings.bias ? "given" : "none"},
      {"mask", mask.empty() ? Attribute("none") : Attribute(std::move(mask))},
      {"normalize", settings_of(settings.normalize)},
      {"position", describe_position(settings.position, parameters)},
      {"weights", std::move(weights)}};
  if (settings.key_position) attention.set("key_position", describe(*settings.key_position, {}));
  if (settings.approximation) {
    attention.set("approximation", settings_of(*settings.approximation));
  }
  if (parameters.query_size != parameters.key_size) {
    attention.set("query_size", parameters.query_size);
  }
  if (settings.key_value_heads) attention.set("key_value_heads", *settings.key_value_heads);
  if (settings.talking_heads) attention.set("talking_heads", settings_of(*settings.talking_heads));
  if (settings.differential) attention.set("differential", settings_of(*settings.differential));
  describe_tricks(settings.tricks, attention);
  return attention;
}

}  // namespace attn_viz
