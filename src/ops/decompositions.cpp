#include "ops/decompositions.hpp"

#include <Eigen/SVD>

#include "ops/matrix.hpp"

namespace attn_viz::ops {

Singular singular_vectors(View<const double> a) {
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(matrix_of(a),
                                              Eigen::ComputeThinU | Eigen::ComputeThinV);
  const auto list = [](const auto& numbers) {
    return std::vector<double>(numbers.data(), numbers.data() + numbers.size());
  };
  return {list(svd.singularValues()), list(svd.matrixU()), list(svd.matrixV())};
}

}  // namespace attn_viz::ops
