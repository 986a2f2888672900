// Products of matrices: projections, weighted sums of values, heads side by side.
#include <algorithm>
#include <mutex>

#include "attn_viz/core/parallel.hpp"
#include "ops/matrix.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

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
                   auto rows = rows_of<T>(y, first, last - first);
                   rows.noalias() = rows_of<T>(x, first, last - first) * matrix_of<T>(w);
                   if (bias != nullptr) {
                     rows.rowwise() += Eigen::Map<const Eigen::Matrix<T, 1, Eigen::Dynamic>>(
                         bias->values<T>().data(), static_cast<Eigen::Index>(bias->count()));
                   }
                 });
  });
  return y;
}

namespace {

Outcome evaluate_linear(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  return {product(*inputs[0], *inputs[1], inputs.size() > 2 ? inputs[2] : nullptr)};
}

Outcome evaluate_concat(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  std::size_t width = 0;
  for (const Tensor* part : inputs) {
    expect_equal_sizes(part->rows(), inputs[0]->rows(), "the parts");
    width += part->columns();
  }
  Tensor whole(inputs[0]->dtype(), {inputs[0]->axes()[0], Axis{width}});
  dispatch(whole.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = whole.values<T>().data();
    for (std::size_t row = 0; row < whole.rows(); ++row) {
      for (const Tensor* part : inputs) {
        to = std::copy_n(part->values<T>().data() + row * part->columns(), part->columns(), to);
      }
    }
  });
  return {std::move(whole)};
}

std::string product_equation(std::span<const std::string> symbols, const Attributes&) {
  return symbols[0] + " " + symbols[1] + (symbols.size() > 2 ? " + " + symbols[2] : "");
}

std::string concat_equation(std::span<const std::string> symbols, const Attributes&) {
  std::string list;
  for (const std::string& symbol : symbols) list += (list.empty() ? "" : ", ") + symbol;
  return "[" + list + "]";
}

}  // namespace

const Operation linear{
    .name = "linear",
    .meaning = "each row times a matrix, plus a bias",
    .source = "Vaswani et al. 2017, section 3.2.2",
    .equation = product_equation,
    .evaluate = evaluate_linear,
    .terms = product_terms,
    .pull = linear_pull,
};

const Operation matmul{
    .name = "matmul",
    .meaning = "each row of weights sums the rows of values",
    .source = "Vaswani et al. 2017, eq. 1",
    .equation = product_equation,
    .evaluate = evaluate_linear,
    .terms = product_terms,
    .pull = linear_pull,
};

const Operation concat{
    .name = "concat",
    .meaning = "the columns of the heads side by side",
    .source = "Vaswani et al. 2017, section 3.2.2",
    .equation = concat_equation,
    .evaluate = evaluate_concat,
    .terms = concat_terms,
};

}  // namespace attn_viz::ops
