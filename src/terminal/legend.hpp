// What stands below the matrices: the scale, what masked cells look like, notes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "attn_viz/figure/colormap.hpp"
#include "figure/levels.hpp"
#include "terminal/plan.hpp"

namespace attn_viz::terminal {

/// Masked cells: a grey that is in no colour map, and the strokes on it.
inline constexpr figure::Rgb kMaskedGround{0xdc, 0xdc, 0xdc}, kMaskedInk{0x70, 0x70, 0x70};

/// Black or white, whichever is read on a colour.
figure::Rgb ink_on(figure::Rgb background);

/// The character that stands for a level of a colour map: more ink for more. Of signed values the
/// family of the character tells the sign: "M Z z = -" below 0, ": + * # @" above.
char shade(figure::ColorMap map, std::uint16_t level);

/// Every how many drawn columns a tick stands, so that their indices do not touch.
std::size_t tick_step(const Plan& plan);

/// Lines with the scale's bar and ends, and with the sign of masked cells if there are any.
std::string legend(const figure::Figure& figure, const Plan& plan,
                   const std::vector<figure::Levels>& levels, const Options& options);

/// The figure's notes, and what was done to the matrix to draw it.
std::vector<std::string> notes_of(const figure::Figure& figure, const Plan& plan,
                                  const std::vector<figure::Levels>& levels,
                                  const Options& options);

}  // namespace attn_viz::terminal
