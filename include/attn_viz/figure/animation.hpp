// Several PNG files → one animated PNG, which browsers and most viewers play and every PNG reader
// shows as its first frame.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace attn_viz::figure {

struct AnimationFrame {
  std::string_view png;             ///< a whole file
  std::size_t milliseconds = 1000;  ///< how long it stands, at most 65,535
};

/// Plays without end. The pixels are those of the files: their compressed data is not touched.
/// Source: PNG (third edition), section 11.3.6 (acTL, fcTL, fdAT).
/// @throws Error  kBug if there is no frame, or if they differ in size or kind of pixels or are
///                not PNG files
std::string animate(std::span<const AnimationFrame> frames);

}  // namespace attn_viz::figure
