// Value → colour: the colour maps, and the colours that belong to none.
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
/// Viridis and its four relatives: the 256 published entries (CC0), no interpolation.
/// Greys and blues: 256 entries; CIELAB lightness falls linearly from 97, to 7 and to 32.
/// Diverging: 257 entries, so that the middle of the scale has its own, [128]. CIELAB lightness
/// falls linearly from 97 in the middle to 32 at both ends; hue is 270° (blue) below the middle
/// and 30° (red) above it. For dark grounds it rises from 16 to 76, hues 255° and 50° (orange).
std::span<const Rgb> colors_of(ColorMap map);

/// A value below the floor of a logarithmic scale, in place of an entry.
inline constexpr std::size_t kBelowLevel = 0xfffe;

/// The nearest entry of a scale's colour map for a value; values outside of the scale are clamped,
/// but kBelowLevel below a logarithmic floor. A scale without extent has the middle entry.
/// Logarithmic scales of the pale maps begin at their 48th entry, so that their floor is not taken
/// for nothing.
/// @param value  not NaN
/// Example: level_of({kViridis, 0, 1}, 0.5) → 128, of 0 … 255.
std::size_t level_of(const ColorScale& scale, double value);

/// colors_of(scale.map)[level_of(scale, value)]; the theme's `below` under a logarithmic floor.
Rgb color_of(const ColorScale& scale, double value, Theme theme = Theme::kLight);

/// The colours of a theme beside those of the maps. Text is never lighter than 7 : 1 against the
/// paper.
struct Palette {
  Rgb paper, text, quiet_text;
  Rgb frame;          ///< around matrices and colour bars, and ticks
  Rgb grid;           ///< between cells
  Rgb masked, hatch;  ///< masked cells: a colour that is in no map, and the hatch on it
  Rgb below;          ///< cells below the floor of a logarithmic scale
};
const Palette& palette_of(Theme theme);

/// Relative luminance in [0, 1] (WCAG 2.1): text on a colour is white where this is below 0.18.
double luminance(Rgb color);

}  // namespace attn_viz::figure
