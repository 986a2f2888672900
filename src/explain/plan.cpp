#include "explain/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "attn_viz/core/error.hpp"

namespace attn_viz::explain {
namespace {

/// More cells of a step than this are shown by the first three and the last.
constexpr std::size_t kFewCells = 12;

using Positions = std::set<std::size_t>;

/// Calls see(input, position) for each cell of an input that an expression reads.
template <class See>
void each_input(const Expression& expression, const See& see) {
  if (expression.kind == Expression::Kind::kInput) see(expression.index, expression.position);
  for (const Expression& part : expression.parts) each_input(part, see);
}

template <class See>
void each_input(const Arithmetic& arithmetic, const See& see) {
  each_input(arithmetic.result, see);
  for (const Definition& definition : arithmetic.definitions) each_input(definition.value, see);
  for (const auto& group : arithmetic.conditions) {
    for (const Condition& condition : group) {
      each_input(condition.left, see);
      each_input(condition.right, see);
    }
  }
}

/// Keeps the cells of the key that is asked about where a step reads those of all keys.
Positions about_key(Positions cells, const Tensor& tensor, const Axis& keys, std::size_t key) {
  if (tensor.rank() != 2 || tensor.columns() == 0) return cells;
  const std::size_t m = tensor.columns();
  const auto keep = [&](bool along_columns) {
    const auto place = [&](std::size_t p) { return along_columns ? p % m : p / m; };
    const bool several = std::any_of(cells.begin(), cells.end(), [&](std::size_t p) {
      return place(p) != place(*cells.begin());
    });
    if (!several) return;
    std::erase_if(cells, [&](std::size_t p) { return place(p) != key; });
  };
  if (tensor.axes()[1] == keys) keep(true);
  if (tensor.axes()[0] == keys) keep(false);
  return cells;
}

class Planner {
 public:
  Planner(const Trace& trace, StepId weights, bool all_cells)
      : trace_(&trace), name_(parse_step_id(trace.steps[weights].id)), all_cells_(all_cells) {}

  /// Of this layer and this head, or of the input: followed further back.
  bool is_near(StepId step) const {
    const StepName name = parse_step_id(trace_->steps[step].id);
    if (!name.layer) return name.encoder == name_.encoder || !name.encoder;
    return name.layer == name_.layer && name.encoder == name_.encoder &&
           name.cross == name_.cross && (!name.head || name.head == name_.head);
  }

  void need_row(StepId step, std::size_t row) {
    const std::size_t columns = trace_->steps[step].values.columns();
    for (std::size_t j = 0; j < columns; ++j) needed_[step].insert(row * columns + j);
  }
  void need(StepId step, std::size_t position) { needed_[step].insert(position); }

  /// What the row of weights is used for, up to the output of the attention.
  void need_outputs(StepId weights, std::size_t query) {
    const std::size_t n = trace_->steps[weights].values.rows();
    std::set<StepId> follow{weights};
    bool used = false;
    for (StepId step = weights + 1; step < trace_->steps.size(); ++step) {
      const Step& next = trace_->steps[step];
      const StepName name = parse_step_id(next.id);
      const bool reads = std::any_of(next.inputs.begin(), next.inputs.end(),
                                     [&](StepId input) { return follow.count(input) > 0; });
      const bool output = !used && name.step == "output" && name.head == name_.head && name.head;
      if ((!reads && !output) || !is_near(step)) continue;
      if (next.values.rank() != 2 || next.values.rows() != n) continue;
      follow.insert(step);
      used = used || name.step == "output";
      need_row(step, query);
      if (name.step == "attention_output") break;
    }
  }

  std::vector<Part> parts(const std::optional<Axis>& keys, std::optional<std::size_t> key) {
    std::vector<Part> parts;
    while (!needed_.empty()) {
      const StepId step = needed_.rbegin()->first;
      const Positions cells = needed_.rbegin()->second;
      needed_.erase(step);
      Part part{step, {cells.begin(), cells.end()}, 0, !is_near(step)};
      const Operation* operation = find_operation(trace_->steps[step].op);
      part.quoted = part.quoted || operation == nullptr || operation->terms == nullptr;
      if (!part.quoted) {
        leave_out(part);
        need_inputs(part, keys, key);
      }
      parts.push_back(std::move(part));
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
  }

 private:
  void leave_out(Part& part) const {
    const std::size_t count = part.cells.size();
    if (all_cells_ || count <= kFewCells) return;
    part.left_out = count - 4;
    part.cells = {part.cells[0], part.cells[1], part.cells[2], part.cells.back()};
  }

  void need_inputs(const Part& part, const std::optional<Axis>& keys,
                   std::optional<std::size_t> key) {
    const Evaluated step(*trace_, part.step);
    for (const std::size_t position : part.cells) {
      std::map<std::size_t, Positions> read;
      each_input(step.terms(position),
                 [&](std::size_t input, std::size_t cell) { read[input].insert(cell); });
      for (auto& [input, cells] : read) {
        const StepId source = step.step().inputs[input];
        if (keys && key) cells = about_key(cells, trace_->steps[source].values, *keys, *key);
        needed_[source].insert(cells.begin(), cells.end());
      }
    }
  }

  const Trace* trace_;
  StepName name_;
  bool all_cells_;
  std::map<StepId, Positions> needed_;
};

/// @throws Error kInvalid if the step is computed, but nobody wrote down how its cells come about.
void expect_terms(const Step& step) {
  const Operation* operation = find_operation(step.op);
  if (operation == nullptr || operation->equation == nullptr || operation->terms != nullptr) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("the operation \"{}\" cannot be explained cell by cell", step.op))
      .at(step.id);
}

}  // namespace

Evaluated::Evaluated(const Trace& trace, StepId step)
    : step_(&trace.steps[step]), operation_(find_operation(step_->op)) {
  if (operation_ == nullptr) {
    throw Error(ErrorCode::kInvalid, fmt::format("there is no operation \"{}\"", step_->op))
        .at(step_->id);
  }
  if (is_given()) return;
  for (const StepId input : step_->inputs) inputs_.push_back(&trace.steps[input].values);
  try {
    outcome_ = operation_->evaluate(inputs_, step_->attributes);
  } catch (Error& error) {
    throw error.at(step_->id);
  }
  if (outcome_.values.shape() == step_->values.shape()) return;
  throw Error(ErrorCode::kInvalid,
              fmt::format("the values have shape {}, but the inputs give {}",
                          shape_text(step_->values.shape()), shape_text(outcome_.values.shape())))
      .at(step_->id);
}

Arithmetic Evaluated::terms(std::size_t position) const {
  return operation_->terms({inputs_, step_->attributes, outcome_.values, position});
}

Plan plan_weight(const Trace& trace, StepId weights, std::size_t query,
                 std::optional<std::size_t> key, bool all_cells) {
  expect_terms(trace.steps[weights]);
  const Tensor& values = trace.steps[weights].values;
  Planner planner(trace, weights, all_cells);
  if (key) {
    planner.need(weights, query * values.columns() + *key);
  } else {
    planner.need_row(weights, query);
  }
  planner.need_outputs(weights, query);
  return {planner.parts(values.axes()[1], key), weights, query, key};
}

Plan plan_cell(const Trace& trace, StepId step, std::size_t position) {
  expect_terms(trace.steps[step]);
  const Evaluated evaluated(trace, step);
  Plan plan;
  std::map<StepId, Positions> read;
  if (!evaluated.is_given()) {
    each_input(evaluated.terms(position), [&](std::size_t input, std::size_t cell) {
      read[evaluated.step().inputs[input]].insert(cell);
    });
  }
  for (const auto& [source, cells] : read) {
    plan.parts.push_back({source, {cells.begin(), cells.end()}, 0, true});
  }
  plan.parts.push_back({step, {position}, 0, evaluated.is_given()});
  return plan;
}

}  // namespace attn_viz::explain
