// Kernel attention: weights φ(q) · φ(k) / Σ, by sums over the keys, by a recurrence, or row by row.
#include <algorithm>
#include <cmath>
#include <mutex>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// Denominators below this are made larger by it, so that nothing is divided by 0.
constexpr double kVanishing = 1e-12;

/// What the rows of a kernel noticed: which see no key, which have a vanishing denominator.
class Noticed {
 public:
  /// The denominator to divide by.
  double denominator(double sum, std::size_t row, bool empty) {
    if (!empty && sum >= kVanishing) return sum;
    const std::lock_guard lock(mutex_);
    (empty ? empty_ : vanishing_).push_back(static_cast<double>(row));
    return sum + kVanishing;
  }
  Attributes findings() {
    Attributes findings;
    std::sort(empty_.begin(), empty_.end());
    std::sort(vanishing_.begin(), vanishing_.end());
    if (!empty_.empty()) findings.set("empty_rows", std::move(empty_));
    if (!vanishing_.empty()) findings.set("vanishing_rows", std::move(vanishing_));
    return findings;
  }

 private:
  std::mutex mutex_;
  std::vector<double> empty_, vanishing_;
};

/// Attribute "padding" (true = a real key), checked against the keys; all real if absent.
std::vector<bool> padding_of(const Attributes& attributes, std::size_t keys) {
  auto padding = attributes.get_or("padding", std::vector<bool>(keys, true));
  expect_equal_sizes(padding.size(), keys, "the padding and the keys");
  return padding;
}

/// Σ_j φ(k_j)ᵀ v_j over the real keys, up to each key; `done(j, sum)` sees the sum after key j.
template <class Done>
void sum_key_values(const Tensor& features, const Tensor& values, const std::vector<bool>& real,
                    Done done) {
  const std::size_t d = features.columns(), d_v = values.columns();
  std::vector<double> sum(d * d_v, 0);
  dispatch(features.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t j = 0; j < features.rows(); ++j) {
      const T* f = features.values<T>().data() + j * d;
      const T* v = values.values<T>().data() + j * d_v;
      for (std::size_t a = 0; real[j] && a < d; ++a) {
        for (std::size_t b = 0; b < d_v; ++b) {
          sum[a * d_v + b] += static_cast<double>(f[a]) * static_cast<double>(v[b]);
        }
      }
      done(j, sum);
    }
  });
}

/// Likewise Σ_j φ(k_j).
template <class Done>
void sum_keys(const Tensor& features, const std::vector<bool>& real, Done done) {
  const std::size_t d = features.columns();
  std::vector<double> sum(d, 0);
  for (std::size_t j = 0; j < features.rows(); ++j) {
    for (std::size_t a = 0; real[j] && a < d; ++a) sum[a] += features.at(j, a);
    done(j, sum);
  }
}

void store(Tensor& tensor, std::size_t first, const std::vector<double>& values) {
  dispatch(tensor.dtype(), [&](auto zero) {
    using T = decltype(zero);
    T* to = tensor.values<T>().data() + first;
    for (const double value : values) *to++ = static_cast<T>(value);
  });
}

/// (φ(K) [m, d], V [m, d_v]) → [d, d_v].
Outcome evaluate_key_value_sum(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &features = *inputs[0], &values = *inputs[1];
  expect_equal_sizes(features.rows(), values.rows(), "the keys and the values");
  Tensor sum(features.dtype(), {Axis{features.columns()}, Axis{values.columns()}});
  sum_key_values(features, values, padding_of(attributes, features.rows()),
                 [&](std::size_t j, const std::vector<double>& sums) {
                   if (j + 1 == features.rows()) store(sum, 0, sums);
                 });
  return {std::move(sum)};
}

/// (φ(K) [m, d]) → [d].
Outcome evaluate_key_sum(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& features = *inputs[0];
  Tensor sum(features.dtype(), {Axis{features.columns()}});
  sum_keys(features, padding_of(attributes, features.rows()),
           [&](std::size_t j, const std::vector<double>& sums) {
             if (j + 1 == features.rows()) store(sum, 0, sums);
           });
  return {std::move(sum)};
}

/// (φ(K) [m, d], V [m, d_v]) → [m, d, d_v], the sum up to each key.
Outcome evaluate_running_key_values(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const Tensor &features = *inputs[0], &values = *inputs[1];
  expect_equal_sizes(features.rows(), values.rows(), "the keys and the values");
  Tensor states(features.dtype(),
                {features.axes()[0], Axis{features.columns()}, Axis{values.columns()}});
  sum_key_values(features, values, padding_of(attributes, features.rows()),
                 [&](std::size_t j, const std::vector<double>& sums) {
                   store(states, j * sums.size(), sums);
                 });
  return {std::move(states)};
}

/// (φ(K) [m, d]) → [m, d], the sum up to each key.
Outcome evaluate_running_key_sum(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& features = *inputs[0];
  Tensor states(features.dtype(), {features.axes()[0], Axis{features.columns()}});
  sum_keys(features, padding_of(attributes, features.rows()),
           [&](std::size_t j, const std::vector<double>& sums) {
             store(states, j * sums.size(), sums);
           });
  return {std::move(states)};
}

/// φ(q_i) S / (φ(q_i) · z) for every query, where `state_of(i)` is the number of its S and z and
/// `empty(i)` says that it sees no key.
template <class StateOf, class Empty>
Outcome divide_sums(const Tensor& queries, const Tensor& sums, const Tensor& key_sums,
                    std::size_t d_v, StateOf state_of, Empty empty) {
  const std::size_t d = queries.columns();
  Outcome outcome{Tensor(queries.dtype(), {queries.axes()[0], Axis{d_v}})};
  Noticed noticed;
  dispatch(queries.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(queries.rows(), rows_per_block(d * d_v), [&](std::size_t first, std::size_t last) {
      std::vector<double> output(d_v);
      for (std::size_t i = first; i < last; ++i) {
        const T* q = queries.values<T>().data() + i * d;
        const T* s = sums.values<T>().data() + state_of(i) * d * d_v;
        const T* z = key_sums.values<T>().data() + state_of(i) * d;
        std::fill(output.begin(), output.end(), 0);
        double sum = 0;
        for (std::size_t a = 0; a < d; ++a) {
          const double feature = static_cast<double>(q[a]);
          sum += feature * static_cast<double>(z[a]);
          for (std::size_t b = 0; b < d_v; ++b) {
            output[b] += feature * static_cast<double>(s[a * d_v + b]);
          }
        }
        const double denominator = noticed.denominator(sum, i, empty(i));
        for (std::size_t b = 0; b < d_v; ++b) {
          outcome.values.values<T>()[i * d_v + b] = static_cast<T>(output[b] / denominator);
        }
      }
    });
  });
  outcome.findings = noticed.findings();
  return outcome;
}

/// (φ(Q) [n, d], S [d, d_v], z [d]) → [n, d_v].
Outcome evaluate_kernel_output(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Tensor &queries = *inputs[0], &sums = *inputs[1], &key_sums = *inputs[2];
  expect_equal_sizes(queries.columns(), sums.rows(), "a query and the sum over the keys");
  expect_equal_sizes(queries.columns(), key_sums.count(), "a query and the sum of the keys");
  const auto padding = attributes.get_or("padding", std::vector<bool>{true});
  const bool empty = std::find(padding.begin(), padding.end(), true) == padding.end();
  return divide_sums(
      queries, sums, key_sums, sums.columns(), [](std::size_t) { return std::size_t{0}; },
      [=](std::size_t) { return empty; });
}

/// (φ(Q) [n, d], states S [m, d, d_v], z [m, d]) → [n, d_v]: query i reads the state after key i,
/// or the last one.
Outcome evaluate_recurrent_output(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  const Tensor &queries = *inputs[0], &states = *inputs[1], &key_sums = *inputs[2];
  if (states.rank() != 3 || key_sums.rank() != 2) {
    throw Error(ErrorCode::kInvalid, "expected states of 3 axes and their sums of 2");
  }
  const std::size_t m = states.size(0);
  expect_equal_sizes(queries.columns(), states.size(1), "a query and the states");
  expect_equal_sizes(queries.columns(), key_sums.columns(), "a query and the sums of the keys");
  expect_equal_sizes(m, key_sums.rows(), "the states and the sums of the keys");
  const std::vector<bool> padding = padding_of(attributes, m);
  const auto real = std::find(padding.begin(), padding.end(), true);
  const auto first_real = static_cast<std::size_t>(real - padding.begin());
  return divide_sums(
      queries, states, key_sums, states.size(2), [=](std::size_t i) { return std::min(i, m - 1); },
      [=](std::size_t i) { return first_real > std::min(i, m - 1); });
}

/// (kernel [n, m][, mask]) → each row over its sum; hidden keys get 0.
Outcome evaluate_kernel_weights(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  const Tensor& kernel = *inputs[0];
  const Tensor* mask = inputs.size() > 1 ? inputs[1] : nullptr;
  if (mask != nullptr) expect_equal_sizes(mask->count(), kernel.count(), "the kernel and the mask");
  Outcome outcome{Tensor(kernel.dtype(), kernel.axes())};
  Noticed noticed;
  dispatch(kernel.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = kernel.columns();
    parallel_for(kernel.rows(), rows_per_block(2 * m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const T* row = kernel.values<T>().data() + i * m;
        const T* visible = mask == nullptr ? nullptr : mask->values<T>().data() + i * m;
        T* weights = outcome.values.values<T>().data() + i * m;
        double sum = 0;
        bool empty = true;
        for (std::size_t j = 0; j < m; ++j) {
          if (visible != nullptr && visible[j] == 0) continue;
          sum += static_cast<double>(row[j]);
          empty = false;
        }
        const double denominator = noticed.denominator(sum, i, empty);
        for (std::size_t j = 0; j < m; ++j) {
          const bool hidden = visible != nullptr && visible[j] == 0;
          weights[j] = hidden ? T{0} : static_cast<T>(static_cast<double>(row[j]) / denominator);
        }
      }
    });
  });
  outcome.findings = noticed.findings();
  return outcome;
}

}  // namespace

const Operation key_value_sum{
    .name = "key-value-sum",
    .meaning = "the outer products of all real keys and their values, summed",
    .source = "Katharopoulos et al. 2020, eq. 5",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + "ᵀ " + s[1]; },
    .evaluate = evaluate_key_value_sum,
    .terms = key_value_sum_terms,
};

const Operation key_sum{
    .name = "key-sum",
    .meaning = "the features of all real keys, summed",
    .source = "Katharopoulos et al. 2020, eq. 5",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "Σ_j " + s[0] + "_j"; },
    .evaluate = evaluate_key_sum,
    .terms = key_sum_terms,
};

const Operation kernel_output{
    .name = "kernel-output",
    .meaning = "the sum of key–value products, read by each query",
    .source = "Katharopoulos et al. 2020, eq. 5",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + " " + s[1] + " / (" + s[0] + " · " + s[2] + ")";
        },
    .evaluate = evaluate_kernel_output,
    .terms = kernel_output_terms,
};

const Operation running_key_values{
    .name = "running-key-values",
    .meaning = "the state of the recurrence after each key: its key–value product is added",
    .source = "Katharopoulos et al. 2020, eq. 18",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "S_(i−1) + " + s[0] + "_iᵀ " + s[1] + "_i"; },
    .evaluate = evaluate_running_key_values,
    .terms = running_key_values_terms,
};

const Operation running_key_sum{
    .name = "running-key-sum",
    .meaning = "the sum of the features up to each key",
    .source = "Katharopoulos et al. 2020, eq. 19",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "z_(i−1) + " + s[0] + "_i"; },
    .evaluate = evaluate_running_key_sum,
    .terms = running_key_sum_terms,
};

const Operation recurrent_output{
    .name = "recurrent-output",
    .meaning = "the state after its own position, read by each query",
    .source = "Katharopoulos et al. 2020, eq. 20",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + "_i " + s[1] + " / (" + s[0] + "_i · " + s[2] + ")";
        },
    .evaluate = evaluate_recurrent_output,
    .terms = recurrent_output_terms,
};

const Operation kernel_weights{
    .name = "kernel-weights",
    .meaning = "each row of a kernel over the sum of its visible keys",
    .source = "Katharopoulos et al. 2020, eq. 3",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          return s[0] + " / Σ_j " + s[0] + (s.size() > 1 ? " where " + s[1] + ", else 0" : "");
        },
    .evaluate = evaluate_kernel_weights,
    .terms = kernel_weights_terms,
    .gives_weights = true,
};

}  // namespace attn_viz::ops
