// "mask": what hides keys.
#include <fmt/format.h>

#include <cmath>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Kind;
using json::Value;

namespace {

std::pair<double, double> read_window(const Value& value) {
  if (value.is(Kind::kNumbers) && value.node().shape == std::vector<std::size_t>{2}) {
    const auto left = value.node().numbers[0], right = value.node().numbers[1];
    const bool whole = left == std::floor(left) && right == std::floor(right);
    if (whole && left >= 0 && right >= 0) return {left, right};
  }
  throw value.unexpected("[left, right], two whole numbers ≥ 0");
}

}  // namespace

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

}  // namespace attn_viz
