// Pictures as numbers, and cut to size.
#pragma once

#include <cstddef>

#include "attn_viz/core/image.hpp"
#include "attn_viz/core/tensor.hpp"

namespace attn_viz {

/// The pixels of a picture, [height, width, 3]: levels / 255, so from 0 to 1. In grey [height,
/// width, 1]: the luma 0.2126 R + 0.7152 G + 0.0722 B of the sRGB values (Rec. 709).
Tensor pixels_of(const Image& picture, bool grey);

/// The picture in 8 bits a channel: 255 · value, rounded; grey becomes RGB.
/// @param pixels  [height, width, 1 or 3], from 0 to 1
Image picture_of(const Tensor& pixels);

/// In another size: each new pixel is the mean of the area that it covers, so a smaller picture
/// loses nothing of its mean, and a larger one has blocks.
/// @param pixels  [height, width, channels], no side of 0
Tensor area_resized(const Tensor& pixels, std::size_t height, std::size_t width);

/// What is more than height × width is cut off at the bottom and at the right; what is missing
/// there is 0.
/// @param pixels  [height, width, channels]
Tensor cut_to(const Tensor& pixels, std::size_t height, std::size_t width);

}  // namespace attn_viz
