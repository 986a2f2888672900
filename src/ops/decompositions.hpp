// Decompositions of matrices, compiled apart: they are slow to compile.
#pragma once

#include <vector>

#include "ops/products.hpp"

namespace attn_viz::ops {

/// A = Σ values[i] · left[i]ᵀ right[i], for a matrix [n, m] with r = min(n, m).
struct Singular {
  std::vector<double> values;  ///< r, the largest first
  std::vector<double> left;    ///< r rows of n
  std::vector<double> right;   ///< r rows of m
};

Singular singular_vectors(View<const double> a);

}  // namespace attn_viz::ops
