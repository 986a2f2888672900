// Which steps of a trace somebody means: by name or pattern, by layer, by head.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// What is asked for, in the words of a command line.
struct StepQuery {
  /// A whole id ("layer0/head1/weights"); the name of a step in all layers and heads ("weights",
  /// "feed_forward/hidden", or its last part "hidden"), also of one kind ("cross/weights",
  /// "encoder/weights"); or a pattern with *, ? and [abc] that ids or names keep ("layer0/*").
  std::string step = "weights";
  /// Numbers and ranges: "0", "0-2", "0,2-3". Absent: all, and what belongs to no layer or head.
  std::optional<std::string> layer = {}, head = {};
};

/// The steps that are asked for, in the order of the trace; at least one.
/// @throws Error kUsage  if `layer` or `head` is no list of numbers and ranges, placed at "--layer"
/// …
///         Error kInvalid  if there is no such step, layer or head: what there is, and the nearest
///                         name as a hint. A range need not be full, but both of its ends must be.
/// Example: select_steps(trace, {.step = "scores", .head = "0-1"})
std::vector<const Step*> select_steps(const Trace& trace, const StepQuery& query);

}  // namespace attn_viz
