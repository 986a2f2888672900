// Terms of the normalisers that give most keys no weight at all.
#include <cmath>

#include "ops/terms_normalize.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace {

/// Every weight of the row by `weight(score)`, as an equation: they sum to 1.
template <class Weight>
Condition sums_to_one(const RowOfScores& row, Weight weight) {
  std::vector<Expression> weights;
  for (const Expression& score : row.scores_of_keys) weights.push_back(weight(score));
  return {sum(std::move(weights)), Relation::kEqual, number(1.0)};
}

}  // namespace

/// τ follows from the keys that have weight: their scores less τ sum to 1.
Arithmetic sparsemax_terms(const Cell& cell) {
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  Arithmetic arithmetic;
  std::vector<Expression> support;
  for (std::size_t k = 0; k < row.keys.size(); ++k) {
    const std::size_t position = cell.row() * cell.values.columns() + row.keys[k];
    if (cell.values.at(position) > 0) support.push_back(row.scores_of_keys[k]);
  }
  const Expression count = number(support.size());
  const Expression tau = arithmetic.define("τ", (sum(std::move(support)) - number(1.0)) / count);
  const auto weight = [&](const Expression& score) { return maximum({score - tau, number(0.0)}); };
  arithmetic.result = weight(in(0, cell.position));
  arithmetic.checks.push_back(sums_to_one(row, weight));
  arithmetic.remarks.push_back(Remark::kThreshold);
  return arithmetic;
}

/// τ is searched; it can be read off the largest weight of the row.
Arithmetic entmax_terms(const Cell& cell) {
  const double alpha = cell.attributes.get<double>("alpha");
  if (alpha == 2) return sparsemax_terms(cell);
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  double most = 0;
  for (const std::size_t j : row.keys) {
    most = std::max(most, cell.values.at(cell.row(), j));
  }
  Arithmetic arithmetic;
  const double threshold = (alpha - 1) * row.largest - std::pow(most, alpha - 1);
  const Expression tau = arithmetic.define("τ", number(threshold));
  const Expression one = number(1.0), a = attribute(cell, "alpha");
  const auto weight = [&](const Expression& score) {
    return power(maximum({(a - one) * score - tau, number(0.0)}), one / (a - one));
  };
  arithmetic.result = weight(in(0, cell.position));
  arithmetic.checks.push_back(sums_to_one(row, weight));
  arithmetic.remarks.push_back(Remark::kThreshold);
  return arithmetic;
}

Arithmetic hardmax_terms(const Cell& cell) {
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  Arithmetic arithmetic;
  const Expression most = arithmetic.define("m", maximum(row.scores_of_keys));
  const Expression score = in(0, cell.position);
  const bool is_most = cell.inputs[0]->at(cell.position) == row.largest;
  arithmetic.conditions = {{{score, is_most ? Relation::kEqual : Relation::kLess, most}}};
  arithmetic.result = number(cell.values.at(cell.position));
  if (is_most && cell.values.at(cell.position) == 0) {
    arithmetic.remarks.push_back(Remark::kFirstOfEquals);
  }
  return arithmetic;
}

Arithmetic sample_terms(const Cell& cell) {
  Arithmetic arithmetic = exponential_weight(cell, nullptr);
  if (RowOfScores(cell).is_hidden) return arithmetic;
  arithmetic.define("p", std::move(arithmetic.result));
  arithmetic.result = number(cell.values.at(cell.position));
  arithmetic.remarks.push_back(Remark::kProbability);
  return arithmetic;
}

}  // namespace attn_viz::ops
