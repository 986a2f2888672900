#include "check/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/random.hpp"

namespace attn_viz::check {
namespace {

/// The number of axes of the first inputs, where it is not two and two; '.' is any.
std::string_view ranks_of(std::string_view op) {
  constexpr std::pair<std::string_view, std::string_view> kRanks[] = {
      {"concat", "2"},
      {"floater", "21"},
      {"differential-lambda", "1111"},
      {"rms-normalize", "21"},
      {"layer-norm", "21"},
      {"rms-norm", "21"},
      {"recurrent-output", "232"},
      {"online-output", "32"},
      {"online-accumulator", "222"},
      {"kernel-output", "221"},
      {"relative-dot-product", "222"},
      {"relative-matmul", "222"},
      {"additive", "2222"},
      {"bilinear", "222"},
      {"nystrom-weights", "222"},
      {"distance", "2222"},
  };
  // These look at the axes of their inputs themselves, or work number by number.
  constexpr std::string_view kAny[] = {"patchify",
                                       "convolution-2d",
                                       "batch-norm",
                                       "adaptive-average-pool",
                                       "adaptive-maximum-pool",
                                       "strip-pool",
                                       "expand-strips",
                                       "interpolate",
                                       "concat-maps",
                                       "flatten-maps",
                                       "pixels-as-rows",
                                       "rows-as-maps",
                                       "criss-cross-mask",
                                       "channel-energy",
                                       "spatial-softmax",
                                       "map-l2-normalize",
                                       "squared-error",
                                       "weighted-sum",
                                       "channel-softmax",
                                       "channel-argmax",
                                       "pixel-cross-entropy",
                                       "binary-cross-entropy",
                                       "lane-iou-loss",
                                       "rnn",
                                       "gru",
                                       "shift-rows",
                                       "repeat-rows",
                                       "stack-rows",
                                       "join-rows",
                                       "slice-rows",
                                       "fixed-weights",
                                       "subtract",
                                       "row-numbers",
                                       "local-window",
                                       "local-gaussian",
                                       "network",
                                       "pointer-mask",
                                       "argmax",
                                       "grid-convolution",
                                       "pad-grid",
                                       "quadratic-encoding",
                                       "encoding-scores",
                                       "activation",
                                       "scale",
                                       "add",
                                       "multiply",
                                       "blend",
                                       "identity"};
  if (std::find(std::begin(kAny), std::end(kAny), op) != std::end(kAny)) return "......";
  for (const auto& [name, ranks] : kRanks) {
    if (name == op) return ranks;
  }
  return "22";
}

/// Operations trust the number of axes, which the recipes see to. A trace from elsewhere may say
/// anything.
void expect_ranks(const Step& step, std::span<const Tensor* const> inputs) {
  const std::string_view ranks = ranks_of(step.op);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t rank = inputs[i]->rank();
    const bool any = i >= ranks.size() || ranks[i] == '.';
    const std::size_t expected = any ? rank : static_cast<std::size_t>(ranks[i] - '0');
    if (rank == 0 || rank != expected) {
      throw Error(ErrorCode::kInvalid, fmt::format("expected {} ax{} of input {} of \"{}\", got {}",
                                                   std::max<std::size_t>(1, expected),
                                                   expected == 2 ? "es" : "is", i, step.op, rank))
          .at(step.id);
    }
    if (inputs[i]->count() == 0 && step.op != ops::mask.name) {
      throw Error(ErrorCode::kInvalid, fmt::format("input {} is empty", i)).at(step.id);
    }
  }
}

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

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

Tensor evaluate(const Step& step, const Attributes& attributes,
                std::span<const Tensor* const> inputs) {
  const Operation* operation = find_operation(step.op);
  if (operation == nullptr) {
    throw Error(ErrorCode::kInvalid, fmt::format("unknown operation \"{}\"", step.op)).at(step.id);
  }
  expect_ranks(step, inputs);
  try {
    return operation->evaluate(inputs, attributes).values;
  } catch (Error& error) {
    throw error.at(step.id);
  }
}

Tensor evaluate(const Step& step, std::span<const Tensor* const> inputs) {
  return evaluate(step, step.attributes, inputs);
}

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
