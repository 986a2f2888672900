// A matrix → the entry of the colour map for each cell that is drawn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

/// level_of(), with what depends on the scale alone computed once.
class Leveller {
 public:
  explicit Leveller(const ColorScale& scale)
      : low_(scale.low),
        high_(scale.high),
        half_range_(scale.high / 2 - scale.low / 2),
        last_(scale.map == ColorMap::kDiverging ? 256 : 255) {}

  /// Halves, so that a range beyond the largest double does not overflow.
  std::uint16_t level(double value) const {
    if (!(half_range_ > 0)) return static_cast<std::uint16_t>((last_ + 1) / 2);
    const double clamped = std::min(std::max(value, low_), high_);
    return static_cast<std::uint16_t>((clamped / 2 - low_ / 2) / half_range_ * last_ + 0.5);
  }

 private:
  double low_, high_, half_range_, last_;
};

/// In place of a level: the cell is masked.
inline constexpr std::uint16_t kMaskedLevel = 0xffff;

struct Levels {
  std::size_t rows = 0, columns = 0;  ///< drawn cells
  std::vector<std::uint16_t> level;   ///< [rows, columns], or kMaskedLevel
  std::size_t masked = 0;             ///< cells of the matrix, not drawn ones
  std::size_t outside = 0;            ///< cells of the matrix outside of the scale
  double largest = 0;                 ///< largest |value| of a cell that is not masked
};

/// Means over blocks of row_reduction × column_reduction cells; masked cells are left out, and a
/// block of nothing but masked cells is masked.
/// @param name  of the panel, for the error
/// @throws Error  kBug at NaN or +∞
Levels levels_of(const Panel& panel, const ColorScale& scale, std::size_t row_reduction,
                 std::size_t column_reduction, const std::string& name);

/// Whether a cell of the matrix (not a drawn one) is masked.
bool is_masked(const Panel& panel, std::size_t row, std::size_t column);

}  // namespace attn_viz::figure
