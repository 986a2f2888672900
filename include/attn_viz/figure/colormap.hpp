// Value → colour: the two colour maps, and the colours that belong to neither.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "attn_viz/figure/figure.hpp"

namespace attn_viz::figure {

/// A colour in sRGB, 8 bits a channel.
struct Rgb {
  std::uint8_t red = 0, green = 0, blue = 0;
  bool operator==(const Rgb&) const = default;
};

/// The colours of a map from its low to its high end, equal steps of the scale apart.
/// Viridis: the 256 published entries (van der Walt, Smith, Firing 2015; CC0), no interpolation.
/// Diverging: 257 entries, so that the middle of the scale has its own, [128]. CIELAB lightness
/// falls linearly from 97 in the middle to 32 at both ends; hue is 270° (blue) below the middle
/// and 30° (red) above it.
std::span<const Rgb> colors_of(ColorMap map);

/// The nearest entry of a scale's colour map for a value; values outside of the scale are clamped.
/// A scale without extent (low = high) has the middle entry.
/// @param value  not NaN
/// Example: level_of({kViridis, 0, 1}, 0.5) → 128, of 0 … 255.
std::size_t level_of(const ColorScale& scale, double value);

/// colors_of(scale.map)[level_of(scale, value)].
Rgb color_of(const ColorScale& scale, double value);

/// The colours of a theme beside those of the maps. Text is never lighter than 7 : 1 against the
/// paper.
struct Palette {
  Rgb paper, text, quiet_text;
  Rgb frame;          ///< around matrices and colour bars, and ticks
  Rgb grid;           ///< between cells
  Rgb masked, hatch;  ///< masked cells: a colour that is in no map, and the hatch on it
};
const Palette& palette_of(Theme theme);

/// Relative luminance in [0, 1] (WCAG 2.1): text on a colour is white where this is below 0.18.
double luminance(Rgb color);

}  // namespace attn_viz::figure
