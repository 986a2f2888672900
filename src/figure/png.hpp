// RGB pixels → the bytes of a PNG file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace attn_viz::figure {

/// @param rgb  [height, width, 3], 8 bits a channel; height · (3 · width + 1) below 2³¹
/// @param repeating  most pixels equal their left or upper neighbour: a compressor made for that
///                     is used instead of libdeflate. Changes time and size, never the picture.
/// @throws Error  kLimit if there is not enough memory
std::string encode_png(std::span<const std::uint8_t> rgb, std::size_t width, std::size_t height,
                       bool repeating);

}  // namespace attn_viz::figure
