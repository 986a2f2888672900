// Eigen over a tensor's memory, for the operations. Products are in ops/products.hpp.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "attn_viz/core/tensor.hpp"
#include "ops/products.hpp"

namespace attn_viz::ops {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class T>
Eigen::Map<const RowMajor<T>> matrix_of(View<const T> view) {
  return {view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.columns)};
}

template <class T>
Eigen::Map<RowMajor<T>> matrix_of(View<T> view) {
  return {view.data, static_cast<Eigen::Index>(view.rows), static_cast<Eigen::Index>(view.columns)};
}

/// Rows [first, first + count) of a tensor, as a matrix over its memory.
template <class T>
Eigen::Map<const RowMajor<T>> rows_of(const Tensor& tensor, std::size_t first, std::size_t count) {
  return matrix_of(view_of<T>(tensor, first, count));
}

template <class T>
Eigen::Map<RowMajor<T>> rows_of(Tensor& tensor, std::size_t first, std::size_t count) {
  return matrix_of(view_of<T>(tensor, first, count));
}

template <class T>
Eigen::Map<const RowMajor<T>> matrix_of(const Tensor& tensor) {
  return rows_of<T>(tensor, 0, tensor.rows());
}

}  // namespace attn_viz::ops
