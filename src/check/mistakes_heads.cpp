// Known mistakes with heads, matrices and positions.
#include <fmt/format.h>

#include <map>

#include "check/mistakes.hpp"

namespace attn_viz::check {
namespace {

// ---- heads ----

/// The projections of one name in all heads of a layer, by head: the steps "layer0/head*/query".
using Siblings = std::vector<StepId>;

std::map<std::string, Siblings> projections_of(const Mistakes& mistakes) {
  std::map<std::string, Siblings> groups;
  const auto& steps = mistakes.known.program.steps;
  for (StepId id = 0; id < steps.size() && id <= mistakes.target; ++id) {
    const StepName name = parse_step_id(steps[id].id);
    if (steps[id].op != ops::linear.name || !name.head) continue;
    if (name.step != "query" && name.step != "key" && name.step != "value") continue;
    const std::string prefix = steps[id].id.substr(0, steps[id].id.find("head"));
    groups[prefix + std::string(name.step)].push_back(id);
  }
  // The heads after the target belong to the same matrix.
  for (StepId id = mistakes.target + 1; id < steps.size(); ++id) {
    const StepName name = parse_step_id(steps[id].id);
    if (steps[id].op != ops::linear.name || !name.head) continue;
    const auto group =
        groups.find(steps[id].id.substr(0, steps[id].id.find("head")) + std::string(name.step));
    if (group != groups.end()) group->second.push_back(id);
  }
  return groups;
}

/// Parameters of all heads (matrices or biases), side by side.
Tensor fused(const std::vector<const Tensor*>& parts) {
  const std::size_t rows = parts[0]->rows(), width = parts[0]->columns();
  Tensor whole(DType::kFloat64, {Axis{rows}, Axis{width * parts.size()}});
  auto to = whole.values<double>().begin();
  for (std::size_t row = 0; row < rows; ++row) {
    for (const Tensor* part : parts) {
      to = std::copy_n(part->values<double>().begin() + static_cast<std::ptrdiff_t>(row * width),
                       width, to);
    }
  }
  return whole;
}

/// Every h-th column from the i-th on.
Tensor every_column(const Tensor& whole, std::size_t i, std::size_t h) {
  const std::size_t width = whole.columns() / h;
  Tensor part(DType::kFloat64, {Axis{whole.rows()}, Axis{width}});
  for (std::size_t row = 0; row < whole.rows(); ++row) {
    for (std::size_t t = 0; t < width; ++t) {
      part.values<double>()[row * width + t] =
          whole.values<double>()[row * whole.columns() + t * h + i];
    }
  }
  return part;
}

using Cut = std::function<Tensor(const Tensor& whole, std::size_t head, std::size_t heads)>;

/// Rules that project with other columns of the matrix of all heads.
std::map<StepId, Rule> project_otherwise(const Mistakes& mistakes, std::size_t fewest_heads,
                                         const Cut& cut, bool transpose) {
  std::map<StepId, Rule> rules;
  for (const auto& [name, group] : projections_of(mistakes)) {
    const std::size_t h = group.size();
    const Tensor& first = mistakes.step(mistakes.step(group[0]).inputs[1]).values;
    bool alike = h >= fewest_heads && (!transpose || first.rows() == first.columns() * h);
    for (const StepId id : group) {
      const auto& inputs = mistakes.step(id).inputs;
      alike = alike && inputs.size() == mistakes.step(group[0]).inputs.size() &&
              mistakes.step(inputs[1]).values.axes() == first.axes();
      // Heads that share a key have no columns of their own in the matrix.
      if (id != group[0]) {
        alike = alike && !mistakes.step(inputs[1]).values.same_bits(first);
      }
    }
    if (!alike) continue;
    for (std::size_t head = 0; head < h; ++head) {
      const StepId id = group[head];
      rules.emplace(id, [=, &mistakes, group = group](const Lookup& lookup) {
        const auto whole = [&](std::size_t input) {
          std::vector<const Tensor*> parts;
          for (const StepId other : group) {
            parts.push_back(&lookup(mistakes.step(other).inputs[input]));
          }
          return fused(parts);
        };
        const auto& inputs = mistakes.step(id).inputs;
        const Tensor w = cut(transpose ? transposed(whole(1)) : whole(1), head, h);
        if (inputs.size() < 3) return mistakes.evaluate(id, {&lookup(inputs[0]), &w});
        const Tensor b = transpose ? lookup(inputs[2]) : cut(whole(2), head, h);
        return mistakes.evaluate(id, {&lookup(inputs[0]), &w, &b});
      });
    }
  }
  return rules;
}

Rule interleave_outputs(const Mistakes& mistakes, StepId id) {
  return [=, &mistakes](const Lookup& lookup) {
    Tensor concat = mistakes.evaluate(id, lookup);
    const Tensor blocks = concat;
    const std::size_t h = mistakes.step(id).inputs.size(), columns = concat.columns(),
                      width = columns / h;
    for (std::size_t row = 0; row < concat.rows(); ++row) {
      for (std::size_t c = 0; c < columns; ++c) {
        concat.values<double>()[row * columns + c % width * h + c / width] =
            blocks.values<double>()[row * columns + c];
      }
    }
    return concat;
  };
}

}  // namespace

void add_head_mistakes(Mistakes& mistakes) {
  const auto every = [](const Tensor& whole, std::size_t head, std::size_t h) {
    return every_column(whole, head, h);
  };
  const auto block = [](const Tensor& whole, std::size_t head, std::size_t h) {
    return whole.slice_columns(head * (whole.columns() / h), whole.columns() / h);
  };
  const std::string sentence =
      "a head got every h-th column of the matrices; it should get a block of columns side by "
      "side";
  const auto concat = [&](StepId id) -> Rule {
    if (!mistakes.is(id, ops::concat) || mistakes.step(id).inputs.size() < 2) return {};
    return interleave_outputs(mistakes, id);
  };
  const auto rules = project_otherwise(mistakes, 2, every, false);
  if (!rules.empty()) {
    mistakes.found.push_back({"heads-interleaved", sentence, rules});
    mistakes.add("heads-interleaved", sentence, concat);
    Variation& both = mistakes.found.back();
    if (both.name == "heads-interleaved") both.rules.insert(rules.begin(), rules.end());
  }
  mistakes.add("heads-interleaved",
               "the columns of the heads were put together in turn; they should be blocks side by "
               "side",
               concat);

  auto turned = project_otherwise(mistakes, 1, block, true);
  if (!turned.empty()) {
    mistakes.found.push_back({"transposed-weights",
                              "the matrices were transposed: X Wᵀ instead of X W",
                              std::move(turned)});
  }
  mistakes.add("transposed-weights", "the matrix was transposed: X Wᵀ instead of X W",
               [&](StepId id) -> Rule {
                 const auto& inputs = mistakes.step(id).inputs;
                 if (!mistakes.is(id, ops::linear) || parse_step_id(mistakes.step(id).id).head) {
                   return {};
                 }
                 return [=, &mistakes](const Lookup& lookup) {
                   std::vector<const Tensor*> read;
                   for (const StepId input : inputs) read.push_back(&lookup(input));
                   const Tensor w = transposed(*read[1]);
                   read[1] = &w;
                   return mistakes.evaluate(id, read);
                 };
               });
  mistakes.add("missing-output-projection",
               "the heads side by side were taken for the output; W_O was not applied",
               [&](StepId id) -> Rule {
                 if (mistakes.name(id) != "attention_output") return {};
                 return [=, &mistakes](const Lookup& lookup) {
                   return lookup(mistakes.step(id).inputs[0]);
                 };
               });
}

// ---- positions ----

namespace {

/// Where positions come in. `times`: how often instead of once, 0 or 2.
Rule position_rule(const Mistakes& mistakes, StepId id, int times) {
  const Step& step = mistakes.step(id);
  const auto& inputs = step.inputs;
  if (step.op == ops::rotate.name) {
    return [=, &mistakes, &inputs](const Lookup& lookup) {
      if (times == 0) return lookup(inputs[0]);
      const Tensor once = mistakes.evaluate(id, lookup);
      return mistakes.evaluate(id, {&once});
    };
  }
  if (step.op == ops::add.name) {
    const auto is_position = [&](StepId input) {
      const std::string_view name = mistakes.name(input);
      return name == "position_bias" || name == "input/positions" ||
             name == "input/context_positions" || name == "positions" || name == "key_positions";
    };
    std::vector<StepId> summands;
    bool found = false;
    for (const StepId input : inputs) {
      const bool position = is_position(input);
      found = found || position;
      for (int i = 0; i < (position ? times : 1); ++i) summands.push_back(input);
    }
    if (!found) return {};
    return [=, &mistakes](const Lookup& lookup) {
      if (summands.size() == 1) return lookup(summands[0]);
      std::vector<const Tensor*> tensors;
      for (const StepId summand : summands) tensors.push_back(&lookup(summand));
      return mistakes.evaluate(id, tensors);
    };
  }
  const bool keys = step.op == ops::relative_dot_product.name;
  if (!keys && step.op != ops::relative_matmul.name) return {};
  return [=, &mistakes, &inputs](const Lookup& lookup) {
    const Tensor* read[] = {&lookup(inputs[0]), &lookup(inputs[1])};
    Tensor without = (keys ? ops::dot_product : ops::matmul).evaluate(Inputs(read, 2), {}).values;
    if (times == 0) return without;
    const Tensor once = mistakes.evaluate(id, lookup);
    for (std::size_t i = 0; i < without.count(); ++i) {
      double& x = without.values<double>()[i];
      x = 2 * once.values<double>()[i] - x;
    }
    return without;
  };
}

}  // namespace

void add_position_mistakes(Mistakes& mistakes) {
  mistakes.add("position-missing", "the positions were left out",
               [&](StepId id) { return position_rule(mistakes, id, 0); });
  mistakes.add("position-twice", "the positions were applied twice",
               [&](StepId id) { return position_rule(mistakes, id, 2); });
}

}  // namespace attn_viz::check
