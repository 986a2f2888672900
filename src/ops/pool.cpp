// From the rows of a sequence to one row.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

Outcome evaluate_mean_rows(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const std::size_t n = x.rows(), d = x.columns();
  if (n == 0) throw Error(ErrorCode::kInvalid, "there is no row to take the mean of");
  Tensor y(x.dtype(), {Axis{1}, x.axes().back()});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<double> sums(d, 0);
    for (std::size_t i = 0; i < n * d; ++i) sums[i % d] += static_cast<double>(x.values<T>()[i]);
    for (std::size_t j = 0; j < d; ++j) {
      y.values<T>()[j] = static_cast<T>(sums[j] / static_cast<double>(n));
    }
  });
  return {std::move(y)};
}

Outcome evaluate_select_row(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const double row = attributes.get<double>("row");
  if (!(row >= 0 && row < static_cast<double>(x.rows())) || row != std::floor(row)) {
    throw Error(ErrorCode::kInvalid, "expected the number of one of the " +
                                         std::to_string(x.rows()) + " rows as attribute \"row\"");
  }
  Tensor y(x.dtype(), {Axis{1}, x.axes().back()});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto first = static_cast<std::size_t>(row) * x.columns();
    std::copy_n(x.values<T>().data() + first, x.columns(), y.values<T>().data());
  });
  return {std::move(y)};
}

}  // namespace

const Operation mean_rows{
    .name = "mean-rows",
    .meaning = "the mean of all rows, as one row",
    .source = "Lin, Chen, Yan 2014, section 3.2 (global average pooling)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "mean of the rows of " + s[0]; },
    .evaluate = evaluate_mean_rows,
    .terms = mean_rows_terms,
};

const Operation select_row{
    .name = "select-row",
    .meaning = "one row alone, such as that of a class token",
    .source = "Dosovitskiy et al. 2021, eq. 4",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const auto row = static_cast<long long>(attributes.get<double>("row"));
          return "row " + std::to_string(row) + " of " + s[0];
        },
    .evaluate = evaluate_select_row,
    .terms = select_row_terms,
};

}  // namespace attn_viz::ops
