#include "attn_viz/trace/trace.hpp"

#include <charconv>

namespace attn_viz {

std::string_view name_of(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}

const Step* Trace::find(std::string_view id) const {
  for (const Step& step : steps) {
    if (step.id == id) return &step;
  }
  return nullptr;
}

const AxisInfo* Trace::axis(std::string_view name) const {
  for (const AxisInfo& axis : axes) {
    if (axis.name == name) return &axis;
  }
  return nullptr;
}

StepName parse_step_id(std::string_view id) {
  StepName name{std::nullopt, std::nullopt, id};
  const auto take = [&](std::string_view word) -> std::optional<std::size_t> {
    std::size_t number = 0;
    const std::string_view rest = name.step;
    if (rest.substr(0, word.size()) != word) return std::nullopt;
    const auto [end, failure] =
        std::from_chars(rest.data() + word.size(), rest.data() + rest.size(), number);
    const auto used = static_cast<std::size_t>(end - rest.data());
    if (failure != std::errc{} || used >= rest.size() || rest[used] != '/') return std::nullopt;
    name.step = rest.substr(used + 1);
    return number;
  };
  const auto take_word = [&](std::string_view word) {
    const bool found = name.step.substr(0, word.size()) == word;
    if (found) name.step.remove_prefix(word.size());
    return found;
  };
  name.encoder = take_word("encoder/");
  name.layer = take("layer");
  name.cross = name.layer && take_word("cross/");
  name.head = take("head");
  return name;
}

const Step* scores_behind(const Trace& trace, const Step& weights) {
  if (weights.inputs.empty()) return nullptr;
  const Step& scores = trace.steps[weights.inputs[0]];
  // Weights may be made of other weights: a difference of two maps, what several heads say, or
  // weights that fade with the distance.
  if (weights.op == ops::differential.name || weights.op == ops::mix_heads.name ||
      weights.op == ops::multiply.name) {
    return scores_behind(trace, scores);
  }
  return scores.values.axes() == weights.values.axes() ? &scores : nullptr;
}

}  // namespace attn_viz
