// Normalisers that look at every key: from a row of scores to a row of weights. −∞ marks a masked
// key, whose weight is 0; a row without a visible key gets weights 0 and is listed.
#include "attn_viz/ops/operation.hpp"
#include "ops/expect.hpp"
#include "ops/pull.hpp"
#include "ops/rows.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

using Scores = std::span<const double>;
using Weights = std::span<double>;

/// exp((z − max z) / temperature), which neither overflows nor vanishes altogether; their sum.
double exponentials(Scores z, Weights w, double temperature) {
  const double most = *std::max_element(z.begin(), z.end());
  double sum = 0;
  for (std::size_t j = 0; j < z.size(); ++j) {
    w[j] = std::exp((z[j] - most) / temperature);
    sum += w[j];
  }
  return sum;
}

Outcome evaluate_softmax(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double temperature = attributes.get_or("temperature", 1.0);
  return normalize_rows(*inputs[0], 6, "", [=](Scores z, Weights w, std::size_t) {
    const double sum = exponentials(z, w, temperature);
    for (double& weight : w) weight /= sum;
    return true;
  });
}

/// exp(z) / (1 + Σ exp z), as if a further key of score 0 took its share and said nothing.
Outcome evaluate_softmax_off_by_one(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  return normalize_rows(*inputs[0], 6, "", [](Scores z, Weights w, std::size_t) {
    const double most = std::max(0.0, *std::max_element(z.begin(), z.end()));
    double sum = std::exp(-most);
    for (std::size_t j = 0; j < z.size(); ++j) sum += w[j] = std::exp(z[j] - most);
    for (double& weight : w) weight /= sum;
    return true;
  });
}

/// σ(z + bias); the bias "-log-keys" is −ln of the number of visible keys.
Outcome evaluate_sigmoid(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const bool by_keys = attributes.get_or<std::string>("bias", "") == "-log-keys";
  const double fixed = attributes.get_or("bias", 0.0);
  return normalize_rows(*inputs[0], 6, "", [=](Scores z, Weights w, std::size_t) {
    const double bias = by_keys ? -std::log(static_cast<double>(z.size())) : fixed;
    for (std::size_t j = 0; j < z.size(); ++j) {
      // The exponential of a negative number cannot overflow.
      const double x = z[j] + bias, small = std::exp(-std::abs(x));
      w[j] = (x >= 0 ? 1 : small) / (1 + small);
    }
    return true;
  });
}

/// max(z, 0), of which `finish` makes one of the kinds of relu, told the largest. Rows without a
/// positive score are listed.
template <class Finish>
Outcome relu_rows(Inputs inputs, Finish finish) {
  expect_inputs(inputs, 1);
  return normalize_rows(*inputs[0], 2, "zero_rows", [=](Scores z, Weights w, std::size_t) {
    const double most = *std::max_element(z.begin(), z.end());
    if (most <= 0) return false;
    for (std::size_t j = 0; j < z.size(); ++j) w[j] = z[j] > 0 ? z[j] : 0;  // 0, not −0
    finish(w, most);
    return true;
  });
}

void divide(Weights w, double by) {
  for (double& weight : w) weight /= by;
}

/// "relu(S)"; a name in front of the symbol of the scores.
template <const char* Name>
std::string call(std::span<const std::string> symbols, const Attributes&) {
  return Name + ("(" + symbols[0] + ")");
}

constexpr char kRelu[] = "relu", kReluMean[] = "relu-mean", kReluNormalized[] = "relu-normalized",
               kSoftmaxOffByOne[] = "softmax-off-by-one";

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
    .terms = softmax_terms,
    .pull = softmax_pull,
    .rows_sum_to_one = true,
};

const Operation softmax_off_by_one{
    .name = kSoftmaxOffByOne,
    .meaning = "softmax with one more key of score 0 that is then left out",
    .source = "Miller 2023, Attention is off by one",
    .equation = call<kSoftmaxOffByOne>,
    .evaluate = evaluate_softmax_off_by_one,
    .terms = softmax_off_by_one_terms,
    .pull = softmax_pull,
    .gives_weights = true,
};

const Operation sigmoid{
    .name = "sigmoid",
    .meaning = "each score by itself between 0 and 1",
    .source =
        "Ramapuram et al. 2024, Theory, analysis, and best practices for sigmoid self-attention",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool plain = attributes.find("bias") == nullptr;
          return "sigmoid(" + s[0] + (plain ? ")" : " + bias)");
        },
    .evaluate = evaluate_sigmoid,
    .terms = sigmoid_terms,
    .pull = sigmoid_pull,
    .gives_weights = true,
};

const Operation relu{
    .name = kRelu,
    .meaning = "negative scores become 0",
    .source = "Lee 2021, lecture on self-attention",
    .equation = call<kRelu>,
    .evaluate = [](Inputs inputs,
                   const Attributes&) { return relu_rows(inputs, [](Weights, double) {}); },
    .terms = relu_terms,
    .pull = relu_pull,
    .gives_weights = true,
};

const Operation relu_mean{
    .name = kReluMean,
    .meaning = "negative scores become 0, divided by the number of visible keys",
    .source = "Wortsman et al. 2023, Replacing softmax with ReLU in vision transformers",
    .equation = call<kReluMean>,
    .evaluate =
        [](Inputs inputs, const Attributes&) {
          return relu_rows(inputs,
                           [](Weights w, double) { divide(w, static_cast<double>(w.size())); });
        },
    .terms = relu_mean_terms,
    .pull = relu_mean_pull,
    .gives_weights = true,
};

const Operation relu_normalized{
    .name = kReluNormalized,
    .meaning = "negative scores become 0, divided by the sum; 0 where no score is positive",
    .source = "Lee 2021, lecture on self-attention",
    .equation = call<kReluNormalized>,
    .evaluate =
        [](Inputs inputs, const Attributes&) {
          return relu_rows(inputs, [](Weights w, double most) {
            divide(w, most);  // so that the sum cannot overflow
            double sum = 0;
            for (const double weight : w) sum += weight;
            divide(w, sum);
          });
        },
    .terms = relu_normalized_terms,
    .pull = relu_normalized_pull,
    .rows_sum_to_one = true,
};

}  // namespace attn_viz::ops
