// Self attention distillation, as a document asks for it. Meaning and defaults: docs/mechanisms.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class EnergyMap { kSum, kSumPower, kMaximumPower };
inline constexpr std::string_view kEnergyMapNames[] = {"sum", "sum-power", "maximum-power"};

enum class MapNorm { kSoftmax, kL2, kNone };
inline constexpr std::string_view kMapNormNames[] = {"softmax", "l2", "none"};

enum class ErrorReduction { kMean, kSum, kNorm };
inline constexpr std::string_view kErrorReductionNames[] = {"mean", "sum", "norm"};

struct DistillationSettings {
  EnergyMap map = EnergyMap::kSumPower;
  double power = 2;
  MapNorm normalize = MapNorm::kSoftmax;
  bool align_corners = false;
  ErrorReduction loss = ErrorReduction::kMean;
};

/// What a network says of the lanes in a picture, and what is true.
struct LaneSettings {
  Tensor logits;                           ///< [classes, rows, columns]; class 0 is no lane
  Tensor labels;                           ///< [rows, columns], the number of a class
  std::vector<double> class_weights = {};  ///< empty: 0.4 for class 0, 1 for the others
  struct Existence {
    Tensor logits, labels;  ///< [lanes]; labels are 0 or 1
  };
  std::optional<Existence> existence = {};
};

/// The factors of the losses beside that of the pixels, which has 1.
struct LossWeights {
  double iou = 0.1, existence = 0.1, distillation = 0.1;
};

/// Feature maps of the blocks of a network, in order; each learns from the next.
struct DistillationTask {
  struct Block {
    std::string label;
    Tensor maps;  ///< [channels, rows, columns]
  };
  std::string title;
  DType dtype = DType::kFloat64;
  std::vector<Block> blocks;
  DistillationSettings settings = {};
  std::optional<LaneSettings> lane = {};
  LossWeights weights = {};
  std::string image = {};  ///< the picture that the maps were made from, or ""
};

}  // namespace attn_viz
