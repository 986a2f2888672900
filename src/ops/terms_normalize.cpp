// Terms of the normalisers that look at every key.
#include <algorithm>
#include <cmath>
#include <limits>

#include "ops/terms_normalize.hpp"

namespace attn_viz::ops {

using namespace terms;

namespace terms {

RowOfScores::RowOfScores(const Cell& cell) {
  const Tensor& scores = *cell.inputs[0];
  for (std::size_t j = 0; j < scores.columns(); ++j) {
    const std::size_t position = cell.row() * scores.columns() + j;
    if (scores.at(position) == -std::numeric_limits<double>::infinity()) {
      is_hidden = is_hidden || j == cell.column();
      continue;
    }
    keys.push_back(j);
    scores_of_keys.push_back(in(0, position));
    largest = std::max(largest, scores.at(position));
  }
}

Arithmetic RowOfScores::hidden(const Cell& cell) const {
  Arithmetic arithmetic;
  const Expression nothing = number(-std::numeric_limits<double>::infinity());
  arithmetic.conditions = {{{in(0, cell.position), Relation::kEqual, nothing}}};
  arithmetic.remarks.push_back(keys.empty() ? Remark::kNoVisibleKey : Remark::kHiddenKey);
  return arithmetic;
}

Arithmetic exponential_weight(const Cell& cell, const Expression* beside) {
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  Arithmetic arithmetic;
  const bool plain = cell.attributes.find("temperature") == nullptr;
  const Expression temperature = plain ? number(1.0) : attribute(cell, "temperature");
  arithmetic.result = softmax_share(arithmetic, row.keys, row.scores_of_keys, cell.column(), beside,
                                    plain ? nullptr : &temperature);
  return arithmetic;
}

}  // namespace terms

namespace {

Expression positive_part(Expression x) {
  return maximum({std::move(x), number(0.0)});
}

/// 0 for hidden keys and for rows without a positive score; else what `weight` says.
template <class Weight>
Arithmetic relu_kind(const Cell& cell, Weight weight) {
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  Arithmetic arithmetic;
  if (row.largest <= 0) {
    arithmetic.conditions = {{{maximum(row.scores_of_keys), Relation::kAtMost, number(0.0)}}};
    arithmetic.remarks.push_back(Remark::kNothingPositive);
    return arithmetic;
  }
  arithmetic.result = weight(row, arithmetic);
  return arithmetic;
}

}  // namespace

Arithmetic softmax_terms(const Cell& cell) {
  return exponential_weight(cell, nullptr);
}

Arithmetic softmax_off_by_one_terms(const Cell& cell) {
  const Expression zero = number(0.0);
  return exponential_weight(cell, &zero);
}

Arithmetic softmax_with_sink_terms(const Cell& cell) {
  const Expression sink = attribute(cell, "sink");
  return exponential_weight(cell, &sink);
}

/// By the exponential of a negative number, which cannot overflow.
Arithmetic sigmoid_terms(const Cell& cell) {
  const RowOfScores row(cell);
  if (row.is_hidden) return row.hidden(cell);
  Arithmetic arithmetic;
  Expression x = in(0, cell.position);
  if (cell.attributes.get_or<std::string>("bias", "") == "-log-keys") {
    x = std::move(x) - of_one(Expression::Kind::kLog, number(row.keys.size()));
  } else if (cell.attributes.find("bias") != nullptr) {
    x = std::move(x) + attribute(cell, "bias");
  }
  x = arithmetic.define("x", std::move(x));
  const bool positive = values_of_definitions(arithmetic, cell.inputs, cell.values)[0] >= 0;
  const Expression one = number(1.0);
  arithmetic.result =
      positive ? one / (one + exponential(-x)) : exponential(x) / (one + exponential(x));
  return arithmetic;
}

Arithmetic relu_terms(const Cell& cell) {
  return relu_kind(
      cell, [&](const RowOfScores&, Arithmetic&) { return positive_part(in(0, cell.position)); });
}

Arithmetic relu_mean_terms(const Cell& cell) {
  return relu_kind(cell, [&](const RowOfScores& row, Arithmetic&) {
    return positive_part(in(0, cell.position)) / number(row.keys.size());
  });
}

Arithmetic relu_normalized_terms(const Cell& cell) {
  return relu_kind(cell, [&](const RowOfScores& row, Arithmetic& arithmetic) {
    std::vector<Expression> parts;
    for (const Expression& score : row.scores_of_keys) parts.push_back(positive_part(score));
    const Expression total = arithmetic.define("Σ", sum(std::move(parts)));
    return positive_part(in(0, cell.position)) / total;
  });
}

}  // namespace attn_viz::ops
