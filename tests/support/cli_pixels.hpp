// A PNG read by libpng.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "attn_viz/figure/colormap.hpp"

namespace attn_viz::test {

struct Pixels {
  std::size_t width = 0, height = 0;
  std::vector<std::uint8_t> rgb;  ///< [height, width, 3]

  figure::Rgb at(std::size_t x, std::size_t y) const {
    const std::uint8_t* pixel = rgb.data() + 3 * (y * width + x);
    return {pixel[0], pixel[1], pixel[2]};
  }
};

/// @throws std::runtime_error if the bytes are not a whole, valid PNG.
Pixels decode_png(const std::string& bytes);

}  // namespace attn_viz::test
