#include "ops/products.hpp"

#include <algorithm>
#include <mutex>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/matrix.hpp"

namespace attn_viz::ops {

std::size_t product_block(std::size_t depth, std::size_t columns) {
  // Eigen blocks its products by the size of the caches that it finds; the order of summation, and
  // with it the last bit, must not depend on the machine.
  static std::once_flag once;
  std::call_once(once, [] { Eigen::setCpuCacheSizes(32 << 10, 512 << 10, 4 << 20); });
  // Eigen does a few multiplications a nanosecond. Each block packs the right matrix anew, so
  // blocks must not be small.
  constexpr std::size_t kFewest = 64;
  const std::size_t rows = rows_per_block(depth * columns / 4);
  return rows < kFewest ? kFewest : (rows + 7) / 8 * 8;
}

template <class T>
void set_product(View<const T> a, View<const T> b, View<T> into) {
  matrix_of(into).noalias() = matrix_of(a) * matrix_of(b);
}

template <class T>
void set_product_transposed(View<const T> a, View<const T> b, View<T> into) {
  matrix_of(into).noalias() = matrix_of(a) * matrix_of(b).transpose();
}

template <class T>
void add_product(View<const T> a, View<const T> b, View<T> into) {
  matrix_of(into).noalias() += matrix_of(a) * matrix_of(b);
}

template void set_product(View<const float>, View<const float>, View<float>);
template void set_product(View<const double>, View<const double>, View<double>);
template void set_product_transposed(View<const float>, View<const float>, View<float>);
template void set_product_transposed(View<const double>, View<const double>, View<double>);
template void add_product(View<const float>, View<const float>, View<float>);
template void add_product(View<const double>, View<const double>, View<double>);

void set_transposed_product(View<const double> a, View<const double> b, View<double> into) {
  matrix_of(into).noalias() = matrix_of(a).transpose() * matrix_of(b);
}

void add_product_transposed(View<const double> a, View<const double> b, View<double> into) {
  matrix_of(into).noalias() += matrix_of(a) * matrix_of(b).transpose();
}

void add_transposed_product(View<const double> a, View<const double> b, View<double> into) {
  matrix_of(into).noalias() += matrix_of(a).transpose() * matrix_of(b);
}

void add_row_product(const double* x, View<const double> b, double* into) {
  const Eigen::Map<const Eigen::RowVectorXd> row(x, static_cast<Eigen::Index>(b.rows));
  Eigen::Map<Eigen::RowVectorXd>(into, static_cast<Eigen::Index>(b.columns)).noalias() +=
      row * matrix_of(b);
}

void add_row_product_transposed(const double* x, View<const double> b, double* into) {
  const Eigen::Map<const Eigen::RowVectorXd> row(x, static_cast<Eigen::Index>(b.columns));
  Eigen::Map<Eigen::RowVectorXd>(into, static_cast<Eigen::Index>(b.rows)).noalias() +=
      row * matrix_of(b).transpose();
}

void add_outer_product(const double* a, const double* b, View<double> into) {
  for (std::size_t i = 0; i < into.rows; ++i) {
    double* row = into.data + i * into.columns;
    for (std::size_t j = 0; j < into.columns; ++j) row[j] += a[i] * b[j];
  }
}

Tensor product(const Tensor& x, const Tensor& w, const Tensor* bias) {
  expect_equal_sizes(x.columns(), w.rows(),
                     "the columns of the left and the rows of the right matrix");
  if (bias != nullptr) {
    expect_equal_sizes(w.columns(), bias->count(), "the columns of the matrix and the bias");
  }
  Tensor y(x.dtype(), {x.axes()[0], w.axes()[1]});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(x.rows(), product_block(x.columns(), w.columns()),
                 [&](std::size_t first, std::size_t last) {
                   const View<T> rows = view_of<T>(y, first, last - first);
                   set_product<T>(view_of<T>(x, first, last - first), view_of<T>(w), rows);
                   if (bias == nullptr) return;
                   const T* added = bias->values<T>().data();
                   for (T* row = rows.data; row != rows.data + rows.rows * rows.columns;
                        row += rows.columns) {
                     for (std::size_t j = 0; j < rows.columns; ++j) row[j] += added[j];
                   }
                 });
  });
  return y;
}

}  // namespace attn_viz::ops
