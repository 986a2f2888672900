// Features φ for kernel attention: φ(q) · φ(k) stands in for the exponential of a score.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "attn_viz/core/parallel.hpp"
#include "attn_viz/core/random.hpp"
#include "ops/expect.hpp"
#include "ops/matrix.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

Outcome evaluate_elu_plus_one(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  Tensor features(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    T* to = features.values<T>().data();
    parallel_for(x.count(), rows_per_block(4), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i)
        to[i] = from[i] > 0 ? from[i] + 1 : std::exp(from[i]);
    });
  });
  return {std::move(features)};
}

/// Numbers of the standard normal distribution, two from two uniform ones.
/// Source: Box and Muller 1958.
class Normal {
 public:
  Normal(std::uint64_t seed, const std::string& stream) : random_(seed, stream) {}

  double next() {
    if (has_spare_) return has_spare_ = false, spare_;
    const double radius = std::sqrt(-2 * std::log(1 - random_.uniform()));
    const double angle = 2 * std::numbers::pi * random_.uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  Random random_;
  bool has_spare_ = false;
  double spare_ = 0;
};

using Rows = RowMajor<double>;

/// Makes each block of d rows orthogonal and keeps the lengths of the rows, which are drawn
/// already: lengths and directions of Gaussian rows are independent. Gram–Schmidt, twice.
void make_orthogonal(Rows& w) {
  const Eigen::Index d = w.cols();
  for (Eigen::Index i = 0; i < w.rows(); ++i) {
    const double length = w.row(i).norm();
    for (int pass = 0; pass < 2; ++pass) {
      for (Eigen::Index j = i / d * d; j < i; ++j) {
        const double square = w.row(j).squaredNorm();
        if (square > 0) w.row(i) -= w.row(i).dot(w.row(j)) / square * w.row(j);
      }
    }
    const double rest = w.row(i).norm();
    if (rest > 0) w.row(i) *= length / rest;
  }
}

/// Input: K, for the size d of a row. Attributes: "count", "seed", "stream", "orthogonal".
Outcome evaluate_random_features(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double wanted = attributes.get<double>("count");
  if (!(wanted >= 1 && wanted <= 1e6)) {
    throw Error(ErrorCode::kInvalid, "count: expected a whole number from 1 to 1000000");
  }
  const auto count = static_cast<Eigen::Index>(wanted);
  Normal normal(static_cast<std::uint64_t>(attributes.get<double>("seed")),
                attributes.get_or<std::string>("stream", ""));
  Rows w(count, static_cast<Eigen::Index>(inputs[0]->columns()));
  for (Eigen::Index i = 0; i < w.size(); ++i) w.data()[i] = normal.next();
  if (attributes.get_or("orthogonal", false)) make_orthogonal(w);
  Tensor features(DType::kFloat64,
                  {Axis{static_cast<std::size_t>(count)}, Axis{inputs[0]->columns()}});
  std::copy_n(w.data(), w.size(), features.values<double>().data());
  return {features.as(inputs[0]->dtype())};
}

/// Inputs X [n, d], W [r, d]; with x′ = factor · x: exp(W x′ − ‖x′‖² / 2) / √r. Attribute
/// "stabilize": the largest exponent is subtracted, of each row ("rows") or of all ("all"); it
/// multiplies a row, or everything, by a constant, which the division by the row's sum takes out.
Outcome evaluate_positive_features(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &x = *inputs[0], &w = *inputs[1];
  expect_equal_sizes(x.columns(), w.columns(), "the rows of the input and of the features");
  const double factor = attributes.get<double>("factor");
  const std::string stabilize = attributes.get_or<std::string>("stabilize", "");
  Tensor scaled = x.as(DType::kFloat64);
  for (double& value : scaled.values<double>()) value *= factor;
  const Tensor exact_w = w.as(DType::kFloat64);
  const Tensor* const compared[] = {&scaled, &exact_w};
  Tensor features =
      dot_product.evaluate(Inputs(compared, 2), {}).values.with_axes({x.axes()[0], Axis{w.rows()}});
  auto exponents = rows_of<double>(features, 0, features.rows());
  exponents.colwise() -= matrix_of<double>(scaled).rowwise().squaredNorm() / 2;
  if (stabilize == "rows") {
    for (Eigen::Index i = 0; i < exponents.rows(); ++i) {
      exponents.row(i).array() -= exponents.row(i).maxCoeff();
    }
  } else if (stabilize == "all" && exponents.size() > 0) {
    exponents.array() -= exponents.maxCoeff();
  }
  const double share = 1 / std::sqrt(static_cast<double>(w.rows()));
  for (double& value : features.values<double>()) value = share * std::exp(value);
  return {features.as(x.dtype())};
}

}  // namespace

const Operation elu_plus_one{
    .name = "elu-plus-one",
    .meaning = "positive features: x + 1 above 0, else e to the x",
    .source = "Katharopoulos et al. 2020, eq. 7",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "elu(" + s[0] + ") + 1"; },
    .evaluate = evaluate_elu_plus_one,
    .terms = elu_plus_one_terms,
};

const Operation random_features{
    .name = "random-features",
    .meaning = "rows of Gaussian numbers, orthogonal within each block if so asked",
    .source = "Choromanski et al. 2021, section 2.4",
    .equation =
        [](std::span<const std::string>, const Attributes& attributes) {
          return std::string(attributes.get_or("orthogonal", false) ? "orthogonal rows ~ N(0, I)"
                                                                    : "rows ~ N(0, I)");
        },
    .evaluate = evaluate_random_features,
    .terms = random_features_terms,
};

const Operation positive_features{
    .name = "positive-features",
    .meaning = "features whose dot product is the exponential of the score on average",
    .source = "Choromanski et al. 2021, lemma 1",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "exp(c " + s[0] + " " + s[1] + "ᵀ − ‖c " + s[0] + "‖² / 2) / √r";
        },
    .evaluate = evaluate_positive_features,
    .terms = positive_features_terms,
};

}  // namespace attn_viz::ops
