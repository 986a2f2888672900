// What the terms of all normalisers begin with.
#pragma once

#include <limits>
#include <vector>

#include "ops/terms.hpp"

namespace attn_viz::ops::terms {

/// The scores of a cell's row that are not masked.
struct RowOfScores {
  explicit RowOfScores(const Cell& cell);

  /// The arithmetic of a masked key: its weight is 0.
  Arithmetic hidden(const Cell& cell) const;

  std::vector<std::size_t> keys;
  std::vector<Expression> scores_of_keys;
  double largest = -std::numeric_limits<double>::infinity();
  bool is_hidden = false;  ///< the cell's own key is masked
};

/// Softmax with an optional score that has no key; attribute "temperature".
Arithmetic exponential_weight(const Cell& cell, const Expression* beside);

}  // namespace attn_viz::ops::terms
