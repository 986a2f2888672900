// Terms of kernel attention.
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

constexpr double kVanishing = 1e-12;  // as in kernel_attention.cpp

std::vector<bool> padding_of(const Cell& cell, std::size_t keys) {
  return cell.attributes.get_or("padding", std::vector<bool>(keys, true));
}

/// Divides by a sum; one that nearly vanishes, or has no term, gets 10⁻¹² more.
Expression over_sum(Arithmetic& arithmetic, const Cell& cell, Expression share, Expression total,
                    bool empty) {
  Expression denominator = arithmetic.define("Σ", std::move(total));
  const double value = values_of_definitions(arithmetic, cell.inputs, cell.values).back();
  if (empty || value < kVanishing) {
    arithmetic.remarks.push_back(empty ? Remark::kNoVisibleKey : Remark::kVanishing);
    denominator = std::move(denominator) + number(kVanishing);
  }
  return std::move(share) / std::move(denominator);
}

/// The row and the feature whose exponent, w_r · x′ − ‖x′‖² / 2 with x′ = factor · x, is the
/// largest.
std::pair<std::size_t, std::size_t> largest_exponent(const Tensor& x, const Tensor& w,
                                                     double factor) {
  double most = -std::numeric_limits<double>::infinity();
  std::pair<std::size_t, std::size_t> at{0, 0};
  for (std::size_t i = 0; i < x.rows(); ++i) {
    double length = 0;
    for (std::size_t t = 0; t < x.columns(); ++t) length += std::pow(factor * x.at(i, t), 2);
    for (std::size_t r = 0; r < w.rows(); ++r) {
      double product = 0;
      for (std::size_t t = 0; t < x.columns(); ++t) product += w.at(r, t) * factor * x.at(i, t);
      if (product - length / 2 > most) most = product - length / 2, at = {i, r};
    }
  }
  return at;
}

/// The sum up to this key: the one before, and this key's term unless it is padding.
Arithmetic running(const Cell& cell, std::size_t key, std::size_t state, Expression term) {
  Arithmetic arithmetic;
  std::vector<Expression> parts;
  if (key > 0) parts.push_back(own(cell.position - state));
  if (padding_of(cell, cell.inputs[0]->rows())[key]) {
    parts.push_back(std::move(term));
  } else {
    arithmetic.remarks.push_back(Remark::kPadding);
  }
  arithmetic.result = sum(std::move(parts));
  return arithmetic;
}

}  // namespace

Arithmetic elu_plus_one_terms(const Cell& cell) {
  const Expression x = in(0, cell.position);
  const bool positive = cell.inputs[0]->at(cell.position) > 0;
  Arithmetic arithmetic;
  arithmetic.conditions = {{{x, positive ? Relation::kGreater : Relation::kAtMost, number(0.0)}}};
  arithmetic.result = positive ? x + number(1.0) : exponential(x);
  return arithmetic;
}

Arithmetic random_features_terms(const Cell& cell) {
  Arithmetic arithmetic{.result = number(cell.values.at(cell.position))};
  const bool orthogonal = cell.attributes.get_or("orthogonal", false);
  arithmetic.remarks.push_back(orthogonal ? Remark::kOrthogonal : Remark::kDrawn);
  return arithmetic;
}

Arithmetic positive_features_terms(const Cell& cell) {
  const Tensor &x = *cell.inputs[0], &w = *cell.inputs[1];
  const std::size_t d = x.columns(), count = w.rows();
  const std::string stabilize = cell.attributes.get_or<std::string>("stabilize", "");
  const double factor = cell.attributes.get<double>("factor");
  Arithmetic arithmetic;
  std::vector<Expression> u, lengths;
  for (std::size_t t = 0; t < d; ++t) {
    u.push_back(
        arithmetic.define(indexed("u", t), attribute(cell, "factor") * in(cell, 0, cell.row(), t)));
    lengths.push_back(square(u.back()));
  }
  const Expression half = arithmetic.define("s", sum(std::move(lengths)) / number(2.0));
  const auto exponent = [&](std::size_t r) {
    std::vector<Expression> products;
    for (std::size_t t = 0; t < d; ++t) products.push_back(in(cell, 1, r, t) * u[t]);
    return sum(std::move(products)) - half;
  };
  const bool by_row = stabilize == "rows";
  std::vector<Expression> exponents;
  for (std::size_t r = 0; r < count; ++r) {
    if (!by_row && r != cell.column()) continue;
    exponents.push_back(arithmetic.define(indexed("h", r), exponent(r)));
  }
  Expression own_exponent = by_row ? exponents[cell.column()] : exponents[0];
  if (by_row) {
    own_exponent = own_exponent - arithmetic.define("m", maximum(std::move(exponents)));
    arithmetic.remarks.push_back(Remark::kMaximumSubtracted);
  } else if (stabilize == "all") {
    const auto [i, r] = largest_exponent(x, w, factor);
    std::vector<Expression> products, squares_of_row;
    for (std::size_t t = 0; t < d; ++t) {
      const Expression scaled = attribute(cell, "factor") * in(cell, 0, i, t);
      products.push_back(in(cell, 1, r, t) * scaled);
      squares_of_row.push_back(square(scaled));
    }
    Expression most = sum(std::move(products)) - sum(std::move(squares_of_row)) / number(2.0);
    own_exponent = own_exponent - arithmetic.define("m", std::move(most));
    arithmetic.remarks.push_back(Remark::kLargestOfAll);
  }
  arithmetic.result = exponential(std::move(own_exponent)) / root(number(count));
  return arithmetic;
}

Arithmetic key_value_sum_terms(const Cell& cell) {
  const std::vector<bool> real = padding_of(cell, cell.inputs[0]->rows());
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t j = 0; j < cell.inputs[0]->rows(); ++j) {
    if (real[j]) products.push_back(in(cell, 0, j, cell.row()) * in(cell, 1, j, cell.column()));
  }
  if (products.size() < real.size()) arithmetic.remarks.push_back(Remark::kPadding);
  arithmetic.result = sum(std::move(products));
  return arithmetic;
}

Arithmetic key_sum_terms(const Cell& cell) {
  const std::vector<bool> real = padding_of(cell, cell.inputs[0]->rows());
  Arithmetic arithmetic;
  std::vector<Expression> features;
  for (std::size_t j = 0; j < cell.inputs[0]->rows(); ++j) {
    if (real[j]) features.push_back(in(cell, 0, j, cell.column()));
  }
  if (features.size() < real.size()) arithmetic.remarks.push_back(Remark::kPadding);
  arithmetic.result = sum(std::move(features));
  return arithmetic;
}

Arithmetic kernel_output_terms(const Cell& cell) {
  const auto padding = cell.attributes.get_or("padding", std::vector<bool>{true});
  const bool empty = std::find(padding.begin(), padding.end(), true) == padding.end();
  Arithmetic arithmetic;
  const Expression share =
      arithmetic.define("o", row_times_column(cell, 0, cell.row(), 1, cell.column()));
  arithmetic.result =
      over_sum(arithmetic, cell, share, row_times_row(cell, 0, cell.row(), 2, 0), empty);
  return arithmetic;
}

Arithmetic running_key_values_terms(const Cell& cell) {
  const std::size_t columns = cell.inputs[1]->columns(),
                    state = cell.inputs[0]->columns() * columns;
  const std::size_t key = cell.position / state, a = cell.position % state / columns;
  return running(cell, key, state, in(cell, 0, key, a) * in(cell, 1, key, cell.position % columns));
}

Arithmetic running_key_sum_terms(const Cell& cell) {
  return running(cell, cell.row(), cell.values.columns(), in(0, cell.position));
}

Arithmetic recurrent_output_terms(const Cell& cell) {
  const Tensor& states = *cell.inputs[1];
  const std::size_t m = states.size(0), state = std::min(cell.row(), m - 1);
  const std::vector<bool> real = padding_of(cell, m);
  const bool empty =
      std::find(real.begin(), real.end(), true) - real.begin() > static_cast<std::ptrdiff_t>(state);
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t a = 0; a < states.size(1); ++a) {
    products.push_back(in(cell, 0, cell.row(), a) *
                       in(cell, 1, state * states.size(1) + a, cell.column()));
  }
  const Expression share = arithmetic.define("o", sum(std::move(products)));
  arithmetic.result =
      over_sum(arithmetic, cell, share, row_times_row(cell, 0, cell.row(), 2, state), empty);
  return arithmetic;
}

Arithmetic kernel_weights_terms(const Cell& cell) {
  const bool masked = cell.inputs.size() > 1;
  Arithmetic arithmetic;
  std::vector<Expression> visible;
  for (std::size_t j = 0; j < cell.values.columns(); ++j) {
    if (masked && cell.inputs[1]->at(cell.row(), j) == 0) continue;
    visible.push_back(in(cell, 0, cell.row(), j));
  }
  if (masked && cell.inputs[1]->at(cell.position) == 0) {
    arithmetic.conditions = {{{in(1, cell.position), Relation::kEqual, number(0.0)}}};
    arithmetic.remarks.push_back(visible.empty() ? Remark::kNoVisibleKey : Remark::kHiddenKey);
    return arithmetic;
  }
  arithmetic.result =
      over_sum(arithmetic, cell, in(0, cell.position), sum(std::move(visible)), false);
  return arithmetic;
}

}  // namespace attn_viz::ops
