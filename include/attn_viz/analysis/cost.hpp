// What a trace costs: parameters, multiply–adds, memory, what must wait for what, and how far its
// layers carry a signal.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/analysis/count.hpp"
#include "attn_viz/analysis/paths.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::analysis {

/// All steps of one name and operation, over layers and heads.
struct KindCost {
  std::string name;       ///< "scores"; of an encoder "encoder/scores"
  std::string operation;  ///< "dot-product"
  std::size_t steps = 0;
  Count multiply_adds = {}, other = {};  ///< as StepCost has them
  Count bytes = {};                      ///< of the results
};

/// A layer that joins positions: attention, a convolution, a recurrence.
struct JoiningLayer {
  std::string name;  ///< "layer0", "encoder/layer1", "layer0/cross", "recurrence/forward"
  std::string kind;  ///< "attention", "convolution" or "recurrence"
  std::size_t outputs = 0, inputs = 0;  ///< n queries and m keys; positions of the others

  // Of attention alone:
  std::size_t heads = 0;
  Count weights = {};  ///< H · n · m numbers
  Count visible = {};  ///< pairs that no mask hides, over all heads
  /// Whether the result needs the weights; not where they are only shown beside a cheaper way.
  bool needed = true;
  /// n · m · H · (d_k + d_v) for dot products; absent where scores or outputs come otherwise.
  std::optional<Count> scores_and_values = {};
  /// The share of these that visible pairs need.
  std::optional<Count> visible_scores_and_values = {};

  /// Layers like this one (of a recurrence: cells) that a signal passes between two positions, at
  /// most; absent if `why_no_path` says why.
  std::optional<std::size_t> longest_path = {};
  std::size_t never = 0;  ///< pairs of an output and another position that it never depends on
  std::string why_no_path = {};
  /// The least and the most inputs that an output depends on after this layer and those below it.
  std::optional<std::pair<std::size_t, std::size_t>> receptive_field = {};
};

/// A step counts if the last step, the result, depends on it; the exact weights beside an
/// approximation do not. What repeats another step (the same operation on the same inputs) counts
/// once: heads of a group share their keys and values.
struct TraceCost {
  std::string title, mechanism;
  Count parameters;  ///< numbers in steps of parameters; shared ones once
  Count multiply_adds, other, bytes;
  std::vector<KindCost> kinds;  ///< in the order of the computation, without mere copies
  /// The longest chain of computed steps, each of which reads the one before it; a recurrence
  /// counts once for each row.
  Count sequential;
  Count trace_bytes;  ///< of all steps, also those that do not count
  std::vector<JoiningLayer> layers;
  std::vector<std::string> notes;
};

TraceCost cost_of(const Trace& trace);

/// The layers of a trace that join positions, with their paths.
/// @param needed  for each step whether the result depends on it
std::vector<JoiningLayer> joining_layers(const Trace& trace, const std::vector<bool>& needed);

}  // namespace attn_viz::analysis
