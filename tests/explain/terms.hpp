// Whether the arithmetic of an operation's cells gives the operation's own values.
#pragma once

#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "attn_viz/ops/arithmetic.hpp"

namespace attn_viz::test {

inline bool near(double a, double b, double tolerance) {
  if (a == b) return true;
  return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

/// "" if the arithmetic of every step-th cell is right, else the first that is not.
inline std::string first_wrong_cell(const Operation& operation, Inputs inputs,
                                    const Attributes& attributes, const Tensor& values,
                                    std::size_t step = 1) {
  const double tolerance = values.dtype() == DType::kFloat64 ? 1e-9 : 1e-4;
  for (std::size_t position = 0; position < values.count(); position += step) {
    const Arithmetic terms = operation.terms({inputs, attributes, values, position});
    const std::vector<double> known = values_of_definitions(terms, inputs, values);
    const Numbers numbers{inputs, values, known};
    const auto wrong = [&](const std::string& what, double got) {
      return std::string(operation.name) + ", cell " + std::to_string(position) + ": " + what +
             " gives " + std::to_string(got) + ", expected " + std::to_string(values.at(position));
    };
    const double got = value_of(terms.result, numbers);
    if (!near(got, values.at(position), tolerance)) return wrong("the result", got);
    bool all = true;
    for (const auto& group : terms.conditions) {
      bool any = false;
      for (const Condition& condition : group) any = any || holds(condition, numbers);
      all = all && any;
    }
    const bool is_mask = &operation == find_operation("mask");
    if (all != (is_mask ? values.at(position) != 0 : true)) return wrong("a condition", all);
    for (const Condition& check : terms.checks) {
      const double left = value_of(check.left, numbers), right = value_of(check.right, numbers);
      if (!near(left, right, 10 * tolerance)) return wrong("a check", left);
    }
  }
  return "";
}

/// The names of the operations whose cells were looked at.
inline std::set<std::string>& covered() {
  static std::set<std::string> names;
  return names;
}

inline Tensor result(const Operation& operation, const std::vector<const Tensor*>& inputs,
                     const Attributes& attributes = {}) {
  return operation.evaluate(inputs, attributes).values;
}

/// An operation on its own.
inline std::string off(const Operation& operation, const std::vector<Tensor>& tensors,
                       const Attributes& attributes = {}) {
  std::vector<const Tensor*> inputs;
  for (const Tensor& tensor : tensors) inputs.push_back(&tensor);
  const Outcome outcome = operation.evaluate(inputs, attributes);
  covered().insert(std::string(operation.name));
  return first_wrong_cell(operation, inputs, attributes, outcome.values);
}

// ---- every operation, by groups in files of their own ----

void look_at_sequences();

}  // namespace attn_viz::test
