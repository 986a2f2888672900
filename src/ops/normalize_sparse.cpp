// Normalisers that give most keys no weight at all.
#include <functional>

#include "attn_viz/core/random.hpp"
#include "attn_viz/ops/operation.hpp"
#include "ops/expect.hpp"
#include "ops/pull.hpp"
#include "ops/rows.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

using Scores = std::span<const double>;
using Weights = std::span<double>;

/// z less its maximum, times a factor, largest first.
std::vector<double> sorted_below_zero(Scores z, double factor) {
  const double most = *std::max_element(z.begin(), z.end());
  std::vector<double> u;
  u.reserve(z.size());
  for (const double score : z) u.push_back((score - most) * factor);
  std::sort(u.begin(), u.end(), std::greater<>());
  return u;
}

/// The nearest point of the simplex: max(z − τ, 0) with the τ at which they sum to 1.
void sparsemax_row(Scores z, Weights w) {
  const std::vector<double> u = sorted_below_zero(z, 1);
  double sum = 0, threshold = 0;
  for (std::size_t k = 1; k <= u.size(); ++k) {
    sum += u[k - 1];
    if (1 + static_cast<double>(k) * u[k - 1] <= sum) break;
    threshold = (sum - 1) / static_cast<double>(k);
  }
  const double most = *std::max_element(z.begin(), z.end());
  for (std::size_t j = 0; j < z.size(); ++j) w[j] = std::max(z[j] - most - threshold, 0.0);
}

/// max(z/2 − τ, 0)², exactly: for each size k of the support, τ solves a quadratic equation.
void entmax15_row(Scores z, Weights w) {
  const std::vector<double> x = sorted_below_zero(z, 0.5);
  double sum = 0, squares = 0, threshold = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (x[i] <= -1) break;  // τ is never below −1; and the squares must not overflow
    const double k = static_cast<double>(i + 1);
    sum += x[i];
    squares += x[i] * x[i];
    const double mean = sum / k;
    const double spread = squares - k * mean * mean;
    const double candidate = mean - std::sqrt(std::max((1 - spread) / k, 0.0));
    if (candidate > x[i]) break;
    threshold = candidate;
  }
  const double most = *std::max_element(z.begin(), z.end());
  for (std::size_t j = 0; j < z.size(); ++j) {
    const double root = std::max((z[j] - most) / 2 - threshold, 0.0);
    w[j] = root * root;
  }
}

/// [(α−1) z − τ]₊^(1/(α−1)) for any α > 1: τ by halving, between the values at which the largest
/// weight alone is 1 and at which all keys have the weight of the largest. z is less its maximum.
/// For α near 1 what is searched is 1 + τ, a small number, and the power is taken by logarithms.
void entmax_row(Scores z, Weights w, double alpha) {
  const double most = *std::max_element(z.begin(), z.end());
  const double steep = alpha - 1, keys = static_cast<double>(z.size());
  const bool near_softmax = alpha < 1.5;
  const auto weight = [&](double score, double threshold) {
    const double x = (score - most) * steep - threshold;
    if (near_softmax) return x <= -1 ? 0.0 : std::exp(std::log1p(x) / steep);
    return std::pow(std::max(x, 0.0), 1 / steep);
  };
  double low = near_softmax ? 0 : -1;
  double high = near_softmax ? -std::expm1(-steep * std::log(keys)) : -std::pow(keys, -steep);
  for (int halving = 0; halving < 100; ++halving) {
    const double middle = low + (high - low) / 2;
    if (middle == low || middle == high) break;
    double sum = 0;
    for (const double score : z) sum += weight(score, middle);
    (sum >= 1 ? low : high) = middle;
  }
  double sum = 0;
  for (std::size_t j = 0; j < z.size(); ++j) sum += w[j] = weight(z[j], low);
  for (double& each : w) each /= sum;
}

Outcome evaluate_sparsemax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  return normalize_rows(*inputs[0], 30, "", [](Scores z, Weights w, std::size_t) {
    sparsemax_row(z, w);
    return true;
  });
}

Outcome evaluate_entmax(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double alpha = attributes.get<double>("alpha");
  if (!(alpha > 1)) throw Error(ErrorCode::kInvalid, "alpha: expected a number > 1");
  return normalize_rows(*inputs[0], 1000, "", [=](Scores z, Weights w, std::size_t) {
    if (alpha == 1.5) {
      entmax15_row(z, w);
    } else if (alpha == 2) {
      sparsemax_row(z, w);
    } else {
      entmax_row(z, w, alpha);
    }
    return true;
  });
}

Outcome evaluate_hardmax(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 1);
  return normalize_rows(*inputs[0], 2, "", [](Scores z, Weights w, std::size_t) {
    w[static_cast<std::size_t>(std::max_element(z.begin(), z.end()) - z.begin())] = 1;
    return true;
  });
}

/// One key a row, drawn with the probabilities of the softmax. Attributes: "seed" and "stream" (the
/// name of the head) name the random numbers; a row's number does not depend on other rows.
Outcome evaluate_sample(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const auto seed = static_cast<std::uint64_t>(attributes.get<double>("seed"));
  const std::string stream = attributes.get_or<std::string>("stream", "");
  const double temperature = attributes.get_or("temperature", 1.0);
  return normalize_rows(*inputs[0], 10, "", [=](Scores z, Weights w, std::size_t row) {
    const double most = *std::max_element(z.begin(), z.end());
    double sum = 0;
    for (const double score : z) sum += std::exp((score - most) / temperature);
    double left = Random(seed, stream + "/" + std::to_string(row)).uniform() * sum;
    std::size_t chosen = 0;
    for (std::size_t j = 0; j < z.size(); ++j) {
      const double share = std::exp((z[j] - most) / temperature);
      if (share > 0) chosen = j;  // rounding must not carry us past the last possible key
      left -= share;
      if (left < 0) break;
    }
    w[chosen] = 1;
    return true;
  });
}

}  // namespace

const Operation sparsemax{
    .name = "sparsemax",
    .meaning = "the nearest point of the simplex",
    .source = "Martins and Astudillo 2016, algorithm 1",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "sparsemax(" + s[0] + ")"; },
    .evaluate = evaluate_sparsemax,
    .terms = sparsemax_terms,
    .pull = sparsemax_pull,
    .rows_sum_to_one = true,
};

const Operation entmax{
    .name = "entmax",
    .meaning = "between softmax (alpha 1) and sparsemax (alpha 2)",
    .source = "Peters, Niculae and Martins 2019, section 3",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "entmax(" + s[0] + "; alpha)"; },
    .evaluate = evaluate_entmax,
    .terms = entmax_terms,
    .pull = entmax_pull,
    .rows_sum_to_one = true,
};

const Operation hardmax{
    .name = "hardmax",
    .meaning = "1 for the key of the largest score (the first of equals), else 0",
    .source = "Qiu, nndl, section 8.2",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "hardmax(" + s[0] + ")"; },
    .evaluate = evaluate_hardmax,
    .terms = hardmax_terms,
    .jumps = true,
    .rows_sum_to_one = true,
};

const Operation sample{
    .name = "sample",
    .meaning = "one key a row, drawn with the probabilities of the softmax",
    .source = "Xu et al. 2015, section 4.1 (hard attention)",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "one-hot(j ~ softmax(" + s[0] + "))"; },
    .evaluate = evaluate_sample,
    .terms = sample_terms,
    .jumps = true,
    .rows_sum_to_one = true,
};

}  // namespace attn_viz::ops
