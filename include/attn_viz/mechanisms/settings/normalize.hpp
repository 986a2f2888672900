// Normalisers and their constants.
#pragma once

#include <cstdint>
#include <string_view>

namespace attn_viz {

enum class NormalizerType {
  kSoftmax,
  kRelu,
  kReluMean,
  kReluNormalized,
  kSigmoid,
  kSoftmaxOffByOne,
  kSparsemax,
  kEntmax,
  kHardmax,
  kSample
};

/// The names in documents and on the command line, in the order of NormalizerType.
inline constexpr std::string_view kNormalizerNames[] = {
    "softmax",   "relu",   "relu-mean", "relu-normalized", "sigmoid", "softmax-off-by-one",
    "sparsemax", "entmax", "hardmax",   "sample"};

struct NormalizeSettings {
  NormalizerType type = NormalizerType::kSoftmax;
  double temperature = 1;     ///< softmax, sample: > 0; scores are divided by it
  double bias = 0;            ///< sigmoid: added to the scores
  bool bias_by_keys = false;  ///< sigmoid: instead, −ln of the number of visible keys
  double alpha = 1.5;         ///< entmax: > 1
  std::uint64_t seed = 0;     ///< sample
};

}  // namespace attn_viz
