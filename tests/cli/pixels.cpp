#include <png.h>

#include <cstring>
#include <stdexcept>

#include "support/cli_pixels.hpp"

namespace attn_viz::test {

Pixels decode_png(const std::string& bytes) {
  png_image image;
  std::memset(&image, 0, sizeof image);
  image.version = PNG_IMAGE_VERSION;
  if (png_image_begin_read_from_memory(&image, bytes.data(), bytes.size()) == 0) {
    throw std::runtime_error(image.message);
  }
  image.format = PNG_FORMAT_RGB;
  Pixels pixels{image.width, image.height, {}};
  pixels.rgb.resize(PNG_IMAGE_SIZE(image));
  if (png_image_finish_read(&image, nullptr, pixels.rgb.data(), 0, nullptr) == 0 ||
      image.warning_or_error != 0) {
    throw std::runtime_error(image.message);
  }
  return pixels;
}

}  // namespace attn_viz::test
