// Which keys a query may see.
#include <algorithm>
#include <limits>

#include "attn_viz/core/parallel.hpp"
#include "ops/matrix.hpp"

namespace attn_viz::ops {
namespace {

/// Inputs: X, whose rows ask; Y, whose rows are the keys; and perhaps "allow", [n, m] of 0 and 1.
/// Attributes, any of: "causal" (true), "window" ([left, right]), "padding" (true = a real key).
/// A key is visible if all of them agree.
Outcome evaluate_mask(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  const std::size_t n = inputs[0]->rows(), m = inputs[1]->rows();
  const bool causal = attributes.get_or("causal", false);
  const auto window = attributes.get_or("window", std::vector<double>{});
  const auto padding = attributes.get_or("padding", std::vector<bool>{});
  const Tensor* allow = inputs.size() > 2 ? inputs[2] : nullptr;
  if (!padding.empty()) expect_equal_sizes(padding.size(), m, "the padding and the keys");
  if (allow != nullptr) expect_equal_sizes(allow->count(), n * m, "the allowed pairs and the mask");

  const auto visible = [&](std::size_t i, std::size_t j) {
    const double distance = static_cast<double>(j) - static_cast<double>(i);
    return (!causal || j <= i) &&
           (window.empty() || (distance >= -window[0] && distance <= window[1])) &&
           (padding.empty() || padding[j]) && (allow == nullptr || allow->at(i, j) != 0);
  };
  Tensor mask(inputs[0]->dtype(), {inputs[0]->axes()[0], inputs[1]->axes()[0]});
  dispatch(mask.dtype(), [&](auto zero) {
    using T = decltype(zero);
    parallel_for(n, rows_per_block(4 * m), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        for (std::size_t j = 0; j < m; ++j) mask.values<T>()[i * m + j] = visible(i, j) ? 1 : 0;
      }
    });
  });
  return {std::move(mask)};
}

Outcome evaluate_mask_scores(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 2);
  const Tensor &scores = *inputs[0], &mask = *inputs[1];
  expect_equal_sizes(scores.count(), mask.count(), "the scores and the mask");
  Tensor masked(scores.dtype(), scores.axes());
  dispatch(scores.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* s = scores.values<T>().data();
    const T* visible = mask.values<T>().data();
    T* to = masked.values<T>().data();
    parallel_for(masked.count(), rows_per_block(1), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        to[i] = visible[i] != 0 ? s[i] : -std::numeric_limits<T>::infinity();
      }
    });
  });
  return {std::move(masked)};
}

std::string mask_equation(std::span<const std::string> symbols, const Attributes& attributes) {
  std::string terms;
  const auto add = [&](const std::string& term) { terms += (terms.empty() ? "" : " ∧ ") + term; };
  if (attributes.find("causal") != nullptr) add("j ≤ i");
  if (attributes.find("window") != nullptr) add("i − left ≤ j ≤ i + right");
  if (attributes.find("padding") != nullptr) add("real(j)");
  if (symbols.size() > 2) add(symbols[2] + "(i, j)");
  return terms;
}

}  // namespace

const Operation mask{
    .name = "mask",
    .meaning = "1 where the key is visible to the query, else 0",
    .source = "Vaswani et al. 2017, section 3.2.3; window: Yeh et al. 2019",
    .equation = mask_equation,
    .evaluate = evaluate_mask,
};

const Operation mask_scores{
    .name = "mask-scores",
    .meaning = "scores of hidden keys become −∞",
    .source = "Vaswani et al. 2017, section 3.2.3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " where " + s[1] + ", else −∞"; },
    .evaluate = evaluate_mask_scores,
    .may_mask = true,
};

}  // namespace attn_viz::ops
