// A compressor for pictures of large cells, where nearly every pixel repeats its neighbour.
#pragma once

#include <cstddef>
#include <cstdint>

namespace attn_viz::figure {

/// The largest row that can be referred to (the window of deflate), in bytes.
inline constexpr std::size_t kLongestRow = 32'768;

/// Room that compress_repeats() may need for so many bytes.
constexpr std::size_t repeats_bound(std::size_t size) {
  return size + size / 8 + 64;
}

/// zlib-wrapped deflate (RFC 1950, 1951) with fixed codes that looks for repeats at two distances
/// only: the pixel to the left and the row above. On cells of several pixels it is several times
/// faster than a general compressor, which hashes every byte, and the file is of about the same
/// size; on cells of a pixel or two it is no good.
/// @param row  bytes from one row to the next, ≤ kLongestRow
/// @param out  with room for repeats_bound(size) bytes
/// @return     bytes written
std::size_t compress_repeats(const std::uint8_t* data, std::size_t size, std::size_t row,
                             std::uint8_t* out);

}  // namespace attn_viz::figure
