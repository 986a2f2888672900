// Pictures as pixels.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace attn_viz {

/// A picture in sRGB, 8 bits a channel.
struct Image {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]
};

/// The most pixels that decode_image() takes.
inline constexpr std::size_t kMostPixels = 64'000'000;

/// The picture in the bytes of a PNG or JPEG file. 16 bits a channel are rounded to 8, grey and
/// CMYK become RGB, and what is transparent is laid over white. The pixels stay as they are stored,
/// also where the file says that they should be turned (EXIF): models cut their patches from those.
/// @throws Error  kInvalid if it is neither, if it is damaged, or if it ends too early;
///                kLimit if it has more than kMostPixels
Image decode_image(std::string_view bytes);

}  // namespace attn_viz
