// RGB pixels → the bytes of a PNG file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace attn_viz::figure {

/// @param rgb  [height, width, 3], 8 bits a channel; height · (3 · width + 1) below 2³¹
/// @param dpi  written as a pHYs chunk; 0: none
/// @throws Error  kLimit if there is not enough memory
std::string encode_png(std::span<const std::uint8_t> rgb, std::size_t width, std::size_t height,
                       int dpi = 0);

}  // namespace attn_viz::figure
