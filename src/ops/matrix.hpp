// Eigen over a tensor's memory, for the operations.
#pragma once

#include <Eigen/Core>
#include <cstddef>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/tensor.hpp"
#include "attn_viz/ops/operation.hpp"

namespace attn_viz::ops {

template <class T>
using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Rows [first, first + count) of a tensor, as a matrix over its memory.
template <class T>
Eigen::Map<const RowMajor<T>> rows_of(const Tensor& tensor, std::size_t first, std::size_t count) {
  const auto width = static_cast<Eigen::Index>(tensor.columns());
  return {tensor.values<T>().data() + first * tensor.columns(), static_cast<Eigen::Index>(count),
          width};
}

template <class T>
Eigen::Map<RowMajor<T>> rows_of(Tensor& tensor, std::size_t first, std::size_t count) {
  const auto width = static_cast<Eigen::Index>(tensor.columns());
  return {tensor.values<T>().data() + first * tensor.columns(), static_cast<Eigen::Index>(count),
          width};
}

template <class T>
Eigen::Map<const RowMajor<T>> matrix_of(const Tensor& tensor) {
  return rows_of<T>(tensor, 0, tensor.rows());
}

/// @throws Error kInvalid unless the inner sizes of a product agree.
inline void expect_equal_sizes(std::size_t a, std::size_t b, const char* what) {
  if (a == b) return;
  throw Error(ErrorCode::kInvalid, std::string(what) + " have unequal sizes: " + std::to_string(a) +
                                       " and " + std::to_string(b));
}

/// @throws Error kInvalid unless there are at least this many inputs.
inline void expect_inputs(Inputs inputs, std::size_t least) {
  if (inputs.size() >= least) return;
  throw Error(ErrorCode::kInvalid, "expected at least " + std::to_string(least) + " inputs, got " +
                                       std::to_string(inputs.size()));
}

/// X [n, d] · W [d, c] + b [c] (if any), row block by row block on all cores.
Tensor product(const Tensor& x, const Tensor& w, const Tensor* bias = nullptr);

/// How many rows of a product to hand to one thread.
std::size_t product_block(std::size_t depth, std::size_t columns);

}  // namespace attn_viz::ops
