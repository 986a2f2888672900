// Products of matrices, each compiled once in src/ops/products.cpp: all operations and derivatives
// come here, and need no Eigen for it.
#pragma once

#include <cstddef>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz::ops {

/// A matrix over somebody else's memory, its rows one after another.
template <class T>
struct View {
  T* data;
  std::size_t rows, columns;
};

/// Rows [first, first + count) of a tensor.
template <class T>
View<const T> view_of(const Tensor& tensor, std::size_t first, std::size_t count) {
  return {tensor.values<T>().data() + first * tensor.columns(), count, tensor.columns()};
}
template <class T>
View<T> view_of(Tensor& tensor, std::size_t first, std::size_t count) {
  return {tensor.values<T>().data() + first * tensor.columns(), count, tensor.columns()};
}
template <class T>
View<const T> view_of(const Tensor& tensor) {
  return view_of<T>(tensor, 0, tensor.rows());
}

// For float and double; sizes must fit, and the result overlap neither factor.

/// into = A B
template <class T>
void set_product(View<const T> a, View<const T> b, View<T> into);
/// into = A Bᵀ
template <class T>
void set_product_transposed(View<const T> a, View<const T> b, View<T> into);
/// into += A B
template <class T>
void add_product(View<const T> a, View<const T> b, View<T> into);

/// into = Aᵀ B
void set_transposed_product(View<const double> a, View<const double> b, View<double> into);
/// into += A Bᵀ
void add_product_transposed(View<const double> a, View<const double> b, View<double> into);
/// into += Aᵀ B
void add_transposed_product(View<const double> a, View<const double> b, View<double> into);

// One row x, summed as a vector; `into` is one row too. A matrix of one row, above, may be summed
// in another order.

/// into += x B
void add_row_product(const double* x, View<const double> b, double* into);
/// into += x Bᵀ
void add_row_product_transposed(const double* x, View<const double> b, double* into);
/// into += aᵀ b of two rows, as long as `into` has rows and columns
void add_outer_product(const double* a, const double* b, View<double> into);

/// X [n, d] · W [d, c] + b [c] (if any), row block by row block on all cores.
Tensor product(const Tensor& x, const Tensor& w, const Tensor* bias = nullptr);

/// How many rows of a product to hand to one thread.
std::size_t product_block(std::size_t depth, std::size_t columns);

}  // namespace attn_viz::ops
