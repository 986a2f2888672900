// What the lists of mistakes share.
#pragma once

#include <string_view>
#include <vector>

#include "check/variation.hpp"

namespace attn_viz::check {

/// Collects variations over the steps that are before a target.
class Mistakes {
 public:
  Mistakes(const Known& of, StepId at, const std::vector<StepId>& before)
      : known(of), target(at), steps(before) {}

  const Step& step(StepId id) const { return known.program.steps[id]; }
  /// The last part of a step's id, "scaled_scores_1".
  std::string_view name(StepId id) const { return parse_step_id(step(id).id).step; }
  bool is(StepId id, const Operation& operation) const { return step(id).op == operation.name; }

  /// A variation that `rule_of(step)` makes of the steps for which it is not null.
  template <class RuleOf>
  void add(std::string_view mistake, std::string sentence, RuleOf rule_of) {
    Variation variation{std::string(mistake), std::move(sentence), {}};
    for (const StepId id : steps) {
      if (Rule rule = rule_of(id)) variation.rules.emplace(id, std::move(rule));
    }
    if (!variation.rules.empty()) found.push_back(std::move(variation));
  }

  /// The step computed from what it reads, in the varied program.
  Tensor evaluate(StepId id, const Lookup& lookup, const Attributes& attributes) const;
  Tensor evaluate(StepId id, const Lookup& lookup) const {
    return evaluate(id, lookup, step(id).attributes);
  }
  /// Likewise from other tensors.
  Tensor evaluate(StepId id, const std::vector<const Tensor*>& inputs) const {
    return attn_viz::evaluate(step(id), inputs);
  }

  const Known& known;
  StepId target;
  const std::vector<StepId>& steps;
  std::vector<Variation> found = {};
};

/// [m, n] of [n, m].
Tensor transposed(const Tensor& matrix);

// The lists, by what the mistakes are about.
void add_scale_mistakes(Mistakes& mistakes);
void add_weight_mistakes(Mistakes& mistakes);
void add_mask_mistakes(Mistakes& mistakes);
void add_exchange_mistakes(Mistakes& mistakes);
void add_head_mistakes(Mistakes& mistakes);
void add_position_mistakes(Mistakes& mistakes);
void add_rounding_mistakes(Mistakes& mistakes, int decimals);

}  // namespace attn_viz::check
