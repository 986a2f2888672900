#include "attn_viz/ops/arithmetic.hpp"

#include <algorithm>
#include <cmath>

namespace attn_viz {

Expression Arithmetic::define(std::string symbol, Expression value) {
  definitions.push_back({std::move(symbol), std::move(value)});
  Expression reference;
  reference.kind = Expression::Kind::kDefined;
  reference.index = definitions.size() - 1;
  return reference;
}

double value_of(const Expression& expression, const Numbers& numbers) {
  using Kind = Expression::Kind;
  const auto part = [&](std::size_t i) { return value_of(expression.parts.at(i), numbers); };
  double total = 0;
  switch (expression.kind) {
    case Kind::kNumber:
      return expression.number;
    case Kind::kInput:
      return numbers.inputs[expression.index]->at(expression.position);
    case Kind::kOwn:
      return numbers.values.at(expression.position);
    case Kind::kDefined:
      return numbers.definitions[expression.index];
    case Kind::kSum:
      for (const Expression& each : expression.parts) total += value_of(each, numbers);
      return total;
    case Kind::kProduct:
      total = 1;
      for (const Expression& each : expression.parts) total *= value_of(each, numbers);
      return total;
    case Kind::kMaximum:
      total = part(0);
      for (const Expression& each : expression.parts) {
        total = std::max(total, value_of(each, numbers));
      }
      return total;
    case Kind::kDifference:
      return part(0) - part(1);
    case Kind::kQuotient:
      return part(0) / part(1);
    case Kind::kPower:
      return std::pow(part(0), part(1));
    case Kind::kRemainder:
      return std::fmod(part(0), part(1));
    case Kind::kNegative:
      return 0 - part(0);
    case Kind::kRoot:
      return std::sqrt(part(0));
    case Kind::kAbsolute:
      return std::abs(part(0));
    case Kind::kExp:
      return std::exp(part(0));
    case Kind::kLog:
      return std::log(part(0));
    case Kind::kSin:
      return std::sin(part(0));
    case Kind::kCos:
      return std::cos(part(0));
    case Kind::kTanh:
      return std::tanh(part(0));
    case Kind::kErfc:
      return std::erfc(part(0));
  }
  return total;
}

std::vector<double> values_of_definitions(const Arithmetic& arithmetic, Inputs inputs,
                                          const Tensor& values) {
  std::vector<double> known;
  known.reserve(arithmetic.definitions.size());
  for (const Definition& definition : arithmetic.definitions) {
    known.push_back(value_of(definition.value, {inputs, values, known}));
  }
  return known;
}

bool holds(const Condition& condition, const Numbers& numbers) {
  const double left = value_of(condition.left, numbers), right = value_of(condition.right, numbers);
  switch (condition.relation) {
    case Relation::kEqual:
      return left == right;
    case Relation::kUnequal:
      return left != right;
    case Relation::kLess:
      return left < right;
    case Relation::kAtMost:
      return left <= right;
    case Relation::kGreater:
      return left > right;
    case Relation::kAtLeast:
      return left >= right;
  }
  return false;
}

}  // namespace attn_viz
