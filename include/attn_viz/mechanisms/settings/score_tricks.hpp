// What keeps scores in bounds, and where weight may go that fits no key.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

enum class QkNormType { kL2, kRms };

/// The names in documents, in the order of QkNormType.
inline constexpr std::string_view kQkNormNames[] = {"l2", "rms"};

/// Queries and keys made of one length before they are compared.
struct QkNormSettings {
  QkNormType type = QkNormType::kL2;
  std::vector<double> gain = {};  ///< l2: takes the place of the scale; [1] or [h]
  double epsilon = 0;             ///< rms: ≥ 0, added to the mean of the squares
  std::optional<Tensor> query_gain = {}, key_gain = {};  ///< rms: [d_k] or [h, d_k]
};

enum class Evaluation { kPlain, kOnline };
inline constexpr std::string_view kEvaluationNames[] = {"plain", "online"};

struct ScoreTricks {
  std::optional<QkNormSettings> qk_norm = {};
  std::vector<double> sink = {};  ///< a score that joins the sum of the softmax: [1] or [h]
  Evaluation evaluation = Evaluation::kPlain;
};

}  // namespace attn_viz
