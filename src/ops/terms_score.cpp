// Terms of products, scores and their adjustments.
#include <cmath>

#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

Arithmetic product_terms(const Cell& cell) {
  Expression y = row_times_column(cell, 0, cell.row(), 1, cell.column());
  if (cell.inputs.size() > 2) y = std::move(y) + in(2, cell.column());
  return {.result = std::move(y)};
}

Arithmetic concat_terms(const Cell& cell) {
  std::size_t part = 0, column = cell.column();
  while (column >= cell.inputs[part]->columns()) column -= cell.inputs[part++]->columns();
  return {.result = in(cell, part, cell.row(), column)};
}

Arithmetic dot_product_terms(const Cell& cell) {
  return {.result = row_times_row(cell, 0, cell.row(), 1, cell.column())};
}

Arithmetic additive_terms(const Cell& cell) {
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t t = 0; t < cell.inputs[4]->count(); ++t) {
    Expression inner = row_times_column(cell, 0, cell.row(), 2, t) +
                       row_times_column(cell, 1, cell.column(), 3, t);
    if (cell.inputs.size() > 5) inner = std::move(inner) + in(5, t);
    const Expression u = arithmetic.define(indexed("u", t), std::move(inner));
    products.push_back(in(4, t) * of_one(Expression::Kind::kTanh, u));
  }
  arithmetic.result = sum(std::move(products));
  return arithmetic;
}

Arithmetic cosine_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression q = arithmetic.define("‖q‖", root(squares(cell, 0, cell.row())));
  const Expression k = arithmetic.define("‖k‖", root(squares(cell, 1, cell.column())));
  const std::vector<double> lengths = values_of_definitions(arithmetic, cell.inputs, cell.values);
  if (lengths[0] == 0 || lengths[1] == 0) {
    arithmetic.conditions = {
        {{q, Relation::kEqual, number(0.0)}, {k, Relation::kEqual, number(0.0)}}};
    arithmetic.remarks.push_back(Remark::kZeroLength);
    return arithmetic;
  }
  arithmetic.result = row_times_row(cell, 0, cell.row(), 1, cell.column()) / (q * k);
  return arithmetic;
}

Arithmetic bilinear_terms(const Cell& cell) {
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t t = 0; t < cell.inputs[1]->columns(); ++t) {
    const Expression u =
        arithmetic.define(indexed("u", t), row_times_column(cell, 0, cell.row(), 2, t));
    products.push_back(u * in(cell, 1, cell.column(), t));
  }
  arithmetic.result = sum(std::move(products));
  return arithmetic;
}

Arithmetic gat_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const std::size_t of_query = cell.inputs[0]->columns();
  std::vector<Expression> products;
  for (std::size_t t = 0; t < of_query; ++t) {
    products.push_back(in(2, t) * in(cell, 0, cell.row(), t));
  }
  for (std::size_t t = 0; t < cell.inputs[1]->columns(); ++t) {
    products.push_back(in(2, of_query + t) * in(cell, 1, cell.column(), t));
  }
  const Expression e = arithmetic.define("e", sum(std::move(products)));
  const bool positive = values_of_definitions(arithmetic, cell.inputs, cell.values)[0] > 0;
  arithmetic.conditions = {{{e, positive ? Relation::kGreater : Relation::kAtMost, number(0.0)}}};
  arithmetic.result = positive ? e : attribute(cell, "slope") * e;
  return arithmetic;
}

/// A scale of 1/√d is shown as what it is.
Arithmetic scale_terms(const Cell& cell) {
  const double factor = cell.attributes.get<double>("scale");
  const double d = factor > 0 ? std::round(1 / (factor * factor)) : 0;
  if (d >= 2 && d <= 1e9 && 1 / std::sqrt(d) == factor) {
    return {.result = in(0, cell.position) / root(number(d))};
  }
  return {.result = attribute(cell, "scale") * in(0, cell.position)};
}

Arithmetic softcap_terms(const Cell& cell) {
  const Expression bound = attribute(cell, "cap");
  return {.result = bound * of_one(Expression::Kind::kTanh, in(0, cell.position) / bound)};
}

Arithmetic add_terms(const Cell& cell) {
  std::vector<Expression> parts;
  for (std::size_t k = 0; k < cell.inputs.size(); ++k) parts.push_back(in(k, cell.position));
  return {.result = sum(std::move(parts))};
}

}  // namespace attn_viz::ops
