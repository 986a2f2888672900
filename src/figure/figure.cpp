#include "attn_viz/figure/figure.hpp"

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {

Matrix::Matrix(const Tensor& tensor) : rows_(tensor.rows()), columns_(tensor.columns()) {
  dispatch(tensor.dtype(), [&](auto zero) { values_ = tensor.values<decltype(zero)>(); });
}

Matrix Matrix::of_row(const Tensor& tensor, std::size_t row, std::size_t rows, std::size_t columns,
                      std::size_t first) {
  if (row >= tensor.rows() || first + rows * columns > tensor.columns())
    throw Error(ErrorCode::kBug, "a row of a tensor cannot be folded to more cells than it has");
  return dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    return Matrix(tensor.values<T>().subspan(row * tensor.columns() + first, rows * columns), rows,
                  columns);
  });
}

}  // namespace attn_viz::figure
