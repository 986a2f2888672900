// Terms of attention through few keys, and of softmax key by key.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/terms_many.hpp"

namespace attn_viz::ops {

using namespace terms;

// ---- low rank ----

Arithmetic attention_weights_terms(const Cell& cell) {
  const double factor = cell.attributes.get<double>("scale");
  const bool masked = cell.inputs.size() > 2;
  const auto is_hidden = [&](std::size_t j) {
    return masked && cell.inputs[2]->at(cell.row() * cell.values.columns() + j) == 0;
  };
  Arithmetic arithmetic;
  std::vector<std::size_t> keys;
  std::vector<Expression> scores;
  for (std::size_t j = 0; j < cell.values.columns(); ++j) {
    if (is_hidden(j)) continue;
    Expression product = row_times_row(cell, 0, cell.row(), 1, j);
    if (factor != 1) product = attribute(cell, "scale") * std::move(product);
    keys.push_back(j);
    scores.push_back(arithmetic.define(indexed("s", j), std::move(product)));
  }
  if (is_hidden(cell.column())) {
    Arithmetic hidden;
    hidden.conditions = {{{in(2, cell.position), Relation::kEqual, number(0.0)}}};
    hidden.remarks.push_back(keys.empty() ? Remark::kNoVisibleKey : Remark::kHiddenKey);
    return hidden;
  }
  arithmetic.result = softmax_share(arithmetic, keys, scores, cell.column(), nullptr, nullptr);
  return arithmetic;
}

Arithmetic implied_weights_terms(const Cell& cell) {
  return {.result = row_times_column(cell, 0, cell.row(), 1, cell.column())};
}

Arithmetic segment_means_terms(const Cell& cell) {
  const std::size_t length = cell.inputs[0]->rows() / cell.values.rows();
  std::vector<Expression> rows;
  for (std::size_t k = 0; k < length; ++k) {
    rows.push_back(in(cell, 0, cell.row() * length + k, cell.column()));
  }
  return {.result = sum(std::move(rows)) / number(length)};
}

/// The exact one satisfies Z A Z = Z; the iterated one is shown from its last iteration, whose
/// factors follow from the values before it.
Arithmetic pseudo_inverse_terms(const Cell& cell) {
  const Tensor& a = *cell.inputs[0];
  const double iterations = cell.attributes.get_or("iterations", 0.0);
  const std::size_t k = a.columns(), l = a.rows();
  Arithmetic arithmetic;
  if (iterations == 0) {
    std::vector<Expression> products;
    for (std::size_t s = 0; s < l; ++s) {
      for (std::size_t t = 0; t < k; ++t) {
        products.push_back(own(cell.row() * l + s) * in(cell, 0, s, t) *
                           own(t * l + cell.column()));
      }
    }
    arithmetic.result = number(cell.values.at(cell.position));
    arithmetic.checks.push_back({sum(std::move(products)), Relation::kEqual, own(cell.position)});
    arithmetic.remarks.push_back(Remark::kPseudoInverse);
    return arithmetic;
  }
  const IteratedInverse last = last_iteration(a, static_cast<std::size_t>(iterations));
  std::vector<Expression> products;
  for (std::size_t s = 0; s < l; ++s) {
    const Expression z =
        arithmetic.define(indexed("z", s), number(last.before[cell.row() * l + s]));
    const Expression p =
        arithmetic.define(indexed("p", s), number(last.factor[s * l + cell.column()]));
    products.push_back(z * p);
  }
  arithmetic.result = number(0.25) * sum(std::move(products));
  arithmetic.remarks.push_back(Remark::kIteration);
  return arithmetic;
}

Arithmetic nystrom_weights_terms(const Cell& cell) {
  Arithmetic arithmetic;
  std::vector<Expression> products;
  for (std::size_t t = 0; t < cell.inputs[1]->columns(); ++t) {
    const Expression u =
        arithmetic.define(indexed("u", t), row_times_column(cell, 0, cell.row(), 1, t));
    products.push_back(u * in(cell, 2, t, cell.column()));
  }
  arithmetic.result = sum(std::move(products));
  return arithmetic;
}

/// The two maxima are shown where they are reached.
Arithmetic distance_terms(const Cell& cell) {
  const Tensor &a = *cell.inputs[0], &exact = *cell.inputs[1], &output = *cell.inputs[2];
  const auto off = [](std::size_t p) { return absolute(in(0, p) - in(1, p)); };
  const auto off_output = [&](std::size_t p) {
    return absolute(in(2, p) -
                    row_times_column(cell, 1, p / output.columns(), 3, p % output.columns()));
  };
  const auto value = [&](const Expression& e) {
    return value_of(e, {cell.inputs, cell.values, {}});
  };
  const auto largest = [&](std::size_t count, const auto& term) {
    std::size_t at = 0;
    double most = -1;
    for (std::size_t p = 0; p < count; ++p) {
      const double here = value(term(p));
      if (here > most) most = here, at = p;
    }
    return at;
  };
  Arithmetic arithmetic;
  if (a.count() == 0 || (cell.position == 2 && output.count() == 0)) return arithmetic;
  if (cell.position == 1 && a.count() > kMany && !cell.whole) {
    double total = 0;
    for (std::size_t p = 0; p < a.count(); ++p) total += std::abs(a.at(p) - exact.at(p));
    const Expression all = arithmetic.define("Σ", number(total));
    arithmetic.result = all / number(a.count());
    arithmetic.remarks.push_back(Remark::kMeanOfMany);
  } else if (cell.position == 1) {
    std::vector<Expression> terms;
    for (std::size_t p = 0; p < a.count(); ++p) terms.push_back(off(p));
    arithmetic.result = sum(std::move(terms)) / number(a.count());
  } else {
    arithmetic.result = cell.position == 0 ? off(largest(a.count(), off))
                                           : off_output(largest(output.count(), off_output));
    arithmetic.remarks.push_back(Remark::kLargestAt);
  }
  return arithmetic;
}

// ---- softmax key by key ----

namespace {

bool is_nothing(double value) {
  return value == -std::numeric_limits<double>::infinity();
}

/// What was gathered before times exp(m_before − m), plus the new key's share times `value`.
Arithmetic gathered(const Cell& cell, std::size_t pair, std::size_t width,
                    const Expression* value) {
  const std::size_t j = pair % cell.inputs[0]->columns();
  Arithmetic arithmetic;
  if (is_nothing(cell.inputs[1]->at(pair))) {
    arithmetic.remarks.push_back(Remark::kHiddenKey);
    return arithmetic;
  }
  const bool plain = cell.attributes.find("temperature") == nullptr;
  const auto relative = [&](Expression score) {
    Expression less = std::move(score) - in(1, pair);
    return exponential(plain ? std::move(less) : std::move(less) / attribute(cell, "temperature"));
  };
  std::vector<Expression> parts;
  if (j > 0 && !is_nothing(cell.inputs[1]->at(pair - 1))) {
    parts.push_back(arithmetic.define("c", relative(in(1, pair - 1))) * own(cell.position - width));
  }
  if (is_nothing(cell.inputs[0]->at(pair))) {
    arithmetic.remarks.push_back(Remark::kHiddenKey);
  } else {
    const Expression e = arithmetic.define("e", relative(in(0, pair)));
    parts.push_back(value == nullptr ? e : e * *value);
  }
  arithmetic.result = sum(std::move(parts));
  return arithmetic;
}

}  // namespace

Arithmetic online_maximum_terms(const Cell& cell) {
  const Expression score = in(0, cell.position);
  if (cell.column() == 0) return {.result = score};
  return {.result = maximum({own(cell.position - 1), score})};
}

Arithmetic online_sum_terms(const Cell& cell) {
  return gathered(cell, cell.position, 1, nullptr);
}

Arithmetic online_accumulator_terms(const Cell& cell) {
  const std::size_t width = cell.inputs[2]->columns(), pair = cell.position / width;
  const Expression value = in(cell, 2, pair % cell.inputs[0]->columns(), cell.position % width);
  return gathered(cell, pair, width, &value);
}

Arithmetic online_output_terms(const Cell& cell) {
  const std::size_t m = cell.inputs[1]->columns();
  if (m == 0 || cell.inputs[1]->at(cell.row(), m - 1) == 0) {
    return {.remarks = {Remark::kNoVisibleKey}};
  }
  const std::size_t last = (cell.row() + 1) * m - 1;
  return {.result = in(cell, 0, last, cell.column()) / in(1, last)};
}

}  // namespace attn_viz::ops
