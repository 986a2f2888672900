// Terms of what happens between heads, of norms, of functions of single numbers and of pooling.
#include <cmath>
#include <numbers>

#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

/// The cells of the cell's row of the first input.
std::vector<Expression> row_of_input(const Cell& cell) {
  std::vector<Expression> row;
  for (std::size_t t = 0; t < cell.inputs[0]->columns(); ++t) {
    row.push_back(in(cell, 0, cell.row(), t));
  }
  return row;
}

Expression with_gain_and_bias(const Cell& cell, Expression x) {
  if (cell.inputs.size() > 1) x = std::move(x) * in(1, cell.column());
  if (cell.inputs.size() > 2) x = std::move(x) + in(2, cell.column());
  return x;
}

/// √(mean of the squares of the row + ε), as "rms".
Expression define_rms(Arithmetic& arithmetic, const Cell& cell, double epsilon) {
  Expression mean = squares(cell, 0, cell.row()) / number(cell.inputs[0]->columns());
  if (epsilon != 0) mean = std::move(mean) + number(epsilon, "ε");
  return arithmetic.define("rms", root(std::move(mean)));
}

bool is_zero_row(const Cell& cell) {
  const Tensor& x = *cell.inputs[0];
  for (std::size_t t = 0; t < x.columns(); ++t) {
    if (x.at(cell.row(), t) != 0) return false;
  }
  return true;
}

}  // namespace

// ---- heads ----

Arithmetic mix_heads_terms(const Cell& cell) {
  const auto to = static_cast<std::size_t>(cell.attributes.get<double>("to"));
  const std::size_t heads = cell.inputs.size() - 1;
  std::vector<Expression> products;
  for (std::size_t from = 0; from < heads; ++from) {
    products.push_back(in(cell, heads, from, to) * in(from, cell.position));
  }
  return {.result = sum(std::move(products))};
}

Arithmetic slice_columns_terms(const Cell& cell) {
  const auto first = static_cast<std::size_t>(cell.attributes.get<double>("first"));
  return {.result = in(cell, 0, cell.row(), first + cell.column())};
}

Arithmetic differential_lambda_terms(const Cell& cell) {
  return {.result = exponential(row_times_row(cell, 0, 0, 1, 0)) -
                    exponential(row_times_row(cell, 2, 0, 3, 0)) + attribute(cell, "lambda_init")};
}

Arithmetic differential_terms(const Cell& cell) {
  return {.result = in(0, cell.position) - in(2, 0) * in(1, cell.position)};
}

Arithmetic scaled_rms_norm_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression rms = define_rms(arithmetic, cell, cell.attributes.get<double>("epsilon"));
  arithmetic.result = attribute(cell, "factor") * (in(0, cell.position) / rms);
  return arithmetic;
}

// ---- rows of one size ----

Arithmetic l2_normalize_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression length = arithmetic.define("length", root(squares(cell, 0, cell.row())));
  if (is_zero_row(cell)) {
    arithmetic.remarks.push_back(Remark::kZeroLength);
  } else {
    arithmetic.result = in(0, cell.position) / length;
  }
  return arithmetic;
}

Arithmetic rms_normalize_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression rms = define_rms(arithmetic, cell, cell.attributes.get_or("epsilon", 0.0));
  if (is_zero_row(cell)) {
    arithmetic.remarks.push_back(Remark::kZeroLength);
  } else {
    arithmetic.result = with_gain_and_bias(cell, in(0, cell.position) / rms);
  }
  return arithmetic;
}

Arithmetic layer_norm_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression d = number(cell.inputs[0]->columns());
  std::vector<Expression> row = row_of_input(cell), away;
  const Expression mean = arithmetic.define("mean", sum(row) / d);
  for (Expression& x : row) away.push_back(square(std::move(x) - mean));
  const Expression variance = arithmetic.define("variance", sum(std::move(away)) / d);
  const Expression epsilon = number(cell.attributes.get<double>("epsilon"), "ε");
  arithmetic.result =
      with_gain_and_bias(cell, (in(0, cell.position) - mean) / root(variance + epsilon));
  return arithmetic;
}

Arithmetic rms_norm_terms(const Cell& cell) {
  Arithmetic arithmetic;
  const Expression rms = define_rms(arithmetic, cell, cell.attributes.get<double>("epsilon"));
  arithmetic.result = with_gain_and_bias(cell, in(0, cell.position) / rms);
  return arithmetic;
}

// ---- feed-forward ----

Arithmetic activation_terms(const Cell& cell) {
  const std::string& function = cell.attributes.get<std::string>("function");
  const Expression x = in(0, cell.position), one = number(1.0), half = number(0.5);
  if (function == "relu") return {.result = maximum({x, number(0.0)})};
  if (function == "gelu") {
    return {.result = half * x * of_one(Expression::Kind::kErfc, -x / root(number(2.0)))};
  }
  if (function == "gelu-tanh") {
    Arithmetic arithmetic;
    const Expression u = arithmetic.define("u", root(number(2.0) / number(std::numbers::pi, "π")) *
                                                    (x + number(0.044715) * power(x, number(3.0))));
    arithmetic.result = half * x * (one + of_one(Expression::Kind::kTanh, u));
    return arithmetic;
  }
  if (function == "silu") return {.result = x / (one + exponential(-x))};
  if (function == "sigmoid") {  // by the exponential of a negative number, which cannot overflow
    const bool positive = cell.inputs[0]->at(cell.position) >= 0;
    return {.result =
                positive ? one / (one + exponential(-x)) : exponential(x) / (one + exponential(x))};
  }
  if (function == "tanh") return {.result = of_one(Expression::Kind::kTanh, x)};
  return {.result = x};
}

Arithmetic multiply_terms(const Cell& cell) {
  return {.result = in(0, cell.position) * in(1, cell.position)};
}

Arithmetic blend_terms(const Cell& cell) {
  const Expression w = in(0, cell.position);
  return {.result = w * in(1, cell.position) + (number(1.0) - w) * in(2, cell.position)};
}

Arithmetic identity_terms(const Cell& cell) {
  return {.result = in(0, cell.position)};
}

Arithmetic window_rows_terms(const Cell& cell) {
  const std::size_t d = cell.inputs[0]->columns(), n = cell.inputs[0]->rows();
  const auto window = static_cast<std::size_t>(cell.attributes.get<double>("window"));
  const std::size_t shifted = cell.row() + cell.column() / d;  // the neighbour's row + window
  Arithmetic arithmetic;
  if (shifted < window || shifted - window >= n) {
    arithmetic.remarks.push_back(Remark::kBeyondTheEnds);
  } else {
    arithmetic.result = in(cell, 0, shifted - window, cell.column() % d);
  }
  return arithmetic;
}

// ---- pool ----

Arithmetic mean_rows_terms(const Cell& cell) {
  const std::size_t n = cell.inputs[0]->rows();
  std::vector<Expression> column;
  for (std::size_t i = 0; i < n; ++i) column.push_back(in(cell, 0, i, cell.column()));
  return {.result = sum(std::move(column)) / number(n)};
}

Arithmetic select_row_terms(const Cell& cell) {
  const auto row = static_cast<std::size_t>(cell.attributes.get<double>("row"));
  return {.result = in(cell, 0, row, cell.column())};
}

Arithmetic patchify_terms(const Cell& cell) {
  const Tensor& image = *cell.inputs[0];
  const auto side = static_cast<std::size_t>(cell.attributes.get<double>("patch"));
  const std::size_t channels = image.rank() == 3 ? image.size(2) : 1, width = image.size(1);
  const std::size_t across = width / side, run = side * channels;
  // The pixel's row in the image, and where the patch's part of that row begins.
  const std::size_t y = cell.row() / across * side + cell.column() / run;
  const std::size_t first = cell.row() % across * run;
  return {.result = in(0, y * width * channels + first + cell.column() % run)};
}

}  // namespace attn_viz::ops
