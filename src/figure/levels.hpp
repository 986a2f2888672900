// A matrix → the entry of the colour map for each cell that is drawn.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
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
        logarithmic_(scale.logarithmic) {
    const bool pale = scale.map == ColorMap::kGreys || scale.map == ColorMap::kBlues;
    last_ = is_diverging(scale.map) ? 256 : 255;
    first_ = logarithmic_ && pale ? 48 : 0;
    if (logarithmic_) log_range_ = std::log(scale.high / scale.low);
  }

  std::uint16_t level(double value) const {
    if (!(half_range_ > 0)) return static_cast<std::uint16_t>((last_ + 1) / 2);
    if (logarithmic_) {
      if (value < low_) return kBelowLevel;
      return static_cast<std::uint16_t>(first_ + fraction(value) * (last_ - first_) + 0.5);
    }
    return static_cast<std::uint16_t>(linear(value) * last_ + 0.5);
  }

  /// How far from the low (0) to the high end (1) of the scale a value lies.
  double fraction(double value) const {
    if (!(half_range_ > 0)) return 0.5;
    if (!logarithmic_) return linear(value);
    return std::log(std::min(std::max(value, low_), high_) / low_) / log_range_;
  }
  /// The entry of the map at the low end.
  std::size_t first() const { return static_cast<std::size_t>(first_); }

 private:
  /// Halves, so that a range beyond the largest double does not overflow.
  double linear(double value) const {
    const double clamped = std::min(std::max(value, low_), high_);
    return (clamped / 2 - low_ / 2) / half_range_;
  }

  double low_, high_, half_range_, first_ = 0, last_ = 255, log_range_ = 1;
  bool logarithmic_;
};

/// In place of a level: the cell is masked.
inline constexpr std::uint16_t kMaskedLevel = 0xffff;

struct Levels {
  std::size_t rows = 0, columns = 0;  ///< drawn cells
  std::vector<std::uint16_t> level;   ///< [rows, columns], or kMaskedLevel, or kBelowLevel
  std::size_t masked = 0;             ///< cells of the matrix, not drawn ones
  std::size_t outside = 0;            ///< cells of the matrix outside of the scale
  std::size_t below = 0;              ///< cells of the matrix below a logarithmic floor
  double largest = 0;                 ///< largest |value| of a cell that is not masked
};

/// Means (or largest values) over blocks of row_reduction × column_reduction cells; masked cells
/// are left out, and a block of nothing but masked cells is masked.
/// @param name  of the panel, for the error
/// @throws Error  kBug at NaN or +∞
Levels levels_of(const Panel& panel, const ColorScale& scale, std::size_t row_reduction,
                 std::size_t column_reduction, const std::string& name,
                 Reduce reduce = Reduce::kMean);

/// Whether a cell of the matrix (not a drawn one) is masked.
bool is_masked(const Panel& panel, std::size_t row, std::size_t column);

/// The color of a level on a palette.
inline Rgb color_of_level(std::span<const Rgb> colors, const Palette& palette,
                          std::uint16_t level) {
  if (level == kMaskedLevel) return palette.masked;
  return level == kBelowLevel ? palette.below : colors[level];
}

}  // namespace attn_viz::figure
