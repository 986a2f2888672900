// Which of the lines between tokens are drawn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "attn_viz/figure/lines.hpp"

namespace attn_viz::figure {

/// A line is drawn if its strength, as a share of the strongest, is at least this.
inline constexpr double kFaintest = 0.01;
/// More lines than these would hide one another; the strongest are drawn.
inline constexpr std::size_t kMostLines = 5'000;

struct ChosenLine {
  double weight = 0;
  std::uint32_t head = 0, query = 0, key = 0;
};

struct LineChoice {
  /// The weakest first, so that the strong lie on top; those of the chosen query last.
  std::vector<ChosenLine> lines;
  std::size_t faint = 0;   ///< lines that are weaker than kFaintest, but not 0
  std::size_t beyond = 0;  ///< further lines left out because there are too many
  std::size_t over = 0;    ///< drawn lines stronger than the strongest that the scale has
  bool negative = false;   ///< whether a drawn line is
};

/// @throws Error kBug if a value is NaN or +∞
LineChoice choose_lines(const TokenLines& figure);

}  // namespace attn_viz::figure
