// A program with some steps computed otherwise, run again up to one step.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "check/evaluate.hpp"

namespace attn_viz::check {

/// The value of a step in the varied program.
using Lookup = std::function<const Tensor&(StepId)>;
/// How a step is computed instead.
using Rule = std::function<Tensor(const Lookup&)>;

/// A mistake: the steps at which it is made, and what happens there.
struct Variation {
  std::string name;      ///< "missing-scale"
  std::string sentence;  ///< what was done and what should have been
  std::map<StepId, Rule> rules = {};
};

/// What is known when a step is judged.
struct Known {
  const Trace& program;
  const std::vector<Value>& values;  ///< of the steps before it: as given, else computed from these
  const std::vector<bool>& given;    ///< by StepId
};

/// Runs a variation up to a step.
class Rerun {
 public:
  /// @param through_given  whether a given step that the mistake would have changed is computed
  ///                       again, too; otherwise it stands as given
  Rerun(const Known& known, const Variation& variation, StepId target, bool through_given)
      : known_(known), variation_(variation), target_(target), through_given_(through_given) {}

  /// Whether the mistake changes how the target is computed.
  bool changes_target() { return is_changed(target_); }
  /// Whether what the changed steps were computed from may be off.
  bool has_slack() const { return has_slack_; }

  /// The value of the target; with a round, its other inputs are moved (evaluate.hpp).
  /// @throws Error if a step refuses its inputs
  Tensor run(std::optional<std::size_t> round = {});

 private:
  bool is_changed(StepId step);
  const Tensor& value(StepId step);

  const Known& known_;
  const Variation& variation_;
  StepId target_;
  bool through_given_;
  std::map<StepId, bool> changed_ = {};
  std::map<StepId, Tensor> computed_ = {};
  std::optional<std::size_t> round_ = {};
  bool has_slack_ = false;
};

}  // namespace attn_viz::check
