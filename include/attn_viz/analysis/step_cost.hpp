// What one step of a trace costs, from its operation and the shapes of its inputs.
#pragma once

#include <cstddef>
#include <string_view>

#include "attn_viz/analysis/count.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::analysis {

struct StepCost {
  /// Products that inner products sum: of a matrix product [n, c] · [c, d], n · c · d. One
  /// multiply–add is two floating-point operations.
  Count multiply_adds;
  /// Numbers that are worked on otherwise (softmax, activations, additions, means, masks): as many
  /// as are read from the first input or as are written, whichever is more. Recurrences, which sum
  /// products as well, have what they write: of each row h states, of a GRU 4 h (two gates,
  /// candidate, state). 0 of other steps that sum products and of steps that only copy.
  Count other;
  /// Parts that must wait for one another: the rows of a recurrence, the iterations of an inverse,
  /// else 1; 0 of given values.
  Count waits;
};

/// What the step costs as its operation is defined. Masked pairs cost as much as visible ones, and
/// taps beyond an edge as much as others: attn-viz computes whole matrices.
/// @throws Error  kInvalid if it has too few inputs or axes for its operation
StepCost cost_of(const Trace& trace, const Step& step);

/// How the multiply–adds of an operation are counted.
enum class CostRule { kGiven, kCopies, kOneByOne, kProducts };

/// @throws Error  kBug if the operation has no rule
CostRule cost_rule_of(std::string_view operation);

}  // namespace attn_viz::analysis
