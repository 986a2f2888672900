// Derivatives of products, scores and of what is computed from products.
#include <Eigen/LU>
#include <cmath>
#include <vector>

#include "ops/pull.hpp"

namespace attn_viz::ops {

using namespace pulls;

/// Y = X W + b: X̄ = Ȳ Wᵀ, W̄ = Xᵀ Ȳ, b̄ = Σ Ȳ.
void linear_pull(const Pullback& back) {
  const ConstRows by = from_rows(back), x = input_rows(back, 0), w = input_rows(back, 1);
  each_run(back, [&](Eigen::Index first, Eigen::Index count) {
    const auto y = by.middleRows(first, count);
    if (back.wants(0)) into_rows(back, 0).middleRows(first, count).noalias() += y * w.transpose();
    if (back.wants(1)) into_rows(back, 1).noalias() += x.middleRows(first, count).transpose() * y;
    if (back.inputs.size() > 2 && back.wants(2)) {
      Eigen::Map<Eigen::RowVectorXd>(back.into[2].data(), y.cols()) += y.colwise().sum();
    }
  });
}

/// S = Q Kᵀ: Q̄ = S̄ K, K̄ = S̄ᵀ Q.
void dot_product_pull(const Pullback& back) {
  const ConstRows by = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1);
  each_run(back, [&](Eigen::Index first, Eigen::Index count) {
    const auto s = by.middleRows(first, count);
    if (back.wants(0)) into_rows(back, 0).middleRows(first, count).noalias() += s * k;
    if (back.wants(1)) into_rows(back, 1).noalias() += s.transpose() * q.middleRows(first, count);
  });
}

/// S = Q W Kᵀ.
void bilinear_pull(const Pullback& back) {
  const ConstRows s = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1),
                  w = input_rows(back, 2);
  each_row(back, [&](Eigen::Index i) {
    const Eigen::RowVectorXd of_product = s.row(i) * k;  // by the row of Q W
    if (back.wants(0)) into_rows(back, 0).row(i).noalias() += of_product * w.transpose();
    if (back.wants(1)) into_rows(back, 1).noalias() += s.row(i).transpose() * (q.row(i) * w);
    if (back.wants(2)) into_rows(back, 2).noalias() += q.row(i).transpose() * of_product;
  });
}

/// S = q̂ · k̂ of unit rows; along a row itself nothing changes: q̄ = (k̂ − s q̂) s̄ / ‖q‖.
void cosine_pull(const Pullback& back) {
  const ConstRows s = from_rows(back), q = input_rows(back, 0), k = input_rows(back, 1);
  each_row(back, [&](Eigen::Index i) {
    const double length = q.row(i).stableNorm();
    if (length == 0) return;
    const Eigen::RowVectorXd unit = q.row(i) / length;
    for (Eigen::Index j = 0; j < s.cols(); ++j) {
      const double by = s(i, j), key_length = by == 0 ? 0 : k.row(j).stableNorm();
      if (key_length == 0) continue;
      const Eigen::RowVectorXd key = k.row(j) / key_length;
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
  const Eigen::Map<const Eigen::RowVectorXd> v(back.inputs[4]->values<double>().data(),
                                               w_key.cols());
  const bool biased = back.inputs.size() > 5;
  const Rows projected = k * w_key;
  each_row(back, [&](Eigen::Index i) {
    Eigen::RowVectorXd query = q.row(i) * w_query;
    if (biased)
      query +=
          Eigen::Map<const Eigen::RowVectorXd>(back.inputs[5]->values<double>().data(), v.cols());
    Eigen::RowVectorXd of_query = Eigen::RowVectorXd::Zero(v.cols());
    for (Eigen::Index j = 0; j < s.cols(); ++j) {
      if (s(i, j) == 0) continue;
      const Eigen::RowVectorXd u = (query + projected.row(j)).array().tanh();
      const Eigen::RowVectorXd inner = s(i, j) * v.array() * (1 - u.array().square());
      of_query += inner;
      if (back.wants(1)) into_rows(back, 1).row(j).noalias() += inner * w_key.transpose();
      if (back.wants(3)) into_rows(back, 3).noalias() += k.row(j).transpose() * inner;
      if (back.wants(4))
        Eigen::Map<Eigen::RowVectorXd>(back.into[4].data(), v.cols()) += s(i, j) * u;
    }
    if (back.wants(0)) into_rows(back, 0).row(i).noalias() += of_query * w_query.transpose();
    if (back.wants(2)) into_rows(back, 2).noalias() += q.row(i).transpose() * of_query;
    if (biased && back.wants(5))
      Eigen::Map<Eigen::RowVectorXd>(back.into[5].data(), v.cols()) += of_query;
  });
}

/// A = softmax(scale · Q Kᵀ), masked or not: a hidden key has weight 0 and passes nothing on.
void attention_weights_pull(const Pullback& back) {
  const ConstRows a = matrix_of<double>(back.values), by = from_rows(back), q = input_rows(back, 0),
                  k = input_rows(back, 1);
  const double factor = back.attributes.get<double>("scale");
  each_row(back, [&](Eigen::Index i) {
    const double mean = a.row(i).dot(by.row(i));
    const Eigen::RowVectorXd of_scores = factor * a.row(i).array() * (by.row(i).array() - mean);
    if (back.wants(0)) into_rows(back, 0).row(i).noalias() += of_scores * k;
    if (back.wants(1)) into_rows(back, 1).noalias() += of_scores.transpose() * q.row(i);
  });
}

namespace {

/// Back through Z ← ¼ Z (13 I − A Z (15 I − A Z (7 I − A Z))), from Z = Aᵀ / (‖A‖₁ ‖A‖∞).
Rows back_through_iterations(const Rows& a, std::size_t iterations, Rows of_z) {
  const auto columns = a.cwiseAbs().colwise().sum().eval();
  const auto rows = a.cwiseAbs().rowwise().sum().eval();
  Eigen::Index column = 0, row = 0;
  const double norms = columns.maxCoeff(&column) * rows.maxCoeff(&row);
  Rows of_a = Rows::Zero(a.rows(), a.cols());
  if (!(norms > 0)) return of_a;
  const Rows identity = Rows::Identity(a.rows(), a.rows());
  std::vector<Rows> z{Rows(a.transpose() / norms)};
  const auto inner = [&](const Rows& p) { return Rows(15 * identity - p * (7 * identity - p)); };
  for (std::size_t i = 0; i < iterations; ++i) {
    const Rows p = a * z.back();
    z.push_back(Rows(0.25 * z.back() * (13 * identity - p * inner(p))));
  }
  for (std::size_t i = iterations; i-- > 0;) {
    // p = A z, s = 7 I − p, r = 15 I − p s, t = 13 I − p r, z′ = ¼ z t.
    const Rows p = a * z[i], s = 7 * identity - p, r = inner(p), t = 13 * identity - p * r;
    const Rows of_t = 0.25 * z[i].transpose() * of_z;
    const Rows of_r = -p.transpose() * of_t;
    const Rows of_s = -p.transpose() * of_r;
    const Rows of_p = -of_t * r.transpose() - of_r * s.transpose() - of_s;
    of_z = Rows(0.25 * of_z * t.transpose() + a.transpose() * of_p);
    of_a += of_p * z[i].transpose();
  }
  // The first Z, and the two norms that it is divided by.
  of_a += of_z.transpose() / norms;
  const double of_norms = -(of_z.array() * z[0].array()).sum();
  const auto sign = [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; };
  of_a.col(column) += of_norms / columns[column] * a.col(column).unaryExpr(sign);
  of_a.row(row) += of_norms / rows[row] * a.row(row).unaryExpr(sign);
  return of_a;
}

}  // namespace

/// The exact inverse Z, where the rank of A stays: dZ = −Z dA Z + Z Zᵀ dAᵀ (I − A Z) +
/// (I − Z A) dAᵀ Zᵀ Z.  Source: Golub and Pereyra 1973, theorem 4.3.
void pseudo_inverse_pull(const Pullback& back) {
  const Rows a = input_rows(back, 0), of_z = from_rows(back);
  const double iterations = back.attributes.get_or("iterations", 0.0);
  if (iterations > 0) {
    into_rows(back, 0) += back_through_iterations(a, static_cast<std::size_t>(iterations), of_z);
    return;
  }
  const Rows z = matrix_of<double>(back.values);
  const Rows left = Rows::Identity(a.rows(), a.rows()) - a * z,
             right = Rows::Identity(a.cols(), a.cols()) - z * a;
  Rows of_a = -z.transpose() * of_z * z.transpose();
  of_a += left * of_z.transpose() * z * z.transpose();
  of_a += z.transpose() * z * of_z.transpose() * right;
  into_rows(back, 0) += of_a;
}

}  // namespace attn_viz::ops
