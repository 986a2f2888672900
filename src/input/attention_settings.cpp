#include "input/attention_settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "attn_viz/input/document.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

/// Numbers nested `least` to `most` levels deep.
Tensor read_array(const Value& value, std::size_t least, std::size_t most, std::string_view what,
                  DType dtype) {
  std::size_t depth = 0;
  const json::Node* node = &value.node();
  while (node->kind == Kind::kArray) {
    ++depth;
    node = &node->items[0];
  }
  if (node->kind == Kind::kNumbers) depth += node->shape.size();
  return value.tensor(std::clamp(depth, least, most), what, dtype);
}

std::optional<Tensor> find_array(const Value& object, std::string_view key, std::size_t least,
                                 std::size_t most, std::string_view what, DType dtype) {
  const auto value = object.find(key);
  if (!value) return std::nullopt;
  return read_array(*value, least, most, what, dtype);
}

double positive(const Value& value) {
  if (!value.is(Kind::kNumber) || !(value.number() > 0)) throw value.unexpected("a number > 0");
  return value.number();
}

/// A name, or an object whose "type" is one.
Value type_of(const Value& value, std::string_view kind) {
  if (value.is(Kind::kText)) return value;
  if (value.is(Kind::kObject)) return value.require("type");
  throw value.unexpected(fmt::format("the name of a {} or an object with its type", kind));
}

ScoreSettings read_score(const Value& value, DType dtype) {
  const Value name = type_of(value, "score");
  const auto type = find_score(name.text());
  if (!type) {
    throw unknown_name(ErrorCode::kInvalid, "score", name.text(), kScoreNames).at(name.pointer());
  }
  ScoreSettings score;
  score.type = *type;
  if (value.is(Kind::kText)) return score;

  constexpr std::string_view kMatrix = "a matrix, or one for each head";
  constexpr std::string_view kVector = "a list of numbers, or one for each head";
  if (*type == ScoreType::kAdditive) {
    value.allow_keys({"type", "W_query", "W_key", "v", "bias"});
    score.w_query = find_array(value, "W_query", 2, 3, kMatrix, dtype);
    score.w_key = find_array(value, "W_key", 2, 3, kMatrix, dtype);
    score.v = find_array(value, "v", 1, 2, kVector, dtype);
    score.bias = find_array(value, "bias", 1, 2, kVector, dtype);
  } else if (*type == ScoreType::kBilinear) {
    value.allow_keys({"type", "W"});
    score.w = find_array(value, "W", 2, 3, kMatrix, dtype);
  } else {
    value.allow_keys({"type"});
  }
  return score;
}

std::pair<double, double> read_window(const Value& value) {
  if (value.is(Kind::kNumbers) && value.node().shape == std::vector<std::size_t>{2}) {
    const auto left = value.node().numbers[0], right = value.node().numbers[1];
    const bool whole = left == std::floor(left) && right == std::floor(right);
    if (whole && left >= 0 && right >= 0) return {left, right};
  }
  throw value.unexpected("[left, right], two whole numbers ≥ 0");
}

MaskSettings read_mask(const Value& value, DType dtype) {
  for (const std::string_view key : {"edges", "pattern"}) {
    if (value.is(Kind::kObject) && value.find(key)) throw not_yet_supported(*value.find(key));
  }
  value.allow_keys({"causal", "window", "padding", "allow"});
  MaskSettings mask;
  if (const auto causal = value.find("causal")) mask.causal = causal->boolean();
  if (const auto window = value.find("window")) mask.window = read_window(*window);
  if (const auto padding = value.find("padding")) {
    mask.padding = padding->booleans();
    if (mask.padding.empty()) throw padding->unexpected("true or false for each key");
  }
  if (const auto allow = value.find("allow")) {
    mask.allow = allow->tensor(2, "rows of 0 and 1 (queries × keys)", dtype);
    for (std::size_t i = 0; i < mask.allow->count(); ++i) {
      const double entry = mask.allow->at(i);
      if (entry == 0 || entry == 1) continue;
      const std::size_t columns = mask.allow->columns();
      throw Error(ErrorCode::kInvalid, fmt::format("expected 0 or 1, got {}", entry))
          .at(fmt::format("{}/{}/{}", allow->pointer(), i / columns, i % columns));
    }
  }
  return mask;
}

NormalizeSettings read_normalize(const Value& value) {
  const Value name = type_of(value, "normaliser");
  if (name.text() != kNormalizerNames[0]) {
    throw unknown_name(ErrorCode::kInvalid, "normaliser", name.text(), kNormalizerNames)
        .at(name.pointer());
  }
  NormalizeSettings normalize;
  if (value.is(Kind::kText)) return normalize;
  value.allow_keys({"type", "temperature"});
  if (const auto temperature = value.find("temperature")) {
    normalize.temperature = positive(*temperature);
  }
  return normalize;
}

WeightSettings read_weights(const Value& value, DType dtype) {
  constexpr std::string_view kExpected =
      "\"identity\", {\"random\": SEED} or an object of matrices";
  if (value.is(Kind::kText) && value.text() == "identity") return IdentityWeights{};
  if (!value.is(Kind::kObject)) {
    Error error = value.unexpected(kExpected);
    constexpr std::string_view kNames[] = {"identity", "random"};
    if (value.is(Kind::kText)) {
      const std::string_view near = nearest_name(value.text(), kNames);
      if (near == "identity") error.hint("did you mean \"identity\"?");
      if (near == "random") error.hint("write {\"random\": 1}");
    }
    throw error;
  }
  if (const auto seed = value.find("random")) {
    value.allow_keys({"random"});
    return RandomWeights{seed->whole_number(0)};
  }
  value.allow_keys({"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O", "random"});
  const auto matrix = [&](std::string_view key) {
    return find_array(value, key, 2, 3, "a matrix, or one for each head", dtype);
  };
  const auto vector = [&](std::string_view key) {
    return find_array(value, key, 1, 2, "a list of numbers, or one for each head", dtype);
  };
  return GivenWeights{.w_q = matrix("W_Q"),
                      .w_k = matrix("W_K"),
                      .w_v = matrix("W_V"),
                      .w_o = matrix("W_O"),
                      .b_q = vector("b_Q"),
                      .b_k = vector("b_K"),
                      .b_v = vector("b_V"),
                      .b_o = find_array(value, "b_O", 1, 1, "a list of numbers", dtype)};
}

}  // namespace

std::optional<ScoreType> find_score(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kScoreNames); ++i) {
    if (kScoreNames[i] == name) return static_cast<ScoreType>(i);
  }
  for (const auto& [short_name, type] : kScoreShortNames) {
    if (short_name == name) return type;
  }
  return std::nullopt;
}

AttentionSettings read_attention(const Value& value, DType dtype) {
  if (value.is(Kind::kObject) && value.find("key_value_heads")) {
    throw not_yet_supported(*value.find("key_value_heads"));
  }
  value.allow_keys({"heads", "head_size", "value_size", "score", "scale", "softcap", "bias", "mask",
                    "normalize", "position", "weights"});
  AttentionSettings settings;
  if (const auto heads = value.find("heads")) settings.heads = heads->whole_number(1);
  if (const auto size = value.find("head_size")) settings.head_size = size->whole_number(1);
  if (const auto size = value.find("value_size")) settings.value_size = size->whole_number(1);
  if (const auto score = value.find("score")) settings.score = read_score(*score, dtype);
  if (const auto scale = value.find("scale")) settings.scale = scale->number();
  if (const auto softcap = value.find("softcap")) settings.softcap = positive(*softcap);
  settings.bias =
      find_array(value, "bias", 2, 3, "a matrix (queries × keys), or one for each head", dtype);
  if (const auto mask = value.find("mask")) settings.mask = read_mask(*mask, dtype);
  if (const auto normalize = value.find("normalize")) {
    settings.normalize = read_normalize(*normalize);
  }
  if (const auto position = value.find("position")) {
    constexpr std::string_view kPositions[] = {"none"};
    const Value name = type_of(*position, "position");
    if (position->is(Kind::kObject)) position->allow_keys({"type"});
    if (name.text() != kPositions[0]) {
      throw unknown_name(ErrorCode::kInvalid, "position", name.text(), kPositions)
          .at(name.pointer());
    }
  }
  if (const auto weights = value.find("weights")) settings.weights = read_weights(*weights, dtype);
  return settings;
}

}  // namespace attn_viz
