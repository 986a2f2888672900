// What models of alignment, memory and pointing have beside scores and softmax.
#include <cmath>
#include <vector>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

Outcome evaluate_row_numbers(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  Tensor numbers(inputs[0]->dtype(), {inputs[0]->axes()[0], Axis{1}});
  dispatch(numbers.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < numbers.count(); ++i) numbers.values<T>()[i] = static_cast<T>(i);
  });
  return {std::move(numbers)};
}

/// (p [n, 1], K [m, …]) → [n, m] of value(j − p_i).
template <class Value>
Outcome by_distance(Inputs inputs, Value value) {
  expect_inputs(inputs, 2);
  const Tensor& p = *inputs[0];
  expect_equal_sizes(p.columns(), 1, "a position and one number");
  Tensor result(p.dtype(), {p.axes()[0], inputs[1]->axes()[0]});
  dispatch(p.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = result.columns();
    parallel_for(p.rows(), rows_per_block(10 * m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
          const double distance = static_cast<double>(j) - static_cast<double>(p.values<T>()[i]);
          result.values<T>()[i * m + j] = static_cast<T>(value(distance));
        }
      }
    });
  });
  return {std::move(result)};
}

Outcome evaluate_local_window(Inputs inputs, const Attributes& attributes) {
  const double width = attributes.get<double>("half_width");
  return by_distance(inputs, [=](double distance) { return std::abs(distance) <= width ? 1 : 0; });
}

Outcome evaluate_local_gaussian(Inputs inputs, const Attributes& attributes) {
  const double sigma = attributes.get<double>("sigma");
  if (!(sigma > 0)) throw Error(ErrorCode::kInvalid, "sigma: expected a number > 0");
  return by_distance(inputs, [=](double distance) {
    const double z = distance / sigma;
    return std::exp(-z * z / 2);
  });
}

/// (Q [n, d_q], K [m, d_k], W_1 [d_q + d_k, a], b_1 [a], w_2 [a], b_2 [1]) → [n, m].
Outcome evaluate_network(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 6);
  const Tensor &q = *inputs[0], &k = *inputs[1], &w_1 = *inputs[2], &w_2 = *inputs[4];
  expect_equal_sizes(w_1.rows(), q.columns() + k.columns(), "W_1 and a query with a key");
  expect_equal_sizes(w_1.columns(), w_2.count(), "the columns of W_1 and w_2");
  expect_equal_sizes(w_1.columns(), inputs[3]->count(), "the columns of W_1 and b_1");
  expect_equal_sizes(inputs[5]->count(), 1, "b_2 and one number");
  // [q; k] W_1 = q (its upper rows) + k (its lower rows), so that each row is projected once.
  const std::size_t upper = q.columns() * w_1.columns(), a = w_1.columns();
  Tensor s(q.dtype(), {q.axes()[0], k.axes()[0]});
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* w = w_1.values<T>().data();
    const auto project = [&](const Tensor& x, const T* matrix, const Tensor* bias) {
      std::vector<double> y(x.rows() * a, 0);
      for (std::size_t i = 0; i < x.rows(); ++i) {
        for (std::size_t t = 0; t < a; ++t) {
          double sum = bias == nullptr ? 0 : bias->at(t);
          for (std::size_t c = 0; c < x.columns(); ++c) {
            sum += static_cast<double>(x.values<T>()[i * x.columns() + c]) *
                   static_cast<double>(matrix[c * a + t]);
          }
          y[i * a + t] = sum;
        }
      }
      return y;
    };
    const std::vector<double> of_q = project(q, w, inputs[3]);
    const std::vector<double> of_k = project(k, w + upper, nullptr);
    const std::size_t m = k.rows();
    const double b_2 = inputs[5]->at(0);
    parallel_for(q.rows(), rows_per_block(10 * m * a), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = 0; j < m; ++j) {
          double sum = b_2;
          for (std::size_t t = 0; t < a; ++t) {
            sum += static_cast<double>(w_2.values<T>()[t]) *
                   std::tanh(of_q[i * a + t] + of_k[j * a + t]);
          }
          s.values<T>()[i * m + j] = static_cast<T>(sum);
        }
      }
    });
  });
  return {std::move(s)};
}

/// S [n, m] → [n, m]: 0 for a key that an earlier row has chosen. Each row chooses the largest
/// score that is left, the first of equals.
Outcome evaluate_pointer_mask(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& s = *inputs[0];
  const std::size_t n = s.rows(), m = s.columns();
  Tensor mask(s.dtype(), s.axes());
  dispatch(s.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::vector<T> left(m, T{1});
    for (std::size_t i = 0; i < n; ++i) {
      const T* row = s.values<T>().data() + i * m;
      T* to = mask.values<T>().data() + i * m;
      std::size_t chosen = m;
      for (std::size_t j = 0; j < m; ++j) {
        to[j] = left[j];
        if (left[j] != 0 && (chosen == m || row[j] > row[chosen])) chosen = j;
      }
      if (chosen < m) left[chosen] = 0;
    }
  });
  return {std::move(mask)};
}

/// A [n, m] → [n, 1]: the number of the largest value, the first of equals.
Outcome evaluate_argmax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& a = *inputs[0];
  if (a.columns() == 0) throw Error(ErrorCode::kInvalid, "there is no column to choose");
  Tensor chosen(a.dtype(), {a.axes()[0], Axis{1}});
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = a.columns();
    for (std::size_t i = 0; i < a.rows(); ++i) {
      const T* row = a.values<T>().data() + i * m;
      std::size_t best = 0;
      for (std::size_t j = 1; j < m; ++j) {
        if (row[j] > row[best]) best = j;
      }
      chosen.values<T>()[i] = static_cast<T>(best);
    }
  });
  return {std::move(chosen)};
}

}  // namespace

const Operation row_numbers{
    .name = "row-numbers",
    .meaning = "the number of each row, from 0",
    .source = "Luong et al. 2015, section 3.2 (local-m)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "t for row t of " + s[0]; },
    .evaluate = evaluate_row_numbers,
    .terms = row_numbers_terms,
};

const Operation local_window{
    .name = "local-window",
    .meaning = "1 for keys near a position, else 0",
    .source = "Luong et al. 2015, section 3.2",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "1 where |j − " + s[0] + "_i| ≤ half_width, else 0";
        },
    .evaluate = evaluate_local_window,
    .terms = local_window_terms,
    .jumps = true,
};

const Operation local_gaussian{
    .name = "local-gaussian",
    .meaning = "a bell around a position",
    .source = "Luong et al. 2015, eq. 10",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "exp(−(j − " + s[0] + "_i)² / (2 sigma²))"; },
    .evaluate = evaluate_local_gaussian,
    .terms = local_gaussian_terms,
};

const Operation network{
    .name = "network",
    .meaning = "a small network on a query and a key side by side",
    .source = "Zhang Junlin, notes on attention (三阶段抽象: 额外的神经网络)",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[4] + " · tanh([" + s[0] + "; " + s[1] + "] " + s[2] + " + " + s[3] + ") + " +
                 s[5];
        },
    .evaluate = evaluate_network,
    .terms = network_terms,
};

const Operation pointer_mask{
    .name = "pointer-mask",
    .meaning = "0 for what an earlier row has chosen by its largest score, else 1",
    .source = "Vinyals et al. 2015, section 2.3",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return "0 where an earlier row of " + s[0] + " has chosen, else 1";
        },
    .evaluate = evaluate_pointer_mask,
    .terms = pointer_mask_terms,
    .jumps = true,
};

const Operation argmax{
    .name = "argmax",
    .meaning = "the number of the largest value of each row (the first of equals)",
    .source = "",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "argmax_j " + s[0]; },
    .evaluate = evaluate_argmax,
    .terms = argmax_terms,
    .jumps = true,
};

}  // namespace attn_viz::ops
