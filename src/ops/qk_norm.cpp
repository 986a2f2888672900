// Rows made of one length, for queries and keys before they are compared.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "ops/expect.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// Divides every row by what `length` makes of its largest size and of the mean of the squares of
/// (row / largest), so that squares neither overflow nor vanish. Rows of 0 stay 0 and are listed.
/// @param gain  [columns], multiplies each row; may be null
template <class Length>
Outcome each_row(const Tensor& x, const Tensor* gain, Length length) {
  if (gain != nullptr) expect_equal_sizes(gain->count(), x.columns(), "the gain and the rows");
  Outcome outcome{Tensor(x.dtype(), x.axes())};
  std::vector<double> zero_rows;
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const std::size_t d = x.columns();
    for (std::size_t i = 0; i < x.rows(); ++i) {
      const T* from = x.values<T>().data() + i * d;
      T* to = outcome.values.values<T>().data() + i * d;
      double largest = 0, squares = 0;
      for (std::size_t t = 0; t < d; ++t) {
        largest = std::max(largest, std::abs(static_cast<double>(from[t])));
      }
      if (largest == 0) zero_rows.push_back(static_cast<double>(i));
      for (std::size_t t = 0; t < d && largest > 0; ++t) {
        const double share = static_cast<double>(from[t]) / largest;
        squares += share * share;
      }
      const double by = largest == 0 ? 1 : length(largest, squares / static_cast<double>(d), d);
      for (std::size_t t = 0; t < d; ++t) {
        const double value = largest == 0 ? 0 : static_cast<double>(from[t]) / largest / by;
        to[t] = static_cast<T>(gain == nullptr ? value : value * gain->at(t));
      }
    }
  });
  if (!zero_rows.empty()) outcome.findings.set("zero_rows", std::move(zero_rows));
  return outcome;
}

Outcome evaluate_l2(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  return each_row(*inputs[0], nullptr, [](double, double mean, std::size_t d) {
    return std::sqrt(mean * static_cast<double>(d));
  });
}

/// Attribute "epsilon", 0 if absent; a second input is the gain.
Outcome evaluate_rms(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double epsilon = attributes.get_or("epsilon", 0.0);
  return each_row(*inputs[0], inputs.size() > 1 ? inputs[1] : nullptr,
                  [=](double largest, double mean, std::size_t) {
                    return std::hypot(std::sqrt(mean), std::sqrt(epsilon) / largest);
                  });
}

}  // namespace

const Operation l2_normalize{
    .name = "l2-normalize",
    .meaning = "each row divided by its length; 0 where the length is 0",
    .source = "Henry et al. 2020, Query-key normalization for transformers",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " / ‖" + s[0] + "‖"; },
    .evaluate = evaluate_l2,
    .terms = l2_normalize_terms,
};

const Operation rms_normalize{
    .name = "rms-normalize",
    .meaning = "each row divided by the root of the mean of its squares, times a gain",
    .source = "Zhang and Sennrich 2019, eq. 4; on queries and keys: Dehghani et al. 2023, eq. 1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool plain = attributes.find("epsilon") == nullptr;
          const std::string root = "√(mean(" + s[0] + "²)" + (plain ? ")" : " + epsilon)");
          return (s.size() > 1 ? s[1] + " · " : "") + s[0] + " / " + root;
        },
    .evaluate = evaluate_rms,
    .terms = rms_normalize_terms,
};

}  // namespace attn_viz::ops
