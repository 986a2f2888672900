// Functions of single numbers, and products of them, as in feed-forward networks.
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

double relu_of(double x) {
  return x > 0 ? x : 0;
}

/// x Φ(x), Φ the distribution function of the normal distribution. Hendrycks and Gimpel 2016.
double gelu_of(double x) {
  return 0.5 * x * std::erfc(-x / std::numbers::sqrt2);
}

/// Its approximation by tanh. Hendrycks and Gimpel 2016, section 2.
double gelu_tanh_of(double x) {
  const double inner = std::sqrt(2 * std::numbers::inv_pi) * (x + 0.044715 * x * x * x);
  return 0.5 * x * (1 + std::tanh(inner));
}

/// x σ(x). Elfwing, Uchibe, Doya 2018.
double silu_of(double x) {
  return x / (1 + std::exp(-x));
}

/// 1 / (1 + e^−x), without a power that overflows.
double sigmoid_of(double x) {
  const double power = std::exp(-std::abs(x));
  return (x >= 0 ? 1 : power) / (1 + power);
}

double tanh_of(double x) {
  return std::tanh(x);
}

double identity_of(double x) {
  return x;
}

struct Function {
  std::string_view name;
  double (*value)(double);
};

constexpr std::array<Function, 7> kFunctions{{{"relu", relu_of},
                                              {"gelu", gelu_of},
                                              {"gelu-tanh", gelu_tanh_of},
                                              {"silu", silu_of},
                                              {"tanh", tanh_of},
                                              {"sigmoid", sigmoid_of},
                                              {"identity", identity_of}}};

const Function& chosen(const Attributes& attributes) {
  const std::string& name = attributes.get<std::string>("function");
  for (const Function& function : kFunctions) {
    if (function.name == name) return function;
  }
  throw Error(ErrorCode::kInvalid, "there is no activation function \"" + name + "\"");
}

Outcome evaluate_activation(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const auto value = chosen(attributes).value;
  const Tensor& x = *inputs[0];
  Tensor y(x.dtype(), x.axes());
  constexpr std::size_t kCost = 20;
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = x.values<T>().data();
    T* to = y.values<T>().data();
    parallel_for(x.count(), rows_per_block(kCost), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        to[i] = static_cast<T>(value(static_cast<double>(from[i])));
      }
    });
  });
  return {std::move(y)};
}

Outcome evaluate_multiply(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &a = *inputs[0], &b = *inputs[1];
  expect_equal_sizes(a.rows(), b.rows(), "the rows of the factors");
  expect_equal_sizes(a.columns(), b.columns(), "the columns of the factors");
  Tensor result(a.dtype(), a.axes());
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < a.count(); ++i) {
      result.values<T>()[i] = a.values<T>()[i] * b.values<T>()[i];
    }
  });
  return {std::move(result)};
}

Outcome evaluate_blend(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  const Tensor &w = *inputs[0], &a = *inputs[1], &b = *inputs[2];
  if (w.shape() != a.shape() || w.shape() != b.shape()) {
    throw Error(ErrorCode::kInvalid, "expected three inputs of one shape, got " +
                                         shape_text(w.shape()) + ", " + shape_text(a.shape()) +
                                         " and " + shape_text(b.shape()));
  }
  Tensor result(a.dtype(), a.axes());
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto share = w.values<T>(), first = a.values<T>(), second = b.values<T>();
    for (std::size_t i = 0; i < a.count(); ++i) {
      result.values<T>()[i] = share[i] * first[i] + (1 - share[i]) * second[i];
    }
  });
  return {std::move(result)};
}

Outcome evaluate_identity(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  return {*inputs[0]};
}

/// Each row with its neighbours: rows i − w to i + w side by side, zeros beyond the ends.
Outcome evaluate_window_rows(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const double asked = attributes.get<double>("window");
  if (!(asked >= 0 && asked <= 1e6) || asked != std::floor(asked)) {
    throw Error(ErrorCode::kInvalid, "expected a whole number ≥ 0 as attribute \"window\"");
  }
  const auto window = static_cast<std::size_t>(asked);
  const std::size_t n = x.rows(), d = x.columns(), width = (2 * window + 1) * d;
  Tensor y(x.dtype(), {x.axes()[0], Axis{width}});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = y.values<T>().data();
    std::fill(to, to + n * width, T{0});
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t k = 0; k <= 2 * window; ++k) {
        if (i + k < window || i + k - window >= n) continue;
        std::copy_n(x.values<T>().data() + (i + k - window) * d, d, to + i * width + k * d);
      }
    }
  });
  return {std::move(y)};
}

}  // namespace

const Operation activation{
    .name = "activation",
    .meaning = "a function of every single number",
    .source =
        "Vaswani et al. 2017, eq. 2 (relu); Hendrycks and Gimpel 2016 (gelu); Elfwing, "
        "Uchibe, Doya 2018 (silu)",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return attributes.get<std::string>("function") + "(" + s[0] + ")";
        },
    .evaluate = evaluate_activation,
    .terms = activation_terms,
};

const Operation multiply{
    .name = "multiply",
    .meaning = "the products of the numbers at the same places",
    .source = "Dauphin et al. 2017 (gated linear units); Shazeer 2020",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " ∘ " + s[1]; },
    .evaluate = evaluate_multiply,
    .terms = multiply_terms,
};

const Operation blend{
    .name = "blend",
    .meaning = "two results mixed, with weights w and 1 − w at each place",
    .source = "Song, Mei, Huang 2021 (AttaNet), attention fusion module",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + " ∘ " + s[1] + " + (1 − " + s[0] + ") ∘ " + s[2];
        },
    .evaluate = evaluate_blend,
    .terms = blend_terms,
};

const Operation identity{
    .name = "identity",
    .meaning = "the same values, as the result of a layer",
    .source = "",
    .equation = [](std::span<const std::string> s, const Attributes&) { return s[0]; },
    .evaluate = evaluate_identity,
    .terms = identity_terms,
};

const Operation window_rows{
    .name = "window-rows",
    .meaning = "each row with its neighbours side by side, zeros beyond the ends",
    .source = "Lee 2021, lecture on self-attention (a network over a window)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "rows i − window … i + window of " + s[0]; },
    .evaluate = evaluate_window_rows,
    .terms = window_rows_terms,
};

}  // namespace attn_viz::ops
