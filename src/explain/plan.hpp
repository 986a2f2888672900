// What an explanation has to say, before it is said in any language: which cells of which steps.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "attn_viz/explain/explain.hpp"
#include "attn_viz/ops/arithmetic.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::explain {

/// A step with its operation evaluated again, so that all shapes are known to fit.
class Evaluated {
 public:
  /// @throws Error kInvalid, placed at the step, if that cannot be done.
  Evaluated(const Trace& trace, StepId step);

  const Step& step() const { return *step_; }
  const Operation& operation() const { return *operation_; }
  bool is_given() const { return operation_->terms == nullptr; }
  /// What the inputs give, which may not be what the trace says.
  const Tensor& values() const { return is_given() ? step_->values : outcome_.values; }
  Inputs inputs() const { return inputs_; }
  Arithmetic terms(std::size_t position) const;

 private:
  const Step* step_;
  const Operation* operation_;
  std::vector<const Tensor*> inputs_;
  Outcome outcome_;
};

/// A step to be explained, and the cells of it.
struct Part {
  StepId step;
  std::vector<std::size_t> cells;  ///< row-major positions, ascending
  std::size_t left_out = 0;        ///< cells that are computed alike and not shown
  /// Only quoted: given values, or a step that belongs to another layer or head.
  bool quoted = false;
};

struct Plan {
  std::vector<Part> parts;  ///< in the order of the trace
  std::optional<StepId> weights = {};
  std::size_t query = 0;
  std::optional<std::size_t> key = {};
};

/// The graph behind a weight (a row of weights), and what becomes of it in the query's output.
Plan plan_weight(const Trace& trace, StepId weights, std::size_t query,
                 std::optional<std::size_t> key, bool all_cells);

Plan plan_cell(const Trace& trace, StepId step, std::size_t position);

/// The step of the weights that a question is about.
StepId find_weights(const Trace& trace, const Question& question);

/// A token by its index or its label. @throws Error kInvalid; `option` is "--query".
std::size_t find_token(const Trace& trace, const Axis& axis, const std::string& wanted,
                       const char* option);

/// A row of a step of weights, and what it is called.
struct Row {
  std::size_t index = 0;  ///< in the step
  Axis axis = {};         ///< that names it: of the whole where the step is one of its parts
  std::size_t place = 0;  ///< on that axis
};

/// The row of the weights that a question is about. Where they are stacked to a whole, as those of
/// the steps of a decoder are, the whole knows what its rows are. @throws Error kInvalid
Row find_row(const Trace& trace, StepId weights, const std::string& wanted);

/// The step of an id. @throws Error kInvalid with the nearest id.
StepId find_step(const Trace& trace, std::string_view id);

}  // namespace attn_viz::explain
