#include "input/attention_settings.hpp"

#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

AttentionSettings read_attention(const Value& value, DType dtype) {
  if (value.is(Kind::kObject) && value.find("key_value_heads")) {
    throw not_yet_supported(*value.find("key_value_heads"));
  }
  value.allow_keys({"heads", "head_size", "value_size", "score", "scale", "softcap", "bias", "mask",
                    "normalize", "position", "weights", "qk_norm", "sink", "evaluation"});
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
  settings.tricks = read_score_tricks(value, dtype);
  if (const auto position = value.find("position")) {
    constexpr std::string_view kPositions[] = {"none"};
    const Value name = type_of(*position, "position");
    if (name.text() != kPositions[0]) {
      throw unknown_name(ErrorCode::kInvalid, "position", name.text(), kPositions)
          .at(name.pointer());
    }
  }
  if (const auto weights = value.find("weights")) settings.weights = read_weights(*weights, dtype);
  return settings;
}

}  // namespace attn_viz
