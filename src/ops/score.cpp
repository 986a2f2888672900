// Scoring functions: how well a key answers a query. Q is [n, d_q], K is [m, d_k], S is [n, m].
#include <algorithm>
#include <cmath>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/matrix.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

Tensor scores_like(const Tensor& q, const Tensor& k) {
  return Tensor(q.dtype(), {q.axes()[0], k.axes()[0]});
}

/// S = Q Kᵀ.
Tensor all_dot_products(const Tensor& q, const Tensor& k) {
  expect_equal_sizes(q.columns(), k.columns(), "a query and a key");
  Tensor s = scores_like(q, k);
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(q.rows(), product_block(q.columns(), k.rows()),
                 [&](std::size_t first, std::size_t last) {
                   const std::size_t count = last - first;
                   set_product_transposed<T>(view_of<T>(q, first, count), view_of<T>(k),
                                             view_of<T>(s, first, count));
                 });
  });
  return s;
}

Outcome evaluate_dot_product(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  return {all_dot_products(*inputs[0], *inputs[1])};
}

/// Every row divided by its length; rows of length 0 stay 0 and are listed. The row's largest
/// entry is divided out first, so that the squares neither overflow nor vanish.
Tensor unit_rows(const Tensor& x, std::vector<double>& zero_rows) {
  Tensor unit(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < x.rows(); ++i) {
      const auto from = rows_of<T>(x, i, 1);
      auto to = rows_of<T>(unit, i, 1);
      const T largest = from.size() == 0 ? T{0} : from.cwiseAbs().maxCoeff();
      if (largest == 0) {
        zero_rows.push_back(static_cast<double>(i));
        to.setZero();
        continue;
      }
      to = from / largest;
      to /= to.norm();
    }
  });
  return unit;
}

Outcome evaluate_cosine(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  std::vector<double> zero_queries, zero_keys;
  const Tensor q = unit_rows(*inputs[0], zero_queries);
  const Tensor k = unit_rows(*inputs[1], zero_keys);
  Outcome outcome{all_dot_products(q, k)};
  // Rounding may carry parallel vectors past ±1.
  dispatch(outcome.values.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (T& s : outcome.values.values<T>()) s = std::clamp<T>(s, -1, 1);
  });
  if (!zero_queries.empty()) outcome.findings.set("zero_queries", std::move(zero_queries));
  if (!zero_keys.empty()) outcome.findings.set("zero_keys", std::move(zero_keys));
  return outcome;
}

/// Inputs Q, K, W_query [d_q, a], W_key [d_k, a], v [a], and perhaps a bias [a].
Outcome evaluate_additive(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 5);
  const Tensor& v = *inputs[4];
  // Each query and each key is projected once; only the tanh is needed for every pair.
  const Tensor q = product(*inputs[0], *inputs[2], inputs.size() > 5 ? inputs[5] : nullptr);
  const Tensor k = product(*inputs[1], *inputs[3]);
  expect_equal_sizes(q.columns(), k.columns(), "the projected query and key");
  expect_equal_sizes(q.columns(), v.count(), "the projected query and v");

  Tensor s = scores_like(*inputs[0], *inputs[1]);
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t a = v.count(), m = k.rows();
    const T* vs = v.values<T>().data();
    parallel_for(q.rows(), rows_per_block(10 * m * a), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const T* qs = q.values<T>().data() + i * a;
        const T* ks = k.values<T>().data();
        T* row = s.values<T>().data() + i * m;
        for (std::size_t j = 0; j < m; ++j, ks += a) {
          T sum = 0;
          for (std::size_t t = 0; t < a; ++t) sum += vs[t] * std::tanh(qs[t] + ks[t]);
          row[j] = sum;
        }
      }
    });
  });
  return {std::move(s)};
}

/// Inputs Q, K, W [d_q, d_k]: S = Q W Kᵀ.
Outcome evaluate_bilinear(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  return {all_dot_products(product(*inputs[0], *inputs[2]), *inputs[1])};
}

}  // namespace

const Operation dot_product{
    .name = "dot-product",
    .meaning = "the dot product of each query with each key",
    .source = "Luong et al. 2015, section 3.1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " " + s[1] + "ᵀ"; },
    .evaluate = evaluate_dot_product,
    .terms = dot_product_terms,
    .pull = dot_product_pull,
};

const Operation additive{
    .name = "additive",
    .meaning = "a small network on the sum of the projected query and key",
    .source = "Bahdanau et al. 2015, appendix A.1.2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[4] + " · tanh(" + s[0] + " " + s[2] + " + " + s[1] + " " + s[3] +
                 (s.size() > 5 ? " + " + s[5] : "") + ")";
        },
    .evaluate = evaluate_additive,
    .terms = additive_terms,
    .pull = additive_pull,
};

const Operation cosine{
    .name = "cosine",
    .meaning = "the cosine of the angle between query and key; 0 where a length is 0",
    .source = "Graves et al. 2014, eq. 6",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "cos(" + s[0] + ", " + s[1] + ")"; },
    .evaluate = evaluate_cosine,
    .terms = cosine_terms,
    .pull = cosine_pull,
};

const Operation bilinear{
    .name = "bilinear",
    .meaning = "query times a matrix times key",
    .source = "Luong et al. 2015, section 3.1 (general)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " " + s[2] + " " + s[1] + "ᵀ"; },
    .evaluate = evaluate_bilinear,
    .terms = bilinear_terms,
    .pull = bilinear_pull,
};

}  // namespace attn_viz::ops
