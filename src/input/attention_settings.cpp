#include "input/attention_settings.hpp"

#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

AttentionSettings read_attention(const Value& value, DType dtype) {
  value.allow_keys({"heads", "key_value_heads", "head_size", "value_size", "score", "scale",
                    "softcap", "bias", "mask", "normalize", "position", "weights", "talking_heads",
                    "differential", "approximation", "qk_norm", "sink", "evaluation",
                    "key_position"});
  AttentionSettings settings;
  if (const auto heads = value.find("heads")) settings.heads = heads->whole_number(1);
  if (const auto groups = value.find("key_value_heads")) {
    settings.key_value_heads = groups->whole_number(1);
  }
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
  if (const auto approximation = value.find("approximation")) {
    settings.approximation = read_approximation(*approximation, dtype);
  }
  settings.tricks = read_score_tricks(value, dtype);
  if (const auto position = value.find("position")) {
    settings.position = read_position(*position, dtype);
  }
  if (const auto position = value.find("key_position")) {
    settings.key_position = read_key_position(*position, dtype);
    if (settings.position.type != PositionType::kNone && !settings.position.to_queries_and_keys) {
      throw position
          ->error("expected no \"position\" beside it, or one that is added to queries and keys")
          .hint("give the position \"add_to\": \"queries-and-keys\"");
    }
  }
  if (const auto talking = value.find("talking_heads")) {
    settings.talking_heads = read_talking_heads(*talking, dtype);
  }
  if (const auto differential = value.find("differential")) {
    settings.differential = read_differential(*differential, dtype);
  }
  if (const auto weights = value.find("weights")) settings.weights = read_weights(*weights, dtype);
  return settings;
}

}  // namespace attn_viz
