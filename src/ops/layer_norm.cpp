// Norms of rows: each token's numbers are brought to one size.
#include <algorithm>
#include <cmath>

#include "attn_viz/core/parallel.hpp"
#include "ops/expect.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// @throws Error kInvalid unless the parameter has a number for each column.
template <class T>
const T* parameter_of(Inputs inputs, std::size_t index, const char* what) {
  if (inputs.size() <= index) return nullptr;
  expect_equal_sizes(inputs[0]->columns(), inputs[index]->count(), what);
  return inputs[index]->values<T>().data();
}

/// The root mean square of (x − center) where the squares overflow; ε is nothing beside it.
template <class T>
double large_size(const T* row, std::size_t d, double center) {
  double largest = 0, square = 0;
  for (std::size_t j = 0; j < d; ++j) {
    largest = std::max(largest, std::abs(static_cast<double>(row[j]) - center));
  }
  for (std::size_t j = 0; j < d; ++j) {
    const double away = (static_cast<double>(row[j]) - center) / largest;
    square += away * away;
  }
  return largest * std::sqrt(square / static_cast<double>(d));
}

/// (x − center) / √(mean of (x − center)² + ε) ∘ gain + bias, row by row, summed in float64.
Outcome normalize_by_size(Inputs inputs, const Attributes& attributes, bool centered) {
  expect_inputs(inputs, 1);
  const double epsilon = attributes.get<double>("epsilon");
  if (!(epsilon > 0)) throw Error(ErrorCode::kInvalid, "expected an epsilon > 0");
  const Tensor& x = *inputs[0];
  Tensor y(x.dtype(), x.axes());
  const std::size_t d = x.columns();
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* gain = parameter_of<T>(inputs, 1, "the columns and the gain");
    const T* bias = parameter_of<T>(inputs, 2, "the columns and the bias");
    parallel_for(x.rows(), rows_per_block(4 * d), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i < last; ++i) {
        const T* row = x.values<T>().data() + i * d;
        T* to = y.values<T>().data() + i * d;
        double mean = 0, square = 0;
        for (std::size_t j = 0; centered && j < d; ++j) mean += static_cast<double>(row[j]);
        mean /= static_cast<double>(d);
        for (std::size_t j = 0; j < d; ++j) {
          const double away = static_cast<double>(row[j]) - mean;
          square += away * away;
        }
        const double size = std::isfinite(square)
                                ? std::sqrt(square / static_cast<double>(d) + epsilon)
                                : large_size(row, d, mean);
        for (std::size_t j = 0; j < d; ++j) {
          double value = (static_cast<double>(row[j]) - mean) / size;
          if (gain != nullptr) value *= static_cast<double>(gain[j]);
          if (bias != nullptr) value += static_cast<double>(bias[j]);
          to[j] = static_cast<T>(value);
        }
      }
    });
  });
  return {std::move(y)};
}

Outcome evaluate_layer_norm(Inputs inputs, const Attributes& attributes) {
  return normalize_by_size(inputs, attributes, true);
}

Outcome evaluate_rms_norm(Inputs inputs, const Attributes& attributes) {
  return normalize_by_size(inputs, attributes, false);
}

std::string with_parameters(std::string text, std::span<const std::string> symbols) {
  if (symbols.size() > 1) text += " ∘ " + symbols[1];
  if (symbols.size() > 2) text += " + " + symbols[2];
  return text;
}

std::string layer_norm_equation(std::span<const std::string> s, const Attributes&) {
  return with_parameters("(" + s[0] + " − mean) / √(variance + ε)", s);
}

std::string rms_norm_equation(std::span<const std::string> s, const Attributes&) {
  return with_parameters(s[0] + " / √(mean of squares + ε)", s);
}

}  // namespace

const Operation layer_norm{
    .name = "layer-norm",
    .meaning = "each row with mean 0 and variance 1, then a gain and a bias for each column",
    .source = "Ba, Kiros, Hinton 2016, eqs. 3 and 4",
    .equation = layer_norm_equation,
    .evaluate = evaluate_layer_norm,
    .terms = layer_norm_terms,
    .pull = layer_norm_pull,
};

const Operation rms_norm{
    .name = "rms-norm",
    .meaning = "each row divided by its root mean square, then a gain and a bias for each column",
    .source = "Zhang and Sennrich 2019, eq. 4",
    .equation = rms_norm_equation,
    .evaluate = evaluate_rms_norm,
    .terms = rms_norm_terms,
    .pull = rms_norm_pull,
};

}  // namespace attn_viz::ops
