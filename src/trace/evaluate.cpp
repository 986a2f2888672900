#include "attn_viz/trace/evaluate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
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

}  // namespace attn_viz
