// Derivatives of products and scores.
#include "ops/pull_rows.hpp"

namespace attn_viz::ops {

using namespace pulls;

namespace {

using Vector = Eigen::RowVectorXd;

View<const double> input_view(const ConstRows& rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()),
          static_cast<std::size_t>(rows.cols())};
}
View<double> input_view(RowsTo rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()),
          static_cast<std::size_t>(rows.cols())};
}

template <class Of>
auto part_of(const Of& rows, Eigen::Index first, Eigen::Index count) {
  auto part = input_view(rows);
  part.data += first * rows.cols();
  part.rows = static_cast<std::size_t>(count);
  return part;
}

template <class Of>
auto row_of(const Of& rows, Eigen::Index i) {
  return part_of(rows, i, 1).data;
}

/// Vector i of A times B.
Vector row_times(const ConstRows& a, Eigen::Index i, const ConstRows& b) {
  Vector result = Vector::Zero(b.cols());
  add_row_product(row_of(a, i), input_view(b), result.data());
  return result;
}

}  // namespace

/// Y = X W + b: X̄ = Ȳ Wᵀ, W̄ = Xᵀ Ȳ, b̄ = Σ Ȳ.
void linear_pull(const Pullback& back) {
  const ConstRows by = from_rows(back), x = input_rows(back, 0), w = input_rows(back, 1);
  each_run(back, [&](Eigen::Index first, Eigen::Index count) {
    if (back.wants(0))
      add_product_transposed(part_of(by, first, count), input_view(w),
                             part_of(into_rows(back, 0), first, count));
    if (back.wants(1))
      add_transposed_product(part_of(x, first, count), part_of(by, first, count),
                             input_view(into_rows(back, 1)));
    if (back.inputs.size() > 2 && back.wants(2)) {
      Eigen::Map<Vector>(back.into[2].data(), by.cols()) +=
          by.middleRows(first, count).colwise().sum();
    }
  });
}

/// S = Q Kᵀ: Q̄ = S̄ K, K̄ = S̄ᵀ Q.
void dot_product_pull(const Pullback& back) {
  const ConstRows by = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1);
  each_run(back, [&](Eigen::Index first, Eigen::Index count) {
    const View<const double> s = part_of(by, first, count);
    if (back.wants(0))
      add_product<double>(s, input_view(k), part_of(into_rows(back, 0), first, count));
    if (back.wants(1))
      add_transposed_product(s, part_of(q, first, count), input_view(into_rows(back, 1)));
  });
}

/// S = Q W Kᵀ.
void bilinear_pull(const Pullback& back) {
  const ConstRows s = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1),
                  w = input_rows(back, 2);
  each_row(back, [&](Eigen::Index i) {
    const Vector of_product = row_times(s, i, k);  // by the row of Q W
    if (back.wants(0)) {
      add_row_product_transposed(of_product.data(), input_view(w), row_of(into_rows(back, 0), i));
    }
    if (back.wants(1)) {
      const Vector projected = row_times(q, i, w);
      add_outer_product(row_of(s, i), projected.data(), input_view(into_rows(back, 1)));
    }
    if (back.wants(2))
      add_outer_product(row_of(q, i), of_product.data(), input_view(into_rows(back, 2)));
  });
}

/// S = q̂ · k̂ of unit rows; along a row itself nothing changes: q̄ = (k̂ − s q̂) s̄ / ‖q‖.
void cosine_pull(const Pullback& back) {
  const ConstRows s = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1);
  each_row(back, [&](Eigen::Index i) {
    const double length = q.row(i).stableNorm();
    if (length == 0) return;
    const Vector unit = q.row(i) / length;
    for (Eigen::Index j = 0; j < s.cols(); ++j) {
      const double by = s(i, j), key_length = by == 0 ? 0 : k.row(j).stableNorm();
      if (key_length == 0) continue;
      const Vector key = k.row(j) / key_length;
      const double s_ij = unit.dot(key);
      if (back.wants(0)) into_rows(back, 0).row(i) += by / length * (key - s_ij * unit);
      if (back.wants(1)) into_rows(back, 1).row(j) += by / key_length * (unit - s_ij * key);
    }
  });
}

/// S = v · tanh(q W_query + k W_key + b); inputs Q, K, W_query, W_key, v[, b].
void additive_pull(const Pullback& back) {
  const ConstRows s = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1),
                  w_query = input_rows(back, 2), w_key = input_rows(back, 3);
  const Eigen::Map<const Vector> v(back.inputs[4]->values<double>().data(), w_key.cols());
  const bool biased = back.inputs.size() > 5;
  Rows projected(k.rows(), w_key.cols());
  set_product<double>(input_view(k), input_view(w_key),
                      {projected.data(), back.inputs[1]->rows(), back.inputs[3]->columns()});
  each_row(back, [&](Eigen::Index i) {
    Vector query = row_times(q, i, w_query);
    if (biased)
      query += Eigen::Map<const Vector>(back.inputs[5]->values<double>().data(), v.cols());
    Vector of_query = Vector::Zero(v.cols());
    for (Eigen::Index j = 0; j < s.cols(); ++j) {
      if (s(i, j) == 0) continue;
      const Vector u = (query + projected.row(j)).array().tanh();
      const Vector inner = s(i, j) * v.array() * (1 - u.array().square());
      of_query += inner;
      if (back.wants(1))
        add_row_product_transposed(inner.data(), input_view(w_key), row_of(into_rows(back, 1), j));
      if (back.wants(3))
        add_outer_product(row_of(k, j), inner.data(), input_view(into_rows(back, 3)));
      if (back.wants(4)) Eigen::Map<Vector>(back.into[4].data(), v.cols()) += s(i, j) * u;
    }
    if (back.wants(0))
      add_row_product_transposed(of_query.data(), input_view(w_query),
                                 row_of(into_rows(back, 0), i));
    if (back.wants(2))
      add_outer_product(row_of(q, i), of_query.data(), input_view(into_rows(back, 2)));
    if (biased && back.wants(5)) Eigen::Map<Vector>(back.into[5].data(), v.cols()) += of_query;
  });
}

/// A = softmax(scale · Q Kᵀ), masked or not: a hidden key has weight 0 and passes nothing on.
void attention_weights_pull(const Pullback& back) {
  const ConstRows a = matrix_of<double>(back.values), by = from_rows(back), q = input_rows(back, 0),
                  k = input_rows(back, 1);
  const double factor = back.attributes.get<double>("scale");
  each_row(back, [&](Eigen::Index i) {
    const double mean = a.row(i).dot(by.row(i));
    const Vector of_scores = factor * a.row(i).array() * (by.row(i).array() - mean);
    if (back.wants(0))
      add_row_product(of_scores.data(), input_view(k), row_of(into_rows(back, 0), i));
    if (back.wants(1))
      add_outer_product(of_scores.data(), row_of(q, i), input_view(into_rows(back, 1)));
  });
}

}  // namespace attn_viz::ops
