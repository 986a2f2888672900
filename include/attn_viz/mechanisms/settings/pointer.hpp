// Pointer networks: attention whose weights are the answer.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/mechanisms/settings/labelled_rows.hpp"

namespace attn_viz {

/// The mechanism "pointer-network": p(c_i = j) = softmax_j(v · tanh(x_j W + h_i U)).
/// Source: Vinyals et al. 2015, eq. 3.
struct PointerNetwork {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows input = {};               ///< x [m, d]
  LabelledRows states = {};              ///< h [n, d_h], one for each step of the output
  std::optional<Tensor> w = {}, u = {};  ///< [d, a], [d_h, a]; absent: the identity
  std::optional<Tensor> v = {};          ///< [a]; absent: ones
  bool repeat = false;                   ///< whether an input may be chosen again
};

}  // namespace attn_viz
