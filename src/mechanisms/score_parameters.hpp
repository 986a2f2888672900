// The parameters of the scoring functions.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/mechanisms/settings/score.hpp"

namespace attn_viz {

/// A parameter of the scoring function: its name in the trace, its symbol, its value.
struct ScoreParameter {
  std::string name, symbol;
  Tensor value;
};

/// Each head's parameters, in the order in which the operation reads them: as given (for all heads,
/// or one each), or by default the identity and ones.
/// @param place  JSON pointer of the score, for errors: "/attention/score".
/// @throws Error kInvalid where a shape does not fit, or a default cannot.
std::vector<std::vector<ScoreParameter>> resolve_score(const ScoreSettings& score,
                                                       std::size_t heads, std::size_t query_size,
                                                       std::size_t key_size, DType dtype,
                                                       const std::string& place);

}  // namespace attn_viz
