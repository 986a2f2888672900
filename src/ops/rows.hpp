// The walk over rows of scores that all normalisers share.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/ops/operation.hpp"

namespace attn_viz::ops {

/// Turns the visible scores of one row into weights.
/// @param z  scores of the visible keys, at least one, all finite
/// @param w  their weights, to be written
/// @return   false if the row has nothing to attend to (its weights are then set to 0).
/// `row` is the number of the row; keys are walked in their order.
template <class Row>
Outcome normalize_rows(const Tensor& scores, std::size_t cost_per_key, const char* finding,
                       Row normalize) {
  Outcome outcome{Tensor(scores.dtype(), scores.axes())};
  std::vector<double> empty_rows, nothing_rows;
  std::mutex found;
  dispatch(scores.dtype(), [&](auto zero) {
    using T = decltype(zero);
    constexpr T kInfinity = std::numeric_limits<T>::infinity();
    const std::size_t m = scores.columns();
    parallel_for(
        scores.rows(), rows_per_block(cost_per_key * m), [&](std::size_t first, std::size_t last) {
          std::vector<double> z, w;
          for (std::size_t i = first; i < last; ++i) {
            const T* row = scores.values<T>().data() + i * m;
            T* weights = outcome.values.values<T>().data() + i * m;
            z.clear();
            for (std::size_t j = 0; j < m; ++j) {
              if (std::isnan(row[j]) || row[j] == kInfinity) {
                throw Error(ErrorCode::kInvalid, "the score of query " + std::to_string(i) +
                                                     " and key " + std::to_string(j) +
                                                     " is not finite");
              }
              if (row[j] != -kInfinity) z.push_back(static_cast<double>(row[j]));
            }
            w.assign(z.size(), 0);
            if (z.empty() || !normalize(std::span<const double>(z), std::span<double>(w), i)) {
              const std::lock_guard lock(found);
              (z.empty() ? empty_rows : nothing_rows).push_back(static_cast<double>(i));
            }
            for (std::size_t j = 0, k = 0; j < m; ++j) {
              weights[j] = row[j] == -kInfinity ? T{0} : static_cast<T>(w[k++]);
            }
          }
        });
  });
  std::sort(empty_rows.begin(), empty_rows.end());
  std::sort(nothing_rows.begin(), nothing_rows.end());
  if (!empty_rows.empty()) outcome.findings.set("empty_rows", std::move(empty_rows));
  if (!nothing_rows.empty()) outcome.findings.set(finding, std::move(nothing_rows));
  return outcome;
}

}  // namespace attn_viz::ops
