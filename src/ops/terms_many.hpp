// Terms of cells that read very many others.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "ops/terms.hpp"

namespace attn_viz::ops::terms {

/// Sums of more terms are given as one number: nobody reads them, and the tree would be huge.
inline constexpr std::size_t kMany = 4096;

/// The sum of term(0) … term(count − 1), which use no definitions.
template <class Term>
Expression sum_of_all(Arithmetic& arithmetic, const Cell& cell, std::size_t count, Term term) {
  if (count <= kMany || cell.whole) {
    std::vector<Expression> parts;
    parts.reserve(count);
    for (std::size_t i = 0; i < count; ++i) parts.push_back(term(i));
    return sum(std::move(parts));
  }
  double total = 0;
  for (std::size_t i = 0; i < count; ++i) {
    total += value_of(term(i), {cell.inputs, cell.values, {}});
  }
  arithmetic.remarks.push_back(Remark::kSumOfMany);
  return arithmetic.define("Σ", number(total));
}

/// The first of the largest among `count` cells of an input, from `first` on, `step` apart.
inline std::size_t largest_of(const Tensor& x, std::size_t first, std::size_t count,
                              std::size_t step) {
  std::size_t best = first;
  for (std::size_t k = 1; k < count; ++k) {
    if (x.at(first + k * step) > x.at(best)) best = first + k * step;
  }
  return best;
}

}  // namespace attn_viz::ops::terms
