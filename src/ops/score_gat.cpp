// The score of graph attention networks: a linear layer on the pair, then a leaky relu.
#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// Row times part of a vector, for each row of X.
template <class T>
std::vector<T> shares(const Tensor& x, const T* a) {
  std::vector<T> sums(x.rows(), 0);
  const T* row = x.values<T>().data();
  for (T& sum : sums) {
    for (std::size_t t = 0; t < x.columns(); ++t) sum += *row++ * a[t];
  }
  return sums;
}

/// Inputs Q [n, d_q], K [m, d_k], a [d_q + d_k]; attribute "slope".
Outcome evaluate_gat(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Tensor &q = *inputs[0], &k = *inputs[1], &a = *inputs[2];
  const double slope = attributes.get<double>("slope");
  expect_equal_sizes(q.columns() + k.columns(), a.count(), "a query beside a key, and a");
  Tensor s(q.dtype(), {q.axes()[0], k.axes()[0]});
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    // aᵀ[q ‖ k] is a share of the query plus a share of the key.
    const std::vector<T> of_query = shares<T>(q, a.values<T>().data());
    const std::vector<T> of_key = shares<T>(k, a.values<T>().data() + q.columns());
    const std::size_t m = k.rows();
    T* scores = s.values<T>().data();
    parallel_for(q.rows(), rows_per_block(m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
          const T e = of_query[i] + of_key[j];
          scores[i * m + j] = e > 0 ? e : static_cast<T>(slope) * e;
        }
      }
    });
  });
  return {std::move(s)};
}

}  // namespace

const Operation gat{
    .name = "gat",
    .meaning = "a vector times query and key side by side; negative results shrink",
    .source = "Veličković et al. 2018, Graph attention networks, eq. 1 and 3",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "LeakyReLU(" + s[2] + " · [" + s[0] + " ‖ " + s[1] + "])";
        },
    .evaluate = evaluate_gat,
    .terms = gat_terms,
};

}  // namespace attn_viz::ops
