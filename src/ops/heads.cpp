// What happens between heads (talking heads) and inside of one (differential attention).
#include <algorithm>
#include <cmath>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// An attribute that is an index or a count.
std::size_t whole(const Attributes& attributes, std::string_view name) {
  const double number = attributes.get<double>(name);
  if (number >= 0 && number == std::floor(number) && number < 1e15) {
    return static_cast<std::size_t>(number);
  }
  throw Error(ErrorCode::kInvalid, "expected a whole number ≥ 0 as " + std::string(name));
}

/// Inputs: a matrix of each head, all of one shape, and P [h, h]. Attribute "to": the head t that
/// hears Σ_f P[f, t] · (matrix of head f).
Outcome evaluate_mix_heads(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor& p = *inputs.back();
  const Inputs heads = inputs.first(inputs.size() - 1);
  const std::size_t to = whole(attributes, "to");
  expect_equal_sizes(p.rows(), heads.size(), "the rows of the mixing matrix and the heads");
  if (to >= p.columns()) {
    throw Error(ErrorCode::kInvalid, "the mixing matrix has no column " + std::to_string(to));
  }
  for (const Tensor* head : heads) {
    expect_equal_sizes(head->rows(), heads[0]->rows(), "the rows of the heads");
    expect_equal_sizes(head->columns(), heads[0]->columns(), "the columns of the heads");
  }
  Tensor mixed(heads[0]->dtype(), heads[0]->axes());
  dispatch(mixed.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* sums = mixed.values<T>().data();
    parallel_for(mixed.count(), rows_per_block(heads.size()),
                 [&](std::size_t first, std::size_t last) {
                   for (std::size_t i = first; i < last; ++i) {
                     double sum = 0;
                     for (std::size_t from = 0; from < heads.size(); ++from) {
                       sum += p.at(from, to) * static_cast<double>(heads[from]->values<T>()[i]);
                     }
                     sums[i] = static_cast<T>(sum);
                   }
                 });
  });
  return {std::move(mixed)};
}

/// Input X; attributes "first" and "columns".
Outcome evaluate_slice_columns(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const std::size_t first = whole(attributes, "first"), columns = whole(attributes, "columns");
  if (first + columns > inputs[0]->columns()) {
    throw Error(ErrorCode::kInvalid, "there are only " + std::to_string(inputs[0]->columns()) +
                                         " columns, expected " + std::to_string(first + columns));
  }
  return {inputs[0]->slice_columns(first, columns)};
}

double dot(const Tensor& a, const Tensor& b) {
  expect_equal_sizes(a.count(), b.count(), "the two vectors of λ");
  double sum = 0;
  for (std::size_t i = 0; i < a.count(); ++i) sum += a.at(i) * b.at(i);
  return sum;
}

/// Inputs λ_q1, λ_k1, λ_q2, λ_k2, vectors of one size; attribute "lambda_init". A vector of one
/// number.
Outcome evaluate_differential_lambda(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 4);
  const double first = std::exp(dot(*inputs[0], *inputs[1]));
  const double second = std::exp(dot(*inputs[2], *inputs[3]));
  Tensor lambda(DType::kFloat64, {Axis{1}});
  lambda.values<double>()[0] = first - second + attributes.get<double>("lambda_init");
  return {lambda.as(inputs[0]->dtype())};
}

/// Inputs A_1, A_2 of one shape, and λ, one number: A_1 − λ A_2.
Outcome evaluate_differential(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  const Tensor &first = *inputs[0], &second = *inputs[1];
  expect_equal_sizes(first.rows(), second.rows(), "the rows of the two maps");
  expect_equal_sizes(first.columns(), second.columns(), "the columns of the two maps");
  expect_equal_sizes(inputs[2]->count(), 1, "λ and one number");
  Tensor difference(first.dtype(), first.axes());
  dispatch(difference.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T lambda = inputs[2]->values<T>()[0];
    const T *a = first.values<T>().data(), *b = second.values<T>().data();
    T* to = difference.values<T>().data();
    parallel_for(difference.count(), rows_per_block(1), [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) to[i] = a[i] - lambda * b[i];
    });
  });
  return {std::move(difference)};
}

/// Attributes "epsilon" > 0 and "factor". The row's largest entry, if above 1, is divided out
/// first, so that the squares do not overflow.
Outcome evaluate_scaled_rms_norm(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double epsilon = attributes.get<double>("epsilon");
  const double factor = attributes.get<double>("factor");
  const Tensor& x = *inputs[0];
  Tensor y(x.dtype(), x.axes());
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t d = x.columns();
    parallel_for(x.rows(), rows_per_block(4 * d), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const T* from = x.values<T>().data() + i * d;
        T* to = y.values<T>().data() + i * d;
        double largest = 1;
        for (std::size_t t = 0; t < d; ++t) {
          largest = std::max(largest, std::abs(static_cast<double>(from[t])));
        }
        double squares = 0;
        for (std::size_t t = 0; t < d; ++t) {
          const double part = static_cast<double>(from[t]) / largest;
          squares += part * part;
        }
        const double mean = squares / static_cast<double>(d);
        const double rms = std::sqrt(mean + epsilon / largest / largest);
        for (std::size_t t = 0; t < d; ++t) {
          to[t] = static_cast<T>(static_cast<double>(from[t]) / largest / rms * factor);
        }
      }
    });
  });
  return {std::move(y)};
}

std::string index_text(double number) {
  return std::to_string(static_cast<long long>(number));
}

}  // namespace

const Operation mix_heads{
    .name = "mix-heads",
    .meaning = "a weighted sum of the same matrix of all heads",
    .source = "Shazeer et al. 2020, Talking-heads attention, section 3",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return "Σ_f " + s.back() + "[f, " + index_text(attributes.get<double>("to")) + "] " +
                 s[0] + " of head f";
        },
    .evaluate = evaluate_mix_heads,
    .terms = mix_heads_terms,
};

const Operation slice_columns{
    .name = "slice-columns",
    .meaning = "some columns of a matrix",
    .source = "",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const double first = attributes.get<double>("first");
          return s[0] + "[:, " + index_text(first) + ":" +
                 index_text(first + attributes.get<double>("columns")) + "]";
        },
    .evaluate = evaluate_slice_columns,
    .terms = slice_columns_terms,
};

const Operation differential_lambda{
    .name = "differential-lambda",
    .meaning = "how much of the second map is subtracted",
    .source = "Ye et al. 2024, Differential transformer, eq. 2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "exp(" + s[0] + " · " + s[1] + ") − exp(" + s[2] + " · " + s[3] + ") + λ_init";
        },
    .evaluate = evaluate_differential_lambda,
    .terms = differential_lambda_terms,
};

const Operation differential{
    .name = "differential",
    .meaning = "one map of weights minus λ times another; what both attend to cancels",
    .source = "Ye et al. 2024, Differential transformer, eq. 1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " − " + s[2] + " " + s[1]; },
    .evaluate = evaluate_differential,
    .terms = differential_terms,
    .gives_weights = true,
};

const Operation scaled_rms_norm{
    .name = "scaled-rms-norm",
    .meaning = "each row divided by its root mean square, times a constant",
    .source = "Ye et al. 2024, Differential transformer, eq. 3; Zhang and Sennrich 2019, eq. 4",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "factor · " + s[0] + " / rms(" + s[0] + ")"; },
    .evaluate = evaluate_scaled_rms_norm,
    .terms = scaled_rms_norm_terms,
};

}  // namespace attn_viz::ops
