// Relative positions in keys and values: a table [2K + 1, d] with a row for each distance j − i,
// cut at −K and K.
#include <algorithm>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/products.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// The largest distance that a table tells apart.
std::size_t reach_of(const Tensor& table) {
  if (table.rows() % 2 == 1) return table.rows() / 2;
  throw Error(ErrorCode::kInvalid,
              "expected a table with an odd number of rows, got " + std::to_string(table.rows()));
}

/// The row of the table for query i and key j.
std::size_t table_row(std::size_t i, std::size_t j, std::size_t reach) {
  return j < i ? reach - std::min(reach, i - j) : reach + std::min(reach, j - i);
}

/// Inputs Q [n, d], K [m, d], a [2K + 1, d]: S_ij = q_i · (k_j + a_(j − i)).
Outcome evaluate_relative_dot_product(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  const Tensor &q = *inputs[0], &k = *inputs[1], &table = *inputs[2];
  expect_equal_sizes(q.columns(), k.columns(), "a query and a key");
  expect_equal_sizes(q.columns(), table.columns(), "a query and a row of the table");
  const std::size_t reach = reach_of(table), n = q.rows(), m = k.rows();
  Tensor s(q.dtype(), {q.axes()[0], k.axes()[0]});
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(n, product_block(q.columns(), m), [&](std::size_t first, std::size_t last) {
      const std::size_t count = last - first;
      const View<const T> queries = view_of<T>(q, first, count);
      set_product_transposed<T>(queries, view_of<T>(k), view_of<T>(s, first, count));
      // A query meets each row of the table once; the pairs look the result up.
      std::vector<T> by_distance(count * table.rows());
      set_product_transposed<T>(queries, view_of<T>(table),
                                {by_distance.data(), count, table.rows()});
      for (std::size_t i = first; i < last; ++i) {
        T* row = s.values<T>().data() + i * m;
        const T* of_query = by_distance.data() + (i - first) * table.rows();
        for (std::size_t j = 0; j < m; ++j) row[j] += of_query[table_row(i, j, reach)];
      }
    });
  });
  return {std::move(s)};
}

/// Inputs A [n, m], V [m, d], a [2K + 1, d]: O_i = Σ_j A_ij (v_j + a_(j − i)).
Outcome evaluate_relative_matmul(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  const Tensor &a = *inputs[0], &v = *inputs[1], &table = *inputs[2];
  expect_equal_sizes(a.columns(), v.rows(), "a row of weights and the values");
  expect_equal_sizes(v.columns(), table.columns(), "a value and a row of the table");
  const std::size_t reach = reach_of(table), n = a.rows(), m = v.rows();
  Tensor o(a.dtype(), {a.axes()[0], v.axes()[1]});
  dispatch(o.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(n, product_block(m, v.columns()), [&](std::size_t first, std::size_t last) {
      const std::size_t count = last - first;
      const View<T> rows = view_of<T>(o, first, count);
      set_product<T>(view_of<T>(a, first, count), view_of<T>(v), rows);
      // The weights of a row, summed by distance.
      std::vector<T> by_distance(count * table.rows());
      for (std::size_t i = first; i < last; ++i) {
        const T* row = a.values<T>().data() + i * m;
        T* of_query = by_distance.data() + (i - first) * table.rows();
        for (std::size_t j = 0; j < m; ++j) of_query[table_row(i, j, reach)] += row[j];
      }
      add_product<T>({by_distance.data(), count, table.rows()}, view_of<T>(table), rows);
    });
  });
  return {std::move(o)};
}

}  // namespace

const Operation relative_dot_product{
    .name = "relative-dot-product",
    .meaning = "the dot product of a query with a key plus the vector of their distance",
    .source = "Shaw et al. 2018, eq. 4",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + " · (" + s[1] + " + " + s[2] + "[clip(j − i)])";
        },
    .evaluate = evaluate_relative_dot_product,
    .terms = relative_dot_product_terms,
};

const Operation relative_matmul{
    .name = "relative-matmul",
    .meaning = "each row of weights sums values plus the vectors of their distances",
    .source = "Shaw et al. 2018, eq. 3",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + " (" + s[1] + " + " + s[2] + "[clip(j − i)])";
        },
    .evaluate = evaluate_relative_matmul,
    .terms = relative_matmul_terms,
};

}  // namespace attn_viz::ops
