// Recurrent cells, and the mechanism that runs one over a sequence.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "attn_viz/core/tensor.hpp"
#include "attn_viz/mechanisms/settings/labelled_rows.hpp"
#include "attn_viz/mechanisms/settings/stack.hpp"
#include "attn_viz/mechanisms/settings/weights.hpp"

namespace attn_viz {

enum class CellType { kNone, kRnn, kGru };
/// The names in documents, in the order of CellType.
inline constexpr std::string_view kCellNames[] = {"none", "rnn", "gru"};

/// x W + h U + b, of a gate or of the candidate; a missing matrix is the identity.
struct GateMatrices {
  std::optional<Tensor> w = {};  ///< [d, h]
  std::optional<Tensor> u = {};  ///< [h, h]
  std::optional<Tensor> b = {};  ///< [h]
};

/// A tanh RNN has the candidate alone.
struct CellMatrices {
  GateMatrices update = {}, reset = {}, candidate = {};
};

/// A cell that is run over rows x_t [d] and gives states h_t [h].
///   rnn: h_t = tanh(x_t W + h_(t−1) U + b). Source: Elman 1990.
///   gru: z = σ(x_t W_z + h_(t−1) U_z + b_z), r likewise, h̃ = tanh(x_t W + (r ∘ h_(t−1)) U + b),
///        h_t = (1 − z) ∘ h_(t−1) + z ∘ h̃. Source: Cho et al. 2014, eq. 5 to 8, with z as in
///        Bahdanau et al. 2015, appendix A.1.1.
///   none: h_t = x_t.
struct CellSettings {
  CellType type = CellType::kNone;
  std::optional<std::size_t> hidden = {};  ///< h; absent: from the matrices, else d
  /// A second pass from the end, whose states stand beside those of the first.
  bool bidirectional = false;
  std::variant<IdentityWeights, RandomWeights, CellMatrices> weights = IdentityWeights{};
  std::optional<CellMatrices> backward_weights = {};  ///< absent: those of the forward pass
};

/// The mechanism "recurrence".
struct Recurrence {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows input = {};
  CellSettings cell = {};
  std::optional<OutputSettings> output = {};
};

}  // namespace attn_viz
