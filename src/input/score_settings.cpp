// "score": a name, or an object with parameters.
#include <iterator>

#include "attn_viz/input/document.hpp"
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

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
  } else if (*type == ScoreType::kGat) {
    value.allow_keys({"type", "a", "slope"});
    score.a = find_array(value, "a", 1, 2, kVector, dtype);
    if (const auto slope = value.find("slope")) {
      if (!slope->is(Kind::kNumber) || slope->number() < 0) {
        throw slope->unexpected("a number ≥ 0");
      }
      score.slope = slope->number();
    }
  } else {
    value.allow_keys({"type"});
  }
  return score;
}

std::optional<ScoreType> find_score(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kScoreNames); ++i) {
    if (kScoreNames[i] == name) return static_cast<ScoreType>(i);
  }
  for (const auto& [short_name, type] : kScoreShortNames) {
    if (short_name == name) return type;
  }
  return std::nullopt;
}

}  // namespace attn_viz
