// Maps of patches and pictures → pixels of one size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attn_viz/core/image.hpp"
#include "attn_viz/figure/colormap.hpp"
#include "attn_viz/figure/overlay.hpp"

namespace attn_viz::figure {

/// A map in another size, [height, width].
/// @param map  [rows, columns], finite
std::vector<double> enlarged(std::span<const double> map, std::size_t rows, std::size_t columns,
                             std::size_t height, std::size_t width, Interpolation by);

/// The patch of a pixel's centre along one axis: pixel 3 of 10 over 5 patches lies in patch 1.
inline std::size_t patch_of(std::size_t pixel, std::size_t pixels, std::size_t patches) {
  return (2 * pixel + 1) * patches / (2 * pixels);
}

/// A picture in another size. Smaller: the mean over the area of each new pixel. Larger: bilinear;
/// from 4 times on, blocks, so that the pixels of a tiny picture are seen as such.
Image resized(const Image& picture, std::size_t width, std::size_t height);

/// The luma of a colour (Rec. 709, on sRGB values), a whole number.
std::uint8_t grey_of(Rgb color);

/// (1 − opacity) · under + opacity · over in each sRGB channel, rounded.
Rgb blended(Rgb under, Rgb over, double opacity);

/// The pixels of one panel, [height, width, 3].
/// @param picture  as large as the panel will be
std::vector<std::uint8_t> overlay_pixels(const Overlay& overlay, const OverlayPanel& panel,
                                         const Image& picture);

}  // namespace attn_viz::figure
