// Softmax key by key, as FlashAttention does it: what is known after each key, so that a row of
// scores need never be held whole. Masked keys (−∞) are skipped.
// Source: Milakov and Gimelshein 2018, algorithm 3; Dao et al. 2022, section 3.1.
#include <cmath>
#include <limits>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

constexpr double kNothing = -std::numeric_limits<double>::infinity();

/// exp((a − b) / temperature); 0 for a = −∞, also where b is.
double ratio(double a, double b, double temperature) {
  return a == kNothing ? 0 : std::exp((a - b) / temperature);
}

/// Input S [n, m]: the largest visible score so far.
Outcome evaluate_running_maximum(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& s = *inputs[0];
  Tensor maximum(s.dtype(), s.axes());
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = s.columns();
    for (std::size_t i = 0; i < s.rows(); ++i) {
      T so_far = -std::numeric_limits<T>::infinity();
      for (std::size_t j = i * m; j < (i + 1) * m; ++j) {
        maximum.values<T>()[j] = so_far = std::max(so_far, s.values<T>()[j]);
      }
    }
  });
  return {std::move(maximum)};
}

/// Walks the keys of each row: keep(i, j, c, e) is told the factor c = exp(m_{j−1} − m_j) of what
/// was gathered before and the share e = exp(s_j − m_j) of the new key.
template <class Keep>
void walk(const Tensor& s, const Tensor& maximum, double temperature, std::size_t cost, Keep keep) {
  expect_equal_sizes(s.count(), maximum.count(), "the scores and their maxima");
  const std::size_t m = s.columns();
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* scores = s.values<T>().data();
    const T* most = maximum.values<T>().data();
    parallel_for(s.rows(), rows_per_block(m * cost), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        double before = kNothing;
        for (std::size_t j = 0; j < m; ++j) {
          const double now = static_cast<double>(most[i * m + j]);
          const double score = static_cast<double>(scores[i * m + j]);
          keep(i, j, ratio(before, now, temperature), ratio(score, now, temperature));
          before = now;
        }
      }
    });
  });
}

/// Inputs S and the running maxima, [n, m] each: the sum of exp(s − maximum) so far.
Outcome evaluate_sum(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor& s = *inputs[0];
  const std::size_t m = s.columns();
  Outcome outcome{Tensor(s.dtype(), s.axes())};
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<double> sums(s.rows(), 0.0);
    walk(s, *inputs[1], attributes.get_or("temperature", 1.0), 12,
         [&](std::size_t i, std::size_t j, double c, double e) {
           sums[i] = c * sums[i] + e;
           outcome.values.values<T>()[i * m + j] = static_cast<T>(sums[i]);
         });
  });
  return outcome;
}

/// Inputs S, the running maxima, V [m, d_v]: the sum of exp(s − maximum) v so far, [n, m, d_v].
Outcome evaluate_accumulator(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Tensor &s = *inputs[0], &v = *inputs[2];
  const std::size_t m = s.columns(), d = v.columns();
  expect_equal_sizes(m, v.rows(), "the keys and the values");
  Outcome outcome{Tensor(s.dtype(), {s.axes()[0], s.axes()[1], v.axes()[1]})};
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<double> sums(s.rows() * d, 0.0);
    walk(s, *inputs[1], attributes.get_or("temperature", 1.0), 12 + 2 * d,
         [&](std::size_t i, std::size_t j, double c, double e) {
           const T* value = v.values<T>().data() + j * d;
           T* to = outcome.values.values<T>().data() + (i * m + j) * d;
           for (std::size_t t = 0; t < d; ++t) {
             double& sum = sums[i * d + t];
             sum = c * sum + e * static_cast<double>(value[t]);
             to[t] = static_cast<T>(sum);
           }
         });
  });
  return outcome;
}

/// Inputs the accumulator [n, m, d_v] and the sums [n, m]: their ratio after the last key; 0 where
/// no key is visible.
Outcome evaluate_output(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &gathered = *inputs[0], &sums = *inputs[1];
  const std::size_t n = sums.rows(), m = sums.columns(), d = gathered.columns();
  expect_equal_sizes(gathered.count(), n * m * d, "the accumulator and the sums");
  Outcome outcome{Tensor(sums.dtype(), {sums.axes()[0], gathered.axes().back()})};
  dispatch(sums.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < n; ++i) {
      const T sum = m == 0 ? T{0} : sums.values<T>()[(i + 1) * m - 1];
      for (std::size_t t = 0; t < d; ++t) {
        outcome.values.values<T>()[i * d + t] =
            sum == 0 ? T{0} : gathered.values<T>()[((i + 1) * m - 1) * d + t] / sum;
      }
    }
  });
  return outcome;
}

std::string exponential(const std::string& power, const Attributes& attributes) {
  const bool plain = attributes.find("temperature") == nullptr;
  return plain ? "exp(" + power + ")" : "exp((" + power + ") / temperature)";
}

/// "exp(m_j−1 − m_j) · "; what was gathered before is brought to the new maximum.
std::string factor(const std::string& m, const Attributes& attributes) {
  return exponential(m + "₍ⱼ₋₁₎ − " + m + "ⱼ", attributes) + " · ";
}

}  // namespace

const Operation online_maximum{
    .name = "online-maximum",
    .meaning = "the largest score of a row up to each key",
    .source = "Milakov and Gimelshein 2018, algorithm 3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "max(m₍ⱼ₋₁₎, " + s[0] + "ⱼ)"; },
    .evaluate = evaluate_running_maximum,
    .terms = online_maximum_terms,
    .may_mask = true,
};

const Operation online_sum{
    .name = "online-sum",
    .meaning = "the sum of the exponentials up to each key, relative to the maximum so far",
    .source = "Milakov and Gimelshein 2018, algorithm 3",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return factor(s[1], attributes) + "ℓ₍ⱼ₋₁₎ + " +
                 exponential(s[0] + "ⱼ − " + s[1] + "ⱼ", attributes);
        },
    .evaluate = evaluate_sum,
    .terms = online_sum_terms,
};

const Operation online_accumulator{
    .name = "online-accumulator",
    .meaning = "the sum of the values up to each key, not yet divided",
    .source = "Dao et al. 2022, section 3.1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          return factor(s[1], attributes) + "acc₍ⱼ₋₁₎ + " +
                 exponential(s[0] + "ⱼ − " + s[1] + "ⱼ", attributes) + " · " + s[2] + "ⱼ";
        },
    .evaluate = evaluate_accumulator,
    .terms = online_accumulator_terms,
};

const Operation online_output{
    .name = "online-output",
    .meaning = "what was gathered after the last key, divided by the sum of the exponentials",
    .source = "Dao et al. 2022, section 3.1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + "ₘ / " + s[1] + "ₘ"; },
    .evaluate = evaluate_output,
    .terms = online_output_terms,
};

}  // namespace attn_viz::ops
