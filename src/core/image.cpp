#include "attn_viz/core/image.hpp"

#include <csetjmp>
#include <memory>
#include <string>

// jpeglib.h needs what png.h includes, jerror.h needs jpeglib.h.
#include <png.h>

#include <jpeglib.h>

#include <jerror.h>

#include "attn_viz/core/error.hpp"

namespace attn_viz {
namespace {

constexpr std::string_view kPngSignature{"\x89PNG\r\n\x1a\n", 8};
constexpr std::string_view kJpegSignature{"\xff\xd8\xff", 3};

void expect_size(std::size_t width, std::size_t height) {
  if (width <= kMostPixels && height <= kMostPixels / width) return;
  throw Error(ErrorCode::kLimit, "the picture has " + std::to_string(width) + " × " +
                                     std::to_string(height) + " pixels; at most " +
                                     std::to_string(kMostPixels / 1'000'000) +
                                     " million can be read")
      .hint("make it smaller; an overlay shows a few hundred pixels in each direction");
}

Error damaged(std::string_view kind, std::string_view reason) {
  return Error(ErrorCode::kInvalid,
               "the " + std::string(kind) + " cannot be read: " + std::string(reason));
}

// ---- PNG ----

struct FreePng {
  void operator()(png_image* png) const { png_image_free(png); }
};

/// RGBA over white, in place, as browsers do: in sRGB.
void flatten(Image& image) {
  const std::size_t pixels = image.width * image.height;
  for (std::size_t i = 0; i < pixels; ++i) {
    const unsigned alpha = image.rgb[4 * i + 3];
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const unsigned value = image.rgb[4 * i + channel];
      image.rgb[3 * i + channel] =
          static_cast<std::uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
    }
  }
  image.rgb.resize(3 * pixels);
}

Image decode_png(std::string_view bytes) {
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  const std::unique_ptr<png_image, FreePng> owner(&png);
  if (!png_image_begin_read_from_memory(&png, bytes.data(), bytes.size()))
    throw damaged("PNG", png.message);
  expect_size(png.width, png.height);
  const bool transparent = (png.format & PNG_FORMAT_FLAG_ALPHA) != 0;
  png.format = transparent ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  png.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  Image image{png.width, png.height, {}};
  image.rgb.resize(PNG_IMAGE_SIZE(png));
  if (!png_image_finish_read(&png, nullptr, image.rgb.data(), 0, nullptr))
    throw damaged("PNG", png.message);
  if (transparent) flatten(image);
  return image;
}

// ---- JPEG ----

/// libjpeg's way out of an error, and what it was.
struct JpegErrors {
  jpeg_error_mgr manager;  // first: libjpeg hands back a pointer to it
  std::jmp_buf way_out;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  errors->manager.format_message(info, errors->message);
  std::longjmp(errors->way_out, 1);
}

/// Warnings are of data that end too early or make no sense, but for a few harmless ones.
void refuse_damage(j_common_ptr info, int level) {
  const int code = info->err->msg_code;
  const bool harmless =
      code == JWRN_EXTRANEOUS_DATA || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR;
  if (level < 0 && !harmless) leave(info);
}

/// A decompressor that frees itself.
struct Jpeg {
  jpeg_decompress_struct info{};
  JpegErrors errors{};

  Jpeg() {
    info.err = jpeg_std_error(&errors.manager);
    errors.manager.error_exit = leave;
    errors.manager.emit_message = refuse_damage;
  }
  ~Jpeg() { jpeg_destroy_decompress(&info); }
  Jpeg(const Jpeg&) = delete;
  Jpeg& operator=(const Jpeg&) = delete;
};

// Between setjmp() and what may jump there, nothing with a destructor is made.
bool read_header(Jpeg& jpeg, std::string_view bytes) {
  if (setjmp(jpeg.errors.way_out)) return false;
  jpeg_create_decompress(&jpeg.info);
  jpeg_mem_src(&jpeg.info, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  jpeg_read_header(&jpeg.info, TRUE);
  const bool ink = jpeg.info.jpeg_color_space == JCS_CMYK || jpeg.info.jpeg_color_space == JCS_YCCK;
  jpeg.info.out_color_space = ink ? JCS_CMYK : JCS_RGB;
  return true;
}

bool read_pixels(Jpeg& jpeg, std::uint8_t* pixels, std::size_t bytes_per_row) {
  if (setjmp(jpeg.errors.way_out)) return false;
  jpeg_start_decompress(&jpeg.info);
  while (jpeg.info.output_scanline < jpeg.info.output_height) {
    JSAMPROW row = pixels + jpeg.info.output_scanline * bytes_per_row;
    jpeg_read_scanlines(&jpeg.info, &row, 1);
  }
  jpeg_finish_decompress(&jpeg.info);
  return true;
}

/// Without a profile of the ink, in place. Adobe stores what is left white instead of the ink.
void ink_to_light(Image& image, bool inverted) {
  const std::size_t pixels = image.width * image.height;
  const unsigned flip = inverted ? 0 : 255;
  for (std::size_t i = 0; i < pixels; ++i) {
    const unsigned black = image.rgb[4 * i + 3] ^ flip;
    for (std::size_t channel = 0; channel < 3; ++channel) {
      const unsigned light = image.rgb[4 * i + channel] ^ flip;
      image.rgb[3 * i + channel] = static_cast<std::uint8_t>((light * black + 127) / 255);
    }
  }
  image.rgb.resize(3 * pixels);
}

Image decode_jpeg(std::string_view bytes) {
  Jpeg jpeg;
  if (!read_header(jpeg, bytes)) throw damaged("JPEG", jpeg.errors.message);
  Image image{jpeg.info.image_width, jpeg.info.image_height, {}};
  expect_size(image.width, image.height);
  const bool ink = jpeg.info.out_color_space == JCS_CMYK;
  const std::size_t channels = ink ? 4 : 3;
  image.rgb.resize(channels * image.width * image.height);
  if (!read_pixels(jpeg, image.rgb.data(), channels * image.width))
    throw damaged("JPEG", jpeg.errors.message);
  if (ink) ink_to_light(image, jpeg.info.saw_Adobe_marker);
  return image;
}

}  // namespace

Image decode_image(std::string_view bytes) {
  if (bytes.substr(0, kPngSignature.size()) == kPngSignature) return decode_png(bytes);
  if (bytes.substr(0, kJpegSignature.size()) == kJpegSignature) return decode_jpeg(bytes);
  throw Error(ErrorCode::kInvalid, bytes.empty() ? "expected a PNG or JPEG picture, got nothing"
                                                 : "expected a PNG or JPEG picture");
}

}  // namespace attn_viz
