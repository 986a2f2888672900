// Equations with lowered and raised parts: "W_Q", "S_(i−1)", "base^(−2t/d)".
#pragma once

#include <string_view>
#include <vector>

#include "figure/scene.hpp"

namespace attn_viz::figure {

/// A text set around x = 0 with its top at y = 0, in lines of at most `width` pixels where its
/// words allow that.
struct MathText {
  std::vector<TextItem> items;
  double width = 0, height = 0;
  double baseline = 0;  ///< of the first line
};
MathText set_math(std::string_view text, const Style& style, int width, TextKind kind,
                  Typesetter& type);

}  // namespace attn_viz::figure
