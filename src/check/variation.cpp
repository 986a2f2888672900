#include "check/variation.hpp"

#include <algorithm>

#include "attn_viz/core/error.hpp"

namespace attn_viz::check {

bool Rerun::is_changed(StepId step) {
  const auto known = changed_.find(step);
  if (known != changed_.end()) return known->second;
  bool changed = false;
  if (step == target_ || through_given_ || !known_.given[step]) {
    const auto& inputs = known_.program.steps[step].inputs;
    changed = variation_.rules.count(step) > 0 ||
              std::any_of(inputs.begin(), inputs.end(), [&](StepId i) { return is_changed(i); });
  }
  return changed_[step] = changed;
}

const Tensor& Rerun::value(StepId step) {
  const bool changed = is_changed(step);
  if (!changed) {
    if (!known_.values[step].values) {
      throw Error(ErrorCode::kInvalid, "this step comes later").at(known_.program.steps[step].id);
    }
    has_slack_ = has_slack_ || known_.values[step].slack != nullptr;
    if (!round_ || !known_.values[step].slack) return *known_.values[step].values;
  }
  const auto done = computed_.find(step);
  if (done != computed_.end()) return done->second;
  if (!changed) {
    return computed_.emplace(step, moved(known_.values[step], *round_, step)).first->second;
  }
  const auto rule = variation_.rules.find(step);
  Tensor result;
  if (rule != variation_.rules.end()) {
    result = rule->second([this](StepId other) -> const Tensor& { return value(other); });
  } else {
    const Step& operation = known_.program.steps[step];
    std::vector<const Tensor*> inputs;
    for (const StepId input : operation.inputs) inputs.push_back(&value(input));
    result = evaluate(operation, inputs);
  }
  return computed_.emplace(step, std::move(result)).first->second;
}

Tensor Rerun::run(std::optional<std::size_t> round) {
  round_ = round;
  computed_.clear();
  return value(target_);
}

}  // namespace attn_viz::check
