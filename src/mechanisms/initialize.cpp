// Parameters at the start of their training.
#include <cmath>

#include "attn_viz/core/random.hpp"
#include "mechanisms/parameters.hpp"

namespace attn_viz {

Tensor glorot_uniform(std::size_t rows, std::size_t columns, std::uint64_t seed,
                      const std::string& stream, DType dtype) {
  Random random(seed, stream);
  const double limit = std::sqrt(6.0 / static_cast<double>(rows + columns));
  Tensor matrix(DType::kFloat64, {Axis{rows}, Axis{columns}});
  for (double& value : matrix.values<double>()) value = (2 * random.uniform() - 1) * limit;
  return dtype == DType::kFloat64 ? std::move(matrix) : matrix.as(dtype);
}

}  // namespace attn_viz
