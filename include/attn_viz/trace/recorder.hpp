// The recorder: runs operations and writes each one down as a step.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Appends steps to a trace, all ids under one prefix.
class Recorder {
 public:
  explicit Recorder(Trace& trace) : trace_(&trace) {}

  /// A recorder for the ids below a name: `record.below("layer0").below("head1")`.
  Recorder below(std::string_view name) const;

  /// The name that the ids begin with: "layer0/head1".
  std::string_view prefix() const {
    return std::string_view(prefix_).substr(0, prefix_.empty() ? 0 : prefix_.size() - 1);
  }

  /// The values of an earlier step.
  const Tensor& values(StepId step) const { return trace_->steps[step].values; }

  /// Writes down values that are given.
  StepId input(std::string_view name, std::string symbol, Tensor values);
  StepId parameter(std::string_view name, std::string symbol, Tensor values);

  /// Runs an operation on earlier steps and writes it down with its equation.
  /// @throws Error kInvalid, placed at the step's id, if the operation refuses its inputs or a
  ///         value overflows: nothing that is not finite gets into a trace, but −∞ for a masked
  ///         score.
  StepId step(std::string_view name, std::string symbol, const Operation& operation,
              std::vector<StepId> inputs, Attributes attributes = {});

 private:
  StepId give(const Operation& operation, std::string_view name, std::string symbol, Tensor values);
  std::string full_id(std::string_view name) const { return prefix_ + std::string(name); }

  Trace* trace_;
  std::string prefix_ = {};
};

}  // namespace attn_viz
