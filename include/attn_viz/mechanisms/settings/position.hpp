// How positions enter: added to the embeddings, turned into queries and keys, or put on the scores.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class PositionType {
  kNone,
  kSinusoidal,
  kSinusoidal2d,
  kLearned,
  kFloater,
  kRope,
  kAlibi,
  kT5,
  kRelative
};

/// The names in documents and on the command line, in the order of PositionType.
inline constexpr std::string_view kPositionNames[] = {
    "none", "sinusoidal", "sinusoidal-2d", "learned", "floater", "rope", "alibi", "t5", "relative"};

/// Whether it cannot do without parameters of a document.
constexpr bool needs_parameters(PositionType type) {
  return type == PositionType::kLearned || type == PositionType::kFloater ||
         type == PositionType::kT5 || type == PositionType::kRelative;
}

/// How the positions of FLOATER are integrated.
inline constexpr std::string_view kFlowMethods[] = {"rk4", "rk4-3/8", "euler"};
inline constexpr std::string_view kFlowActivations[] = {"relu", "none"};

/// p(0) and dp/dt = activation([p; t] W_1 + b_1) W_2 + b_2; without W_2 the part before it.
struct FlowSettings {
  Tensor initial;                                     ///< p(0), [d]
  Tensor w_1;                                         ///< [d + 1, r], the last row for t
  std::optional<Tensor> b_1 = {};                     ///< [r]
  std::optional<Tensor> w_2 = {};                     ///< [r, d], or [r + 1, d]: also for t
  std::optional<Tensor> b_2 = {};                     ///< [d]
  std::string_view activation = kFlowActivations[0];  ///< one of kFlowActivations
  double step = 1;                                    ///< time between positions, > 0
  std::size_t substeps = 5;                           ///< ≥ 1
  std::string_view method = kFlowMethods[0];          ///< one of kFlowMethods
};

struct PositionSettings {
  PositionType type = PositionType::kNone;
  /// Of encodings that are added: not to the embeddings, but in each attention that asks for it to
  /// what its queries and keys are made of, and not to its values.
  bool to_queries_and_keys = false;
  double base = 10000;       ///< sinusoidal, sinusoidal-2d, rope: ≥ 1
  bool normalize = false;    ///< sinusoidal-2d: coordinates reach 2π at the last row and column
  bool half_layout = false;  ///< rope: pairs (t, t + d/2), not (2t, 2t + 1)
  std::vector<double> frequencies = {};          ///< rope: [d_k / 2] in place of the base
  std::optional<Tensor> table = {};              ///< learned: [L, d]; t5: [buckets (, h)]
  std::optional<FlowSettings> flow = {};         ///< floater
  std::vector<double> slopes = {};               ///< alibi: [h]; empty: those of the paper
  bool bidirectional = true;                     ///< t5
  std::optional<std::size_t> max_distance = {};  ///< t5: 128; relative: K, from its keys
  std::optional<Tensor> keys = {};               ///< relative: [2K + 1, d_k] or [h, 2K + 1, d_k]
  std::optional<Tensor> values = {};             ///< relative: likewise with d_v
};

}  // namespace attn_viz
