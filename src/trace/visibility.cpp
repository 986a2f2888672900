#include "attn_viz/trace/visibility.hpp"

namespace attn_viz {
namespace {

/// Whether an operation makes weights of other weights, its first input.
bool is_made_of_weights(const Step& step) {
  return !step.inputs.empty() && (step.op == ops::differential.name ||
                                  step.op == ops::mix_heads.name || step.op == ops::multiply.name);
}

/// The mask among the inputs of an operation that makes weights without masked scores, or null.
const Step* mask_of(const Trace& trace, const Step& weights) {
  const std::size_t place = weights.op == ops::kernel_weights.name      ? 1
                            : weights.op == ops::attention_weights.name ? 2
                                                                        : weights.inputs.size();
  return place < weights.inputs.size() ? &trace.steps[weights.inputs[place]] : nullptr;
}

}  // namespace

Visibility visibility_of(const Trace& trace, const Step& weights) {
  const Step* source = &weights;
  while (is_made_of_weights(*source)) source = &trace.steps[source->inputs[0]];
  Visibility visibility{mask_of(trace, *source), true};
  if (visibility.step == nullptr) visibility = {scores_behind(trace, *source), false};
  if (visibility.step == nullptr) return {};
  // A trace from elsewhere may have anything there.
  const Tensor& values = visibility.step->values;
  const bool fits =
      values.shape() == weights.values.shape() && values.dtype() == weights.values.dtype();
  return fits ? visibility : Visibility{};
}

}  // namespace attn_viz
