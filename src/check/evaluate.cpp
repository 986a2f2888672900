#include "check/evaluate.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/random.hpp"

namespace attn_viz::check {
namespace {

/// What only the shape of the inputs decides, or what is given as whole numbers.
bool ignores_values(std::string_view op) {
  constexpr std::string_view kOps[] = {"mask", "sinusoidal", "sinusoidal-2d", "alibi",
                                       "random-features"};
  return contains(kOps, op);
}

/// Sums of products with coefficients ≥ 0, so that larger inputs give larger results.
bool is_sum_of_products(std::string_view op) {
  constexpr std::string_view kOps[] = {"linear",          "matmul",        "concat",
                                       "dot-product",     "bilinear",      "add",
                                       "learned",         "t5-bias",       "mask-scores",
                                       "mix-heads",       "slice-columns", "relative-dot-product",
                                       "relative-matmul", "multiply",      "identity",
                                       "window-rows",     "mean-rows",     "select-row",
                                       "key-value-sum",   "key-sum",       "running-key-values",
                                       "running-key-sum", "segment-means", "scale"};
  return contains(kOps, op);
}

std::vector<const Tensor*> pointers_to(const std::vector<Tensor>& tensors) {
  std::vector<const Tensor*> pointers;
  for (const Tensor& tensor : tensors) pointers.push_back(&tensor);
  return pointers;
}

Tensor bound_of_products(const Step& step, std::span<const Value> inputs) {
  std::vector<Tensor> sizes, larger;
  for (const Value& input : inputs) {
    Tensor size = *input.values;
    for (double& x : size.values<double>()) x = std::isfinite(x) ? std::abs(x) : x;
    larger.push_back(size);
    sizes.push_back(std::move(size));
    if (!input.slack) continue;
    auto most = larger.back().values<double>();
    const auto slack = input.slack->values<double>();
    for (std::size_t i = 0; i < most.size(); ++i) most[i] += slack[i];
  }
  Tensor bound = evaluate(step, pointers_to(larger));
  const Tensor least = evaluate(step, pointers_to(sizes));
  auto values = bound.values<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double difference = std::abs(values[i] - least.values<double>()[i]);
    values[i] = std::isfinite(difference) ? difference : 0;
  }
  return bound;
}

Tensor bound_by_moving(const Step& step, std::span<const Value> inputs, const Tensor& result) {
  Tensor bound(DType::kFloat64, result.axes());
  auto most = bound.values<double>();
  std::fill(most.begin(), most.end(), 0.0);
  for (std::size_t round = 0; round < kRounds; ++round) {
    std::vector<Tensor> tensors;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      tensors.push_back(moved(inputs[i], round, step.inputs[i]));
    }
    try {
      const Tensor other = evaluate(step, pointers_to(tensors));
      for (std::size_t i = 0; i < most.size(); ++i) {
        const double difference = std::abs(other.values<double>()[i] - result.values<double>()[i]);
        if (std::isfinite(difference)) most[i] = std::max(most[i], 2 * difference);
      }
    } catch (const Error&) {
      // Moved inputs may be refused where the given ones are not.
    }
  }
  return bound;
}

}  // namespace

Tensor moved(const Value& value, std::size_t round, StepId step) {
  Tensor tensor = *value.values;
  if (!value.slack) return tensor;
  Random random(round, std::to_string(step));
  auto values = tensor.values<double>();
  const auto slack = value.slack->values<double>();
  for (std::size_t i = 0; i < values.size(); ++i) {
    const bool up = round == 0 || (round != 1 && random.uniform() < 0.5);
    values[i] += up ? slack[i] : -slack[i];
  }
  return tensor;
}

std::shared_ptr<const Tensor> slack_of(const Step& step, std::span<const Value> inputs,
                                       const Tensor& result) {
  const bool exact = std::all_of(inputs.begin(), inputs.end(),
                                 [](const Value& input) { return input.slack == nullptr; });
  if (exact || ignores_values(step.op)) return nullptr;
  return std::make_shared<Tensor>(is_sum_of_products(step.op)
                                      ? bound_of_products(step, inputs)
                                      : bound_by_moving(step, inputs, result));
}

}  // namespace attn_viz::check
