// Normalisers: from a row of scores to a row of weights. −∞ marks a masked key, whose weight is 0.
#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "attn_viz/core/parallel.hpp"
#include "ops/matrix.hpp"

namespace attn_viz::ops {
namespace {

/// One row of softmax(s / temperature); false if no key is visible (then all weights are 0).
/// The row's maximum is subtracted first, which changes nothing but the range.
template <class T>
bool softmax_row(const T* s, T* weights, std::size_t m, double temperature) {
  T most = -std::numeric_limits<T>::infinity();
  for (std::size_t j = 0; j < m; ++j) most = s[j] > most ? s[j] : most;
  if (most == -std::numeric_limits<T>::infinity()) {
    for (std::size_t j = 0; j < m; ++j) weights[j] = 0;
    return false;
  }
  double sum = 0;
  for (std::size_t j = 0; j < m; ++j) {
    // In float64, because a temperature may be 0 or infinite in float32.
    const double exponent = (static_cast<double>(s[j]) - static_cast<double>(most)) / temperature;
    weights[j] = std::exp(static_cast<T>(exponent));
    sum += static_cast<double>(weights[j]);
  }
  for (std::size_t j = 0; j < m; ++j) {
    weights[j] = static_cast<T>(static_cast<double>(weights[j]) / sum);
  }
  return true;
}

Outcome evaluate_softmax(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& scores = *inputs[0];
  const double temperature = attributes.get_or("temperature", 1.0);
  Outcome outcome{Tensor(scores.dtype(), scores.axes())};
  std::vector<double> empty_rows;
  std::mutex empty_rows_mutex;
  dispatch(scores.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t m = scores.columns();
    parallel_for(scores.rows(), rows_per_block(6 * m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const T* row = scores.values<T>().data() + i * m;
        for (std::size_t j = 0; j < m; ++j) {
          if (std::isnan(row[j]) || row[j] == std::numeric_limits<T>::infinity()) {
            throw Error(ErrorCode::kInvalid, "the score of query " + std::to_string(i) +
                                                 " and key " + std::to_string(j) +
                                                 " is not finite");
          }
        }
        T* weights = outcome.values.values<T>().data() + i * m;
        if (!softmax_row(row, weights, m, temperature)) {
          const std::lock_guard lock(empty_rows_mutex);
          empty_rows.push_back(static_cast<double>(i));
        }
      }
    });
  });
  std::sort(empty_rows.begin(), empty_rows.end());
  if (!empty_rows.empty()) outcome.findings.set("empty_rows", std::move(empty_rows));
  return outcome;
}

}  // namespace

const Operation softmax{
    .name = "softmax",
    .meaning = "each row exponentiated and divided by its sum",
    .source = "Vaswani et al. 2017, eq. 1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool plain = attributes.find("temperature") == nullptr;
          return "softmax(" + s[0] + (plain ? ")" : " / temperature)");
        },
    .evaluate = evaluate_softmax,
};

}  // namespace attn_viz::ops
