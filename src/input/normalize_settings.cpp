// "normalize": a name, or an object with parameters.
#include <iterator>

#include "attn_viz/input/document.hpp"
#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

NormalizeSettings read_normalize(const Value& value) {
  const Value name = type_of(value, "normaliser");
  NormalizeSettings normalize;
  normalize.type = static_cast<NormalizerType>(index_of(name, "normaliser", kNormalizerNames));
  if (value.is(Kind::kText)) return normalize;
  switch (normalize.type) {
    case NormalizerType::kSample:
      value.allow_keys({"type", "temperature", "seed"});
      if (const auto seed = value.find("seed")) normalize.seed = seed->whole_number(0);
      break;
    case NormalizerType::kSoftmax:
      value.allow_keys({"type", "temperature"});
      break;
    case NormalizerType::kSigmoid:
      value.allow_keys({"type", "bias"});
      break;
    case NormalizerType::kEntmax:
      value.allow_keys({"type", "alpha"});
      break;
    default:
      value.allow_keys({"type"});
  }
  if (const auto temperature = value.find("temperature")) {
    normalize.temperature = positive(*temperature);
  }
  if (const auto bias = value.find("bias")) {
    normalize.bias_by_keys = bias->is(Kind::kText) && bias->text() == "-log-keys";
    if (!normalize.bias_by_keys && !bias->is(Kind::kNumber)) {
      throw bias->unexpected("a number or \"-log-keys\"");
    }
    if (!normalize.bias_by_keys) normalize.bias = bias->number();
  }
  if (const auto alpha = value.find("alpha")) {
    if (!alpha->is(Kind::kNumber) || !(alpha->number() > 1)) {
      throw alpha->unexpected("a number > 1").hint("alpha 1 is softmax");
    }
    normalize.alpha = alpha->number();
  }
  return normalize;
}

std::optional<NormalizerType> find_normalizer(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNormalizerNames); ++i) {
    if (kNormalizerNames[i] == name) return static_cast<NormalizerType>(i);
  }
  return std::nullopt;
}

}  // namespace attn_viz
