// The Moore–Penrose inverse of a matrix, exact or by iterations, and its derivative.
#include <algorithm>
#include <limits>
#include <vector>

#include "ops/decompositions.hpp"
#include "ops/expect.hpp"
#include "ops/pull_rows.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {

using namespace pulls;

namespace {

/// The Moore–Penrose inverse; singular values below size · ε · the largest count as 0.
Rows exact_pseudo_inverse(View<const double> a, std::size_t& rank) {
  Singular svd = singular_vectors(a);
  const std::size_t count = svd.values.size();
  const double least = count == 0 ? 0
                                  : static_cast<double>(std::max(a.rows, a.columns)) *
                                        std::numeric_limits<double>::epsilon() * svd.values[0];
  rank = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const bool counts = svd.values[i] > least;
    const double factor = counts ? 1 / svd.values[i] : 0;
    rank += counts;
    for (std::size_t j = 0; j < a.columns; ++j) svd.right[i * a.columns + j] *= factor;
  }
  Rows inverse(static_cast<Eigen::Index>(a.columns), static_cast<Eigen::Index>(a.rows));
  set_transposed_product({svd.right.data(), count, a.columns}, {svd.left.data(), count, a.rows},
                         {inverse.data(), a.columns, a.rows});
  return inverse;
}

// Products are slow to compile: each kind stands once. What is only read on stands by columns, as
// Eigen would keep it.

using Columns = Eigen::MatrixXd;

Rows identity(Eigen::Index size) {
  return Rows::Identity(size, size);
}

View<const double> view(const Rows& rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()),
          static_cast<std::size_t>(rows.cols())};
}
View<double> view_into(Rows& rows) {
  return {rows.data(), static_cast<std::size_t>(rows.rows()),
          static_cast<std::size_t>(rows.cols())};
}

Rows times(const Rows& a, const Rows& b) {
  Rows result(a.rows(), b.cols());
  set_product<double>(view(a), view(b), view_into(result));
  return result;
}

/// Aᵀ B
Rows transposed_times(const Rows& a, const Rows& b) {
  Rows result(a.cols(), b.cols());
  set_transposed_product(view(a), view(b), view_into(result));
  return result;
}

Columns times_transposed(const Rows& a, const Rows& b) {
  return a * b.transpose();
}
Columns times_transposed(const Columns& a, const Rows& b) {
  return a * b.transpose();
}
Columns times(const Columns& a, const Rows& b) {
  return a * b;
}
/// Aᵀ B
Columns transposed_times_columns(const Rows& a, const Rows& b) {
  return a.transpose() * b;
}

/// n I − A B
Rows less_product(double n, const Rows& a, const Rows& b) {
  return n * identity(a.rows()) - a * b;
}

/// 15 I − P (7 I − P)
Rows inner_of(const Rows& p) {
  return less_product(15, p, 7 * identity(p.rows()) - p);
}

/// ¼ Z (13 I − P (15 I − P (7 I − P))), P = A Z.
Rows next_inverse(const Rows& z, const Rows& p) {
  const Rows inner = inner_of(p);
  const Columns product = p * inner;
  return times(Rows(0.25 * z), Rows(13 * identity(p.rows()) - product));
}

/// Z ← ¼ Z (13 I − A Z (15 I − A Z (7 I − A Z))) from Z = Aᵀ / (‖A‖₁ ‖A‖∞).
Rows iterated_pseudo_inverse(const Rows& a, std::size_t iterations) {
  const double norms =
      a.cwiseAbs().colwise().sum().maxCoeff() * a.cwiseAbs().rowwise().sum().maxCoeff();
  if (!(norms > 0)) return Rows::Zero(a.cols(), a.rows());
  Rows z = a.transpose() / norms;
  for (std::size_t i = 0; i < iterations; ++i) z = next_inverse(z, times(a, z));
  return z;
}

/// A [l, k] → its pseudo-inverse [k, l]; attribute "iterations", absent for the exact one.
Outcome evaluate_pseudo_inverse(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor wide = inputs[0]->as(DType::kFloat64);
  const Rows a = matrix_of<double>(wide);
  const double iterations = attributes.get_or("iterations", 0.0);
  if (!(iterations >= 0 && iterations <= 1000)) {
    throw Error(ErrorCode::kInvalid, "iterations: expected a whole number from 1 to 1000");
  }
  product_block(1, 1);  // Eigen must know the sizes of the caches, as for every product
  Outcome outcome;
  std::size_t rank = wide.rows();
  const Rows z = iterations > 0 ? iterated_pseudo_inverse(a, static_cast<std::size_t>(iterations))
                                : exact_pseudo_inverse(view_of<double>(wide), rank);
  Tensor inverse(DType::kFloat64, {Axis{wide.columns()}, Axis{wide.rows()}});
  std::copy_n(z.data(), z.size(), inverse.values<double>().data());
  outcome.values = inverse.as(inputs[0]->dtype());
  if (rank < wide.rows()) outcome.findings.set("rank", rank);
  return outcome;
}

}  // namespace

IteratedInverse last_iteration(const Tensor& matrix, std::size_t iterations) {
  const Tensor wide = matrix.as(DType::kFloat64);
  const Rows a = matrix_of<double>(wide);
  // No iteration at all is the start of the first one.
  const Rows z = iterated_pseudo_inverse(a, iterations - 1);
  const Rows p = times(a, z), factor = less_product(13, p, inner_of(p));
  const auto list = [](const Rows& rows) {
    return std::vector<double>(rows.data(), rows.data() + rows.size());
  };
  return {list(z), list(factor)};
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
  std::vector<Rows> z{Rows(a.transpose() / norms)};
  for (std::size_t i = 0; i < iterations; ++i) {
    z.push_back(next_inverse(z.back(), times(a, z.back())));
  }
  for (std::size_t i = iterations; i-- > 0;) {
    // p = A z, s = 7 I − p, r = 15 I − p s, t = 13 I − p r, z′ = ¼ z t.
    const Rows p = times(a, z[i]), s = 7 * identity(p.rows()) - p, r = inner_of(p),
               t = less_product(13, p, r);
    const Rows of_t = transposed_times(0.25 * z[i], of_z);
    const Rows of_r = transposed_times(-p, of_t);
    const Rows of_s = transposed_times(-p, of_r);
    const Rows of_p = times_transposed(Rows(-of_t), r) - times_transposed(of_r, s) - of_s;
    const Rows quarter = 0.25 * of_z;
    set_product_transposed<double>(view(quarter), view(t), view_into(of_z));
    add_transposed_product(view(a), view(of_p), view_into(of_z));
    of_a += times_transposed(of_p, z[i]);
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
  const Rows left = less_product(1, a, z), right = less_product(1, z, a);
  Rows of_a = transposed_times_columns(-z, of_z) * z.transpose();
  of_a += times_transposed(times(times_transposed(left, of_z), z), z);
  of_a += times(times_transposed(transposed_times_columns(z, z), of_z), right);
  into_rows(back, 0) += of_a;
}

const Operation pseudo_inverse{
    .name = "pseudo-inverse",
    .meaning = "the Moore–Penrose inverse, exact or by iterations",
    .source = "Xiong et al. 2021, eq. 11",
    .equation = [](std::span<const std::string> s, const Attributes&) { return s[0] + "⁺"; },
    .evaluate = evaluate_pseudo_inverse,
    .terms = pseudo_inverse_terms,
    .pull = pseudo_inverse_pull,
};

}  // namespace attn_viz::ops
