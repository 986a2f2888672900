#include "ops/terms.hpp"

namespace attn_viz {
namespace {

using Kind = Expression::Kind;

Expression of_two(Kind kind, Expression a, Expression b) {
  Expression whole;
  whole.kind = kind;
  whole.parts.reserve(2);
  whole.parts.push_back(std::move(a));
  whole.parts.push_back(std::move(b));
  return whole;
}

/// a ∘ b ∘ c is one node, not two.
Expression chain(Kind kind, Expression a, Expression b) {
  if (a.kind != kind) return of_two(kind, std::move(a), std::move(b));
  a.parts.push_back(std::move(b));
  return a;
}

Expression list(Kind kind, std::vector<Expression> parts) {
  if (parts.size() == 1) return std::move(parts[0]);
  Expression whole;
  if (parts.empty()) return whole;
  whole.kind = kind;
  whole.parts = std::move(parts);
  return whole;
}

}  // namespace

Expression operator+(Expression a, Expression b) {
  return chain(Kind::kSum, std::move(a), std::move(b));
}
Expression operator-(Expression a, Expression b) {
  return of_two(Kind::kDifference, std::move(a), std::move(b));
}
Expression operator-(Expression a) {
  return ops::terms::of_one(Kind::kNegative, std::move(a));
}
Expression operator*(Expression a, Expression b) {
  return chain(Kind::kProduct, std::move(a), std::move(b));
}
Expression operator/(Expression a, Expression b) {
  return of_two(Kind::kQuotient, std::move(a), std::move(b));
}

namespace ops::terms {

Expression number(double value, std::string name) {
  Expression constant;
  constant.number = value;
  constant.name = std::move(name);
  return constant;
}

Expression number(std::size_t value, std::string name) {
  return number(static_cast<double>(value), std::move(name));
}

Expression attribute(const Cell& cell, std::string_view name) {
  return number(cell.attributes.get<double>(name), std::string(name));
}

Expression in(std::size_t which, std::size_t position) {
  Expression reference;
  reference.kind = Kind::kInput;
  reference.index = which;
  reference.position = position;
  return reference;
}

Expression in(const Cell& cell, std::size_t which, std::size_t row, std::size_t column) {
  return in(which, row * cell.inputs[which]->columns() + column);
}

Expression own(std::size_t position) {
  Expression reference;
  reference.kind = Kind::kOwn;
  reference.position = position;
  return reference;
}

Expression sum(std::vector<Expression> parts) {
  return list(Kind::kSum, std::move(parts));
}
Expression maximum(std::vector<Expression> parts) {
  return list(Kind::kMaximum, std::move(parts));
}

Expression of_one(Kind kind, Expression part) {
  Expression whole;
  whole.kind = kind;
  whole.parts.push_back(std::move(part));
  return whole;
}

Expression power(Expression base, Expression exponent) {
  return of_two(Kind::kPower, std::move(base), std::move(exponent));
}
Expression square(Expression base) {
  return power(std::move(base), number(2.0));
}
Expression root(Expression part) {
  return of_one(Kind::kRoot, std::move(part));
}
Expression exponential(Expression part) {
  return of_one(Kind::kExp, std::move(part));
}
Expression absolute(Expression part) {
  return of_one(Kind::kAbsolute, std::move(part));
}

Expression row_times_row(const Cell& cell, std::size_t a, std::size_t i, std::size_t b,
                         std::size_t j) {
  std::vector<Expression> products;
  products.reserve(cell.inputs[a]->columns());
  for (std::size_t t = 0; t < cell.inputs[a]->columns(); ++t) {
    products.push_back(in(cell, a, i, t) * in(cell, b, j, t));
  }
  return sum(std::move(products));
}

Expression row_times_column(const Cell& cell, std::size_t a, std::size_t i, std::size_t b,
                            std::size_t j) {
  std::vector<Expression> products;
  products.reserve(cell.inputs[a]->columns());
  for (std::size_t t = 0; t < cell.inputs[a]->columns(); ++t) {
    products.push_back(in(cell, a, i, t) * in(cell, b, t, j));
  }
  return sum(std::move(products));
}

Expression squares(const Cell& cell, std::size_t a, std::size_t i) {
  std::vector<Expression> terms;
  for (std::size_t t = 0; t < cell.inputs[a]->columns(); ++t) {
    terms.push_back(square(in(cell, a, i, t)));
  }
  return sum(std::move(terms));
}

std::string indexed(const std::string& symbol, std::size_t index) {
  return symbol + "[" + std::to_string(index) + "]";
}

Expression softmax_share(Arithmetic& arithmetic, const std::vector<std::size_t>& keys,
                         const std::vector<Expression>& scores, std::size_t key,
                         const Expression* beside, const Expression* temperature) {
  std::vector<Expression> candidates = scores;
  if (beside != nullptr) candidates.push_back(*beside);
  const Expression most = arithmetic.define("m", maximum(std::move(candidates)));
  const auto exponent = [&](const Expression& score) {
    Expression less = score - most;
    return exponential(temperature == nullptr ? std::move(less) : std::move(less) / *temperature);
  };
  std::vector<Expression> shares;
  shares.reserve(keys.size() + 1);
  Expression share;
  for (std::size_t k = 0; k < keys.size(); ++k) {
    shares.push_back(arithmetic.define(indexed("e", keys[k]), exponent(scores[k])));
    if (keys[k] == key) share = shares.back();
  }
  if (beside != nullptr) shares.push_back(exponent(*beside));
  const Expression total = arithmetic.define("Σ", sum(std::move(shares)));
  arithmetic.remarks.push_back(Remark::kMaximumSubtracted);
  return share / total;
}

}  // namespace ops::terms
}  // namespace attn_viz
