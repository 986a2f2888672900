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

  /// A recorder for the ids below a name, at the same place: `record.below("input")`.
  Recorder below(std::string_view name) const;

  // Recorders for the ids below a name, whose steps stand at a place of their own.
  Recorder side(Place::Side side) const;    ///< "encoder" or "decoder"
  Recorder layer(std::size_t layer) const;  ///< "layer0"
  Recorder cross() const;                   ///< "cross": the layer's attention to its context
  Recorder head(std::size_t head) const;    ///< "head0"
  Recorder branch(std::string_view name) const;
  Recorder pass(std::string_view name, std::size_t number) const;  ///< "step0"

  /// The same ids, at another place: `record.at([](Place& place) { place.branch = "1"; })`.
  template <class Move>
  Recorder at(Move move) const {
    Recorder moved = *this;
    move(moved.place_);
    return moved;
  }

  /// The name that the ids begin with: "layer0/head1".
  std::string_view prefix() const {
    return std::string_view(prefix_).substr(0, prefix_.empty() ? 0 : prefix_.size() - 1);
  }

  /// The values of an earlier step.
  const Tensor& values(StepId step) const { return trace_->steps[step].values; }

  /// Writes down values that are given; an input may be a known step of somebody else's work.
  StepId input(std::string_view name, std::string symbol, Tensor values, Role role = Role::kInput);
  StepId parameter(std::string_view name, std::string symbol, Tensor values);

  /// Runs an operation on earlier steps and writes it down with its equation.
  /// @throws Error kInvalid, placed at the step's id, if the operation refuses its inputs or a
  ///         value overflows: nothing that is not finite gets into a trace, but −∞ for a masked
  ///         score.
  StepId step(Role role, std::string_view name, std::string symbol, const Operation& operation,
              std::vector<StepId> inputs, Attributes attributes = {});

 private:
  StepId give(Role role, const Operation& operation, std::string_view name, std::string symbol,
              Tensor values);
  std::string full_id(std::string_view name) const { return prefix_ + std::string(name); }

  Trace* trace_;
  std::string prefix_ = {};
  Place place_ = {};
};

}  // namespace attn_viz
