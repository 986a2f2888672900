// Products of matrices: projections, weighted sums of values, heads side by side.
#include <algorithm>

#include "ops/expect.hpp"
#include "ops/products.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {

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
