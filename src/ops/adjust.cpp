// What may happen to the scores between the similarity and the normaliser.
// The order is fixed: scale, softcap, bias, mask; the scale never multiplies the bias.
#include <cmath>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// The tensor with `change` applied to every value.
template <class Change>
Tensor each_value(const Tensor& x, Change change) {
  Tensor y(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    T* to = y.values<T>().data();
    parallel_for(x.count(), rows_per_block(1), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) to[i] = change(from[i]);
    });
  });
  return y;
}

Outcome evaluate_scale(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double factor = attributes.get<double>("scale");
  return {each_value(*inputs[0], [=](auto s) { return s * static_cast<decltype(s)>(factor); })};
}

Outcome evaluate_softcap(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double cap = attributes.get<double>("cap");
  // In float64, because a cap may be 0 or infinite in float32.
  return {each_value(*inputs[0], [=](auto s) {
    return static_cast<decltype(s)>(cap * std::tanh(static_cast<double>(s) / cap));
  })};
}

Outcome evaluate_add(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  Tensor sum = *inputs[0];
  for (const Tensor* b : inputs.subspan(1)) {
    expect_equal_sizes(sum.rows(), b->rows(), "the rows of the summands");
    expect_equal_sizes(sum.columns(), b->columns(), "the columns of the summands");
    dispatch(sum.dtype(), [&](auto zero) {
      using T = decltype(zero);
      for (std::size_t i = 0; i < sum.count(); ++i) sum.values<T>()[i] += b->values<T>()[i];
    });
  }
  return {std::move(sum)};
}

}  // namespace

const Operation scale{
    .name = "scale",
    .meaning = "every score times a constant",
    .source = "Vaswani et al. 2017, eq. 1",
    .equation = [](std::span<const std::string> s, const Attributes&) { return "scale · " + s[0]; },
    .evaluate = evaluate_scale,
    .terms = scale_terms,
};

const Operation softcap{
    .name = "softcap",
    .meaning = "scores bent smoothly into (−cap, cap)",
    .source = "Gemma Team 2024 (Gemma 2), section 2",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "cap · tanh(" + s[0] + " / cap)"; },
    .evaluate = evaluate_softcap,
    .terms = softcap_terms,
};

const Operation add{
    .name = "add",
    .meaning = "the sum of matrices of one shape",
    .source = "",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          std::string sum = s[0];
          for (const std::string& symbol : s.subspan(1)) sum += " + " + symbol;
          return sum;
        },
    .evaluate = evaluate_add,
    .terms = add_terms,
};

}  // namespace attn_viz::ops
