// Tensors for tests: written out or drawn at random, evaluated and compared.
#pragma once

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attn_viz/core/random.hpp"
#include "attn_viz/core/tensor.hpp"
#include "attn_viz/ops/operation.hpp"

namespace attn_viz::test {

inline constexpr double kInfinity = std::numeric_limits<double>::infinity();
inline constexpr DType kDTypes[] = {DType::kFloat64, DType::kFloat32};

/// The stated precision of attn-viz, relative to the largest value of a row.
inline double tolerance_of(DType dtype) {
  return dtype == DType::kFloat64 ? 1e-12 : 1e-5;
}

inline Tensor matrix(std::initializer_list<std::initializer_list<double>> rows,
                     DType dtype = DType::kFloat64) {
  Buffer<double> values;
  for (const auto& row : rows) values.insert(values.end(), row.begin(), row.end());
  const std::size_t columns = rows.size() == 0 ? 0 : rows.begin()->size();
  return Tensor({Axis{rows.size()}, Axis{columns}}, std::move(values)).as(dtype);
}

inline Tensor vector_of(std::initializer_list<double> values, DType dtype = DType::kFloat64) {
  return Tensor({Axis{values.size()}}, Buffer<double>(values.begin(), values.end())).as(dtype);
}

/// Numbers in [−size, size), the same in every run.
inline Tensor random_tensor(const std::vector<std::size_t>& shape, std::string_view stream,
                            DType dtype = DType::kFloat64, double size = 1) {
  std::vector<Axis> axes;
  for (const std::size_t extent : shape) axes.push_back(Axis{extent});
  Tensor tensor(DType::kFloat64, std::move(axes));
  Random random(20, stream);
  for (double& value : tensor.values<double>()) value = (2 * random.uniform() - 1) * size;
  return tensor.as(dtype);
}

/// The rows of a matrix in another order.
inline Tensor reordered(const Tensor& rows, const std::vector<std::size_t>& order) {
  Tensor result = rows.as(DType::kFloat64);
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t j = 0; j < rows.columns(); ++j) {
      result.values<double>()[i * rows.columns() + j] = rows.at(order[i], j);
    }
  }
  return result.as(rows.dtype());
}

inline Tensor transposed(const Tensor& tensor) {
  const std::size_t n = tensor.rows(), m = tensor.columns();
  Tensor result(DType::kFloat64, {Axis{m}, Axis{n}});
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < m; ++j) result.values<double>()[j * n + i] = tensor.at(i, j);
  }
  return result.as(tensor.dtype());
}

inline Outcome outcome_of(const Operation& operation, const std::vector<Tensor>& inputs,
                          const Attributes& attributes = {}) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& input : inputs) pointers.push_back(&input);
  return operation.evaluate(pointers, attributes);
}

inline Tensor evaluate(const Operation& operation, const std::vector<Tensor>& inputs,
                       const Attributes& attributes = {}) {
  return outcome_of(operation, inputs, attributes).values;
}

namespace detail {

/// @param allowed  the difference allowed in a row whose largest wanted value is given.
template <class Allowed>
std::string first_mismatch(const Tensor& got, const Tensor& want, Allowed allowed) {
  std::ostringstream text;
  text.precision(17);
  if (got.shape() != want.shape()) {
    text << "expected shape " << shape_text(want.shape()) << ", got " << shape_text(got.shape());
    return text.str();
  }
  for (std::size_t i = 0; i < want.rows(); ++i) {
    double largest = 0;
    for (std::size_t j = 0; j < want.columns(); ++j) {
      if (std::isfinite(want.at(i, j))) largest = std::max(largest, std::abs(want.at(i, j)));
    }
    for (std::size_t j = 0; j < want.columns(); ++j) {
      const double g = got.at(i, j), w = want.at(i, j);
      if (g == w || std::abs(g - w) <= allowed(largest)) continue;  // NaN does not pass
      text << "row " << i << ", column " << j << ": expected " << w << ", got " << g << " (off by "
           << std::abs(g - w) << ", allowed " << allowed(largest) << ")";
      return text.str();
    }
  }
  return "";
}

}  // namespace detail

/// "" if |got − want| ≤ tolerance · (largest |want| of the row) everywhere, else the first place
/// where it is not. A wanted −∞ must be −∞.
inline std::string mismatch(const Tensor& got, const Tensor& want, double tolerance) {
  return detail::first_mismatch(got, want, [=](double largest) { return tolerance * largest; });
}

/// Likewise relative to the largest |want| of the whole tensor, for products of random numbers: in
/// a row of one or two values the terms may cancel.
inline std::string product_mismatch(const Tensor& got, const Tensor& want, double tolerance) {
  double largest = 0;
  for (std::size_t i = 0; i < want.count(); ++i) {
    if (std::isfinite(want.at(i))) largest = std::max(largest, std::abs(want.at(i)));
  }
  return detail::first_mismatch(got, want, [=](double) { return tolerance * largest; });
}

/// Likewise with |got − want| ≤ tolerance.
inline std::string absolute_mismatch(const Tensor& got, const Tensor& want, double tolerance) {
  return detail::first_mismatch(got, want, [=](double) { return tolerance; });
}

}  // namespace attn_viz::test
