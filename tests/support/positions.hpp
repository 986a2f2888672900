// Problems with positions.
#pragma once

#include <optional>

#include "support/problems.hpp"

namespace attn_viz::test {

/// Each encoding with parameters for six tokens.
inline PositionSettings position_of(PositionType type) {
  PositionSettings position;
  position.type = type;
  if (type == PositionType::kLearned) position.table = random_tensor({9, 8}, "table");
  if (type == PositionType::kFloater) {
    position.flow = FlowSettings{.initial = random_tensor({8}, "p_0"),
                                 .w_1 = random_tensor({9, 3}, "W_1"),
                                 .b_1 = random_tensor({3}, "b_1"),
                                 .w_2 = random_tensor({3, 8}, "W_2"),
                                 .b_2 = random_tensor({8}, "b_2"),
                                 .step = 0.5};
  }
  if (type == PositionType::kT5) {
    position.table = random_tensor({8, 2}, "buckets");
    position.max_distance = 16;
  }
  if (type == PositionType::kRelative) {
    position.keys = random_tensor({5, 4}, "keys");
    position.values = random_tensor({2, 5, 4}, "values");
  }
  return position;
}

inline constexpr PositionType kAllPositions[] = {
    PositionType::kSinusoidal, PositionType::kSinusoidal2d, PositionType::kLearned,
    PositionType::kFloater,    PositionType::kRope,         PositionType::kAlibi,
    PositionType::kT5,         PositionType::kRelative};

/// Six tokens (or 2 × 3 patches) of 8 numbers under two heads.
inline Problem six_tokens(PositionType type, DType dtype = DType::kFloat64) {
  AttentionSettings settings;
  settings.heads = 2;
  settings.weights = RandomWeights{5};
  settings.position = position_of(type);
  const auto narrow = [&](std::optional<Tensor>& tensor) {
    if (tensor) tensor = tensor->as(dtype);
  };
  narrow(settings.position.table), narrow(settings.position.keys), narrow(settings.position.values);
  if (auto& flow = settings.position.flow) {
    flow->initial = flow->initial.as(dtype), flow->w_1 = flow->w_1.as(dtype);
    narrow(flow->b_1), narrow(flow->w_2), narrow(flow->b_2);
  }
  Problem problem = problem_of(random_tensor({6, 8}, "x", dtype), settings);
  if (type == PositionType::kSinusoidal2d) problem.axis.grid = {2, 3};
  return problem;
}

}  // namespace attn_viz::test
