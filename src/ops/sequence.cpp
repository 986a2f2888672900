// Rows of a sequence moved, repeated, cut and put together.
#include <algorithm>

#include "ops/expect.hpp"
#include "ops/terms.hpp"
#include "ops/whole.hpp"

namespace attn_viz::ops {
namespace {

/// Copies a row of numbers of the same dtype to another tensor.
void copy_row(const Tensor& from, std::size_t row, Tensor& to, std::size_t target) {
  dispatch(to.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::copy_n(from.values<T>().data() + row * from.columns(), from.columns(),
                to.values<T>().data() + target * to.columns());
  });
}

/// (X [n, d][, first [d]]) → row i is row i − 1 of X; row 0 is `first`, or zeros.
Outcome evaluate_shift_rows(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  if (inputs.size() > 1) expect_equal_sizes(inputs[1]->count(), x.columns(), "the first row");
  Tensor y(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    std::fill_n(y.values<decltype(zero)>().begin(), x.rows() == 0 ? 0 : x.columns(), zero);
  });
  if (inputs.size() > 1 && x.rows() > 0) copy_row(*inputs[1], 0, y, 0);
  for (std::size_t row = 1; row < x.rows(); ++row) copy_row(x, row - 1, y, row);
  return {std::move(y)};
}

/// (c [1, d] or [d], Y [n, …]) → c once for every row of Y.
Outcome evaluate_repeat_rows(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor& row = *inputs[0];
  expect_equal_sizes(row.rows(), 1, "the rows to repeat and one row");
  Tensor y(row.dtype(), {inputs[1]->axes()[0], row.axes().back()});
  for (std::size_t i = 0; i < y.rows(); ++i) copy_row(row, 0, y, i);
  return {std::move(y)};
}

/// ([n, d], [m, d], …) → [n + m + …, d]; attribute "axis" names what the rows run over.
Outcome evaluate_stack_rows(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  std::size_t rows = 0;
  for (const Tensor* part : inputs) {
    expect_equal_sizes(part->columns(), inputs[0]->columns(), "the columns of the rows");
    rows += part->rows();
  }
  Tensor y(inputs[0]->dtype(),
           {Axis{rows, attributes.get_or<std::string>("axis", "")}, inputs[0]->axes().back()});
  std::size_t to = 0;
  for (const Tensor* part : inputs) {
    for (std::size_t row = 0; row < part->rows(); ++row) copy_row(*part, row, y, to++);
  }
  return {std::move(y)};
}

/// [n, d] → [1, n · d].
Outcome evaluate_join_rows(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  Tensor x = *inputs[0];
  const std::size_t count = x.count();
  return {std::move(x).with_axes({Axis{1}, Axis{count}})};
}

/// Rows [first, first + rows) of a matrix.
Outcome evaluate_slice_rows(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const std::size_t first = whole(attributes, "first"), rows = whole(attributes, "rows");
  if (first + rows > x.rows()) {
    throw Error(ErrorCode::kInvalid, "expected attributes \"first\" and \"rows\" within the " +
                                         std::to_string(x.rows()) + " rows");
  }
  Tensor y(x.dtype(), {Axis{rows}, x.axes().back()});
  for (std::size_t row = 0; row < rows; ++row) copy_row(x, first + row, y, row);
  return {std::move(y)};
}

/// (Q [n, …], K [m, …]) → [n, m]: 1 / m each, or 1 for the key of attribute "key".
Outcome evaluate_fixed_weights(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const std::size_t m = inputs[1]->rows();
  const bool one = attributes.find("key") != nullptr;
  const std::size_t key = one ? whole(attributes, "key") : 0;
  if (m == 0 || key >= m) throw Error(ErrorCode::kInvalid, "there is no such key");
  Tensor weights(inputs[0]->dtype(), {inputs[0]->axes()[0], inputs[1]->axes()[0]});
  dispatch(weights.dtype(), [&](auto zero) {
    using T = decltype(zero);
    auto values = weights.values<T>();
    const T share = one ? T{0} : static_cast<T>(1 / static_cast<double>(m));
    std::fill(values.begin(), values.end(), share);
    for (std::size_t i = 0; one && i < weights.rows(); ++i) values[i * m + key] = 1;
  });
  return {std::move(weights)};
}

/// (A, B) → A − B.
Outcome evaluate_subtract(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &a = *inputs[0], &b = *inputs[1];
  expect_equal_sizes(a.rows(), b.rows(), "the rows of the matrices");
  expect_equal_sizes(a.columns(), b.columns(), "the columns of the matrices");
  Tensor difference = a;
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < a.count(); ++i) difference.values<T>()[i] -= b.values<T>()[i];
  });
  return {std::move(difference)};
}

}  // namespace

const Operation shift_rows{
    .name = "shift-rows",
    .meaning = "each row moves one place down: what stood before",
    .source = "Sutskever et al. 2014, section 2 (the decoder reads what it has written)",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + "_(i−1), first " + (s.size() > 1 ? s[1] : "0");
        },
    .evaluate = evaluate_shift_rows,
    .terms = shift_rows_terms,
};

const Operation repeat_rows{
    .name = "repeat-rows",
    .meaning = "one row, the same for all",
    .source = "Cho et al. 2014, section 2.2 (the summary c)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " for each row of " + s[1]; },
    .evaluate = evaluate_repeat_rows,
    .terms = repeat_rows_terms,
};

const Operation stack_rows{
    .name = "stack-rows",
    .meaning = "rows one below the other",
    .source = "",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          if (s.size() == 1) return s[0];
          // Rows of the same kind, told apart by their numbers.
          const bool same = s[0] == s.back();
          const std::string last = std::to_string(s.size() - 1);
          return "[" + s[0] + (same ? "_0" : "") + (s.size() > 2 ? "; …; " : "; ") + s.back() +
                 (same ? "_" + last : "") + "]";
        },
    .evaluate = evaluate_stack_rows,
    .terms = stack_rows_terms,
};

const Operation join_rows{
    .name = "join-rows",
    .meaning = "all rows side by side, as one row",
    .source = "Qiu, nndl, section 8.2 (multi-head attention)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "the rows of " + s[0] + " side by side"; },
    .evaluate = evaluate_join_rows,
    .terms = join_rows_terms,
};

const Operation slice_rows{
    .name = "slice-rows",
    .meaning = "some rows of a matrix",
    .source = "",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const auto first = static_cast<long long>(attributes.get<double>("first"));
          const auto rows = static_cast<long long>(attributes.get<double>("rows"));
          return "rows " + std::to_string(first) + " to " + std::to_string(first + rows - 1) +
                 " of " + s[0];
        },
    .evaluate = evaluate_slice_rows,
    .terms = slice_rows_terms,
};

const Operation fixed_weights{
    .name = "fixed-weights",
    .meaning = "the same weights for all queries: even, or all on one key",
    .source = "Sutskever et al. 2014; Cho et al. 2014 (no attention)",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          if (attributes.find("key") == nullptr) return "1 / number of rows of " + s[1];
          const auto key = static_cast<long long>(attributes.get<double>("key"));
          return "1 for row " + std::to_string(key) + " of " + s[1] + ", else 0";
        },
    .evaluate = evaluate_fixed_weights,
    .terms = fixed_weights_terms,
    .rows_sum_to_one = true,
};

const Operation subtract{
    .name = "subtract",
    .meaning = "the difference of two matrices",
    .source = "",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " − " + s[1]; },
    .evaluate = evaluate_subtract,
    .terms = subtract_terms,
};

}  // namespace attn_viz::ops
