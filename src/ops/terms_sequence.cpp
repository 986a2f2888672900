// Terms of recurrent cells, of rows that are moved about, of alignment and of rows on a grid.
#include <algorithm>
#include <cmath>

#include "ops/grid.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

Expression tanh_of(Expression x) {
  return of_one(Expression::Kind::kTanh, std::move(x));
}

/// The state that a recurrent cell reads at the cell's row: none where it is 0.
class StateBefore {
 public:
  /// @param first_state  the number of the input h_0
  /// @param column       where the state stands in a row of the result
  /// @param size         of the state
  StateBefore(const Cell& cell, std::size_t first_state, std::size_t column, std::size_t size) {
    const bool reverse = cell.attributes.get_or("reverse", false);
    const std::size_t first = reverse ? cell.values.rows() - 1 : 0, row = cell.row();
    if (row == first && cell.inputs.size() <= first_state) return;
    for (std::size_t k = 0; k < size; ++k) {
      const std::size_t before = reverse ? row + 1 : row - 1;
      state_.push_back(row == first ? in(first_state, k)
                                    : own(before * cell.values.columns() + column + k));
    }
  }

  bool is_zero() const { return state_.empty(); }
  const Expression& operator[](std::size_t k) const { return state_[k]; }

  /// Column j of row t of P plus h U, where h is what `weighted(k)` says.
  template <class Weighted>
  Expression project(const Cell& cell, std::size_t p, std::size_t u, std::size_t j,
                     Weighted weighted) const {
    std::vector<Expression> parts{in(cell, p, cell.row(), j)};
    for (std::size_t k = 0; k < state_.size(); ++k)
      parts.push_back(weighted(k) * in(cell, u, k, j));
    return sum(std::move(parts));
  }

 private:
  std::vector<Expression> state_;
};

/// By the exponential of a negative number, which cannot overflow.
Expression logistic(Arithmetic& arithmetic, const Cell& cell, Expression argument) {
  const Expression x = arithmetic.define("x", std::move(argument)), one = number(1.0);
  const bool positive = values_of_definitions(arithmetic, cell.inputs, cell.values).back() >= 0;
  return positive ? one / (one + exponential(-x)) : exponential(x) / (one + exponential(x));
}

/// An empty place beyond the ends.
Arithmetic nothing_there() {
  Arithmetic arithmetic;
  arithmetic.remarks.push_back(Remark::kBeyondTheEnds);
  return arithmetic;
}

/// How far a key is from the position of the cell's row.
Expression distance_to_key(const Cell& cell) {
  return number(cell.column(), "j") - in(0, cell.row());
}

}  // namespace

// ---- recurrence ----

Arithmetic rnn_terms(const Cell& cell) {
  const StateBefore h(cell, 2, 0, cell.values.columns());
  Arithmetic arithmetic;
  if (h.is_zero()) arithmetic.remarks.push_back(Remark::kBeyondTheEnds);
  arithmetic.result =
      tanh_of(h.project(cell, 0, 1, cell.column(), [&](std::size_t k) { return h[k]; }));
  return arithmetic;
}

/// A row is [z, r, h̃, h]: what stands in it further left is read as it is.
Arithmetic gru_terms(const Cell& cell) {
  const std::size_t d = cell.values.columns() / 4, j = cell.column() % d;
  const std::size_t row = cell.row() * cell.values.columns(), part = cell.column() / d;
  const StateBefore h(cell, 6, 3 * d, d);
  Arithmetic arithmetic;
  if (h.is_zero()) arithmetic.remarks.push_back(Remark::kBeyondTheEnds);
  if (part < 2) {
    Expression x = h.project(cell, part, part + 3, j, [&](std::size_t k) { return h[k]; });
    arithmetic.result = logistic(arithmetic, cell, std::move(x));
  } else if (part == 2) {
    arithmetic.result =
        tanh_of(h.project(cell, 2, 5, j, [&](std::size_t k) { return own(row + d + k) * h[k]; }));
  } else {
    const Expression z = own(row + j);
    Expression taken = z * own(row + 2 * d + j);
    arithmetic.result =
        h.is_zero() ? std::move(taken) : (number(1.0) - z) * h[j] + std::move(taken);
  }
  return arithmetic;
}

// ---- rows of a sequence ----

Arithmetic shift_rows_terms(const Cell& cell) {
  if (cell.row() > 0) return {.result = in(cell, 0, cell.row() - 1, cell.column())};
  if (cell.inputs.size() < 2) return nothing_there();
  return {.result = in(1, cell.column())};
}

Arithmetic repeat_rows_terms(const Cell& cell) {
  return {.result = in(0, cell.column())};
}

Arithmetic stack_rows_terms(const Cell& cell) {
  std::size_t part = 0, row = cell.row();
  while (row >= cell.inputs[part]->rows()) row -= cell.inputs[part++]->rows();
  return {.result = in(cell, part, row, cell.column())};
}

Arithmetic join_rows_terms(const Cell& cell) {
  return {.result = in(0, cell.position)};
}

Arithmetic slice_rows_terms(const Cell& cell) {
  return {.result = in(cell, 0, whole(cell.attributes, "first") + cell.row(), cell.column())};
}

Arithmetic fixed_weights_terms(const Cell& cell) {
  if (cell.attributes.find("key") == nullptr) {
    return {.result = number(1.0) / number(cell.values.columns())};
  }
  const std::size_t key = whole(cell.attributes, "key");
  const Relation relation = cell.column() == key ? Relation::kEqual : Relation::kUnequal;
  return {.conditions = {{{number(cell.column(), "j"), relation, number(key, "key")}}},
          .result = number(cell.values.at(cell.position))};
}

Arithmetic subtract_terms(const Cell& cell) {
  return {.result = in(0, cell.position) - in(1, cell.position)};
}

// ---- alignment, memory, pointers ----

Arithmetic row_numbers_terms(const Cell& cell) {
  return {.result = number(cell.row(), "t")};
}

Arithmetic local_window_terms(const Cell& cell) {
  const double inside = cell.values.at(cell.position);
  const Relation relation = inside != 0 ? Relation::kAtMost : Relation::kGreater;
  return {
      .conditions = {{{absolute(distance_to_key(cell)), relation, attribute(cell, "half_width")}}},
      .result = number(inside)};
}

Arithmetic local_gaussian_terms(const Cell& cell) {
  const Expression twice = number(2.0) * square(attribute(cell, "sigma"));
  return {.result = exponential(-(square(distance_to_key(cell)) / twice))};
}

Arithmetic network_terms(const Cell& cell) {
  const std::size_t of_query = cell.inputs[0]->columns(), of_key = cell.inputs[1]->columns();
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t t = 0; t < cell.inputs[2]->columns(); ++t) {
    std::vector<Expression> parts;
    for (std::size_t c = 0; c < of_query; ++c) {
      parts.push_back(in(cell, 0, cell.row(), c) * in(cell, 2, c, t));
    }
    for (std::size_t c = 0; c < of_key; ++c) {
      parts.push_back(in(cell, 1, cell.column(), c) * in(cell, 2, of_query + c, t));
    }
    parts.push_back(in(3, t));
    products.push_back(in(4, t) *
                       arithmetic.define(indexed("u", t), tanh_of(sum(std::move(parts)))));
  }
  products.push_back(in(5, 0));
  arithmetic.result = sum(std::move(products));
  return arithmetic;
}

/// What each earlier row has chosen: the largest of the scores that were left to it, which are
/// those where the mask has 1 in its row.
Arithmetic pointer_mask_terms(const Cell& cell) {
  const Tensor& s = *cell.inputs[0];
  const std::size_t m = s.columns(), key = cell.column();
  Arithmetic arithmetic{.result = number(cell.values.at(cell.position))};
  for (std::size_t i = 0; i < cell.row(); ++i) {
    std::vector<Expression> left;
    std::size_t chosen = m;
    for (std::size_t j = 0; j < m; ++j) {
      if (cell.values.at(i, j) == 0) continue;
      left.push_back(in(cell, 0, i, j));
      if (chosen == m || s.at(i, j) > s.at(i, chosen)) chosen = j;
    }
    // A row that found nothing left chose nothing; nor is what is said of other keys of use.
    const bool is_chosen = chosen == key;
    if (chosen == m || (cell.values.at(cell.position) == 0 && !is_chosen)) continue;
    const bool is_most = s.at(i, key) == s.at(i, chosen);
    const Expression most = arithmetic.define(indexed("m", i), maximum(std::move(left)));
    arithmetic.conditions.push_back(
        {{in(cell, 0, i, key), is_most ? Relation::kEqual : Relation::kLess, most}});
    if (is_most && !is_chosen) arithmetic.remarks.push_back(Remark::kFirstOfEquals);
  }
  return arithmetic;
}

Arithmetic argmax_terms(const Cell& cell) {
  const Tensor& a = *cell.inputs[0];
  const auto best = static_cast<std::size_t>(cell.values.at(cell.position));
  Arithmetic arithmetic{.result = number(best)};
  std::vector<Expression> row;
  for (std::size_t j = 0; j < a.columns(); ++j) {
    row.push_back(in(cell, 0, cell.row(), j));
    if (j > best && a.at(cell.row(), j) == a.at(cell.row(), best)) {
      arithmetic.remarks = {Remark::kFirstOfEquals};
    }
  }
  const Expression most = arithmetic.define("m", maximum(std::move(row)));
  arithmetic.conditions = {{{in(cell, 0, cell.row(), best), Relation::kEqual, most}}};
  return arithmetic;
}

// ---- rows on a grid ----

Arithmetic grid_convolution_terms(const Cell& cell) {
  const Tensor &x = *cell.inputs[0], &kernel = *cell.inputs[1];
  const Grid grid = grid_of(cell.attributes, x);
  const auto& row_shifts = cell.attributes.get<std::vector<double>>("row_shifts");
  const auto& column_shifts = cell.attributes.get<std::vector<double>>("column_shifts");
  const bool replicate = cell.attributes.get<std::string>("padding") == "replicate";
  const auto row = static_cast<double>(cell.row() / grid.columns);
  const auto column = static_cast<double>(cell.row() % grid.columns);
  Arithmetic arithmetic;
  std::vector<Expression> parts;
  for (std::size_t tap = 0; tap < kernel.size(0); ++tap) {
    std::size_t r = 0, k = 0;
    if (!place_on(row + row_shifts[tap], grid.rows, replicate, r) ||
        !place_on(column + column_shifts[tap], grid.columns, replicate, k)) {
      arithmetic.remarks = {Remark::kBeyondTheEnds};
      continue;
    }
    for (std::size_t c = 0; c < x.columns(); ++c) {
      parts.push_back(in(cell, 0, r * grid.columns + k, c) *
                      in(cell, 1, tap * x.columns() + c, cell.column()));
    }
  }
  if (cell.inputs.size() > 2) parts.push_back(in(2, cell.column()));
  arithmetic.result = sum(std::move(parts));
  return arithmetic;
}

Arithmetic pad_grid_terms(const Cell& cell) {
  const Grid grid = grid_of(cell.attributes, *cell.inputs[0]), border = border_of(cell.attributes);
  const std::size_t columns = grid.columns + 2 * border.columns;
  const std::size_t row = cell.row() / columns, column = cell.row() % columns;
  const bool inside = row >= border.rows && row - border.rows < grid.rows &&
                      column >= border.columns && column - border.columns < grid.columns;
  if (!inside) return nothing_there();
  const std::size_t from = (row - border.rows) * grid.columns + (column - border.columns);
  return {.result = in(cell, 0, from, cell.column())};
}

/// The place of a key on the grid counts from the grid's first row and column, not the border's.
Arithmetic quadratic_encoding_terms(const Cell& cell) {
  const Grid grid = grid_of(cell.attributes, *cell.inputs[0]), border = border_of(cell.attributes);
  const std::size_t columns = grid.columns + 2 * border.columns, keys = cell.inputs[1]->rows();
  const std::size_t i = cell.row() / keys, j = cell.row() % keys;
  const auto within = [](std::size_t place, std::size_t before) {
    return static_cast<double>(place) - static_cast<double>(before);
  };
  const Expression down =
      number(within(j / columns, border.rows), "row_j") - number(i / grid.columns, "row_i");
  const Expression right = number(within(j % columns, border.columns), "column_j") -
                           number(i % grid.columns, "column_i");
  if (cell.column() > 0) return {.result = cell.column() == 1 ? down : right};
  Arithmetic arithmetic;
  const Expression first = arithmetic.define("δ₁", down), second = arithmetic.define("δ₂", right);
  arithmetic.result = square(first) + square(second);
  return arithmetic;
}

Arithmetic encoding_scores_terms(const Cell& cell) {
  const std::size_t e = cell.inputs[1]->count();
  std::vector<Expression> products;
  for (std::size_t k = 0; k < e; ++k) products.push_back(in(0, cell.position * e + k) * in(1, k));
  return {.result = sum(std::move(products))};
}

}  // namespace attn_viz::ops
