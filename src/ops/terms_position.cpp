// Terms of positions: encodings, rotations, relative tables.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

Expression sine(Expression angle) {
  return of_one(Expression::Kind::kSin, std::move(angle));
}
Expression cosine_of(Expression angle) {
  return of_one(Expression::Kind::kCos, std::move(angle));
}

/// Column c of the waves of a position, of `size` columns: sin or cos of position · ω.
Expression wave(Arithmetic& arithmetic, const Cell& cell, Expression position, std::size_t c,
                std::size_t size) {
  const Expression t = number(c / 2, "t");
  const Expression exponent = number(2.0) * t / number(size);
  const Expression omega =
      arithmetic.define("ω", number(1.0) / power(attribute(cell, "base"), exponent));
  Expression angle = std::move(position) * omega;
  return c % 2 == 0 ? sine(std::move(angle)) : cosine_of(std::move(angle));
}

/// How far key j is from query i, cut at the reach of the table, as a row of the table.
std::size_t table_row(std::size_t i, std::size_t j, std::size_t rows) {
  const std::size_t reach = rows / 2;
  return j < i ? reach - std::min(reach, i - j) : reach + std::min(reach, j - i);
}

}  // namespace

Arithmetic sinusoidal_terms(const Cell& cell) {
  Arithmetic arithmetic;
  arithmetic.result =
      wave(arithmetic, cell, number(cell.row(), "i"), cell.column(), cell.values.columns());
  return arithmetic;
}

Arithmetic sinusoidal_2d_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const std::size_t half = cell.values.columns() / 2, c = cell.column();
  const auto width = static_cast<std::size_t>(cell.attributes.get<double>("columns"));
  Expression place =
      c < half ? number(cell.row() / width, "row") : number(cell.row() % width, "column");
  if (cell.attributes.get_or("normalize", false)) {
    const Expression size = attribute(cell, c < half ? "rows" : "columns");
    place = arithmetic.define(c < half ? "y" : "x", (place + number(1.0)) /
                                                        (size + number(kNormalizeEpsilon)) *
                                                        number(2 * std::numbers::pi, "2π"));
  }
  arithmetic.result = wave(arithmetic, cell, place, c % half, half);
  return arithmetic;
}

Arithmetic learned_terms(const Cell& cell) {
  return {.result = in(1, cell.position)};
}

Arithmetic rotate_terms(const Cell& cell) {
  const std::size_t d = cell.values.columns(), c = cell.column();
  const bool half = cell.attributes.get<std::string>("layout") == "half";
  const std::size_t t = half ? c % (d / 2) : c / 2;
  const std::size_t first = half ? t : 2 * t, second = half ? t + d / 2 : 2 * t + 1;
  const auto frequencies = cell.attributes.get_or("frequencies", std::vector<double>{});
  Arithmetic arithmetic;
  const Expression omega = arithmetic.define(
      "ω", frequencies.empty() ? number(1.0) / power(attribute(cell, "base"),
                                                     number(2.0) * number(t, "t") / number(d))
                               : number(frequencies[t], indexed("frequencies", t)));
  const Expression angle = arithmetic.define("θ", number(cell.row(), "i") * omega);
  const Expression a = in(cell, 0, cell.row(), first), b = in(cell, 0, cell.row(), second);
  arithmetic.result =
      c == first ? a * cosine_of(angle) - b * sine(angle) : a * sine(angle) + b * cosine_of(angle);
  return arithmetic;
}

Arithmetic alibi_terms(const Cell& cell) {
  const Expression apart = absolute(number(cell.row(), "i") - number(cell.column(), "j"));
  return {.result = -(attribute(cell, "slope") * apart)};
}

Arithmetic relative_dot_product_terms(const Cell& cell) {
  const std::size_t r = table_row(cell.row(), cell.column(), cell.inputs[2]->rows());
  std::vector<Expression> products;
  for (std::size_t t = 0; t < cell.inputs[0]->columns(); ++t) {
    products.push_back(in(cell, 0, cell.row(), t) *
                       (in(cell, 1, cell.column(), t) + in(cell, 2, r, t)));
  }
  return {.result = sum(std::move(products))};
}

Arithmetic relative_matmul_terms(const Cell& cell) {
  std::vector<Expression> products;
  for (std::size_t j = 0; j < cell.inputs[0]->columns(); ++j) {
    const std::size_t r = table_row(cell.row(), j, cell.inputs[2]->rows());
    products.push_back(in(cell, 0, cell.row(), j) *
                       (in(cell, 1, j, cell.column()) + in(cell, 2, r, cell.column())));
  }
  return {.result = sum(std::move(products))};
}

}  // namespace attn_viz::ops
