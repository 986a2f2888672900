// Pictures of every kind become RGB; bytes that are none become errors.
#include "attn_viz/core/image.hpp"

#include <cstdlib>
#include <random>

#include "catch.hpp"
#include "support/errors.hpp"
#include "support/picture_files.hpp"

namespace attn_viz {
namespace {

using test::error_code_of;
using test::error_of;
using test::jpeg_file;
using test::png_file;
using test::PngKind;

using Bytes = std::vector<std::uint8_t>;

Bytes random_bytes(std::size_t count) {
  std::mt19937 bits(7);
  Bytes bytes(count);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(bits());
  return bytes;
}

/// A slope of each channel, which JPEG keeps nearly.
Bytes slope(std::size_t width, std::size_t height, std::size_t channels) {
  Bytes bytes;
  for (std::size_t y = 0; y < height; ++y)
    for (std::size_t x = 0; x < width; ++x)
      for (std::size_t c = 0; c < channels; ++c)
        bytes.push_back(static_cast<std::uint8_t>((c + 1) * 3 * x + (4 - c) * 2 * y));
  return bytes;
}

int largest_difference(const Bytes& a, const Bytes& b) {
  if (a.size() != b.size()) return 256;
  int largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
  return largest;
}

TEST_CASE("PNG: RGB comes back bit by bit, also interlaced") {
  for (const bool interlaced : {false, true}) {
    PngKind kind;
    kind.interlaced = interlaced;
    const Bytes samples = random_bytes(3 * 13 * 9);
    const Image image = decode_image(png_file(13, 9, samples, kind));
    CHECK(image.width == 13);
    CHECK(image.height == 9);
    CHECK(image.rgb == samples);
  }
}

TEST_CASE("PNG: grey, palette, 16 bits and transparent pixels") {
  PngKind grey;
  grey.color_type = PNG_COLOR_TYPE_GRAY;
  CHECK(decode_image(png_file(3, 1, {0, 100, 255}, grey)).rgb ==
        Bytes{0, 0, 0, 100, 100, 100, 255, 255, 255});

  PngKind palette;
  palette.color_type = PNG_COLOR_TYPE_PALETTE;
  palette.palette = {{1, 2, 3}, {200, 100, 50}};
  CHECK(decode_image(png_file(3, 1, {1, 0, 1}, palette)).rgb ==
        Bytes{200, 100, 50, 1, 2, 3, 200, 100, 50});
  palette.palette_alpha = {0, 255};
  CHECK(decode_image(png_file(2, 1, {1, 0}, palette)).rgb == Bytes{200, 100, 50, 255, 255, 255});

  PngKind deep;
  deep.depth = 16;
  CHECK(
      decode_image(png_file(1, 2, {10, 10, 20, 20, 30, 30, 255, 255, 0, 0, 128, 128}, deep)).rgb ==
      Bytes{10, 20, 30, 255, 0, 128});

  PngKind transparent;
  transparent.color_type = PNG_COLOR_TYPE_RGB_ALPHA;
  CHECK(decode_image(png_file(3, 1, {10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 200, 51}, transparent))
            .rgb == Bytes{10, 20, 30, 255, 255, 255, 204, 224, 244});
}

TEST_CASE("JPEG: RGB, grey and CMYK, baseline and progressive") {
  for (const bool progressive : {false, true}) {
    const Bytes rgb = slope(16, 16, 3);
    const Image image = decode_image(jpeg_file(16, 16, rgb, 3, progressive));
    CHECK(image.width == 16);
    CHECK(largest_difference(image.rgb, rgb) <= 12);  // chroma is stored at half the size

    const Bytes grey = slope(16, 8, 1);
    Bytes wanted;
    for (const std::uint8_t value : grey) wanted.insert(wanted.end(), 3, value);
    CHECK(largest_difference(decode_image(jpeg_file(16, 8, grey, 1, progressive)).rgb, wanted) <=
          3);

    // Adobe's way: 255 is no ink.
    const Bytes ink = slope(8, 8, 4);
    wanted.clear();
    for (std::size_t i = 0; i < ink.size(); i += 4)
      for (std::size_t c = 0; c < 3; ++c)
        wanted.push_back(static_cast<std::uint8_t>(ink[i + c] * ink[i + 3] / 255));
    CHECK(largest_difference(decode_image(jpeg_file(8, 8, ink, 4, progressive)).rgb, wanted) <= 6);
  }
}

TEST_CASE("what is no picture is an error that says so") {
  CHECK(error_of([] { decode_image(""); }) == "expected a PNG or JPEG picture, got nothing");
  CHECK(error_of([] { decode_image("GIF89a…"); }) == "expected a PNG or JPEG picture");
  CHECK(error_of([] { decode_image("{\"tokens\": []}"); }) == "expected a PNG or JPEG picture");
  CHECK(error_code_of([] { decode_image("P6 1 1 255 abc"); }) == 3);
}

TEST_CASE("pictures that end too early are errors, at every byte") {
  const std::string files[] = {png_file(9, 7, random_bytes(3 * 9 * 7)),
                               jpeg_file(24, 24, slope(24, 24, 3), 3),
                               jpeg_file(24, 24, slope(24, 24, 3), 3, true)};
  for (const std::string& file : files) {
    for (std::size_t end = 0; end < file.size(); ++end) {
      CAPTURE(end, file.size());
      // The last chunk of a PNG ("IEND") and the last byte of a JPEG hold no pixels.
      const bool whole = end + 12 >= file.size();
      const int code = error_code_of([&] { decode_image(file.substr(0, end)); });
      if (whole ? code != 0 && code != 3 : code != 3) FAIL("code " << code);
    }
  }
  const std::string half = files[0].substr(0, files[0].size() / 2);
  CHECK(error_of([&] { decode_image(half); }).substr(0, 24) == "the PNG cannot be read: ");
}

TEST_CASE("damaged pictures are pictures or errors, never a crash") {
  const std::string files[] = {
      png_file(9, 7, random_bytes(3 * 9 * 7)), jpeg_file(24, 24, slope(24, 24, 3), 3),
      jpeg_file(24, 24, slope(24, 24, 4), 4), jpeg_file(24, 24, slope(24, 24, 3), 3, true)};
  std::mt19937 bits(3);
  for (const std::string& file : files) {
    for (int round = 0; round < 1000; ++round) {
      std::string broken = file;
      for (unsigned k = 0; k <= bits() % 4; ++k)
        broken[4 + bits() % (broken.size() - 4)] = static_cast<char>(bits());
      const int code = error_code_of([&] {
        const Image image = decode_image(broken);
        if (image.rgb.size() != 3 * image.width * image.height) FAIL("pixels are missing");
      });
      if (code != 0 && code != 3 && code != 5) FAIL("code " << code);
    }
  }
}

TEST_CASE("pictures of too many pixels are refused before they take memory") {
  std::string png = png_file(1, 1, {1, 2, 3});
  // The width stands at byte 16, the height at 20; libpng checks the sum of the chunk.
  std::string header = png.substr(12, 17);
  header.replace(4, 8, std::string("\0\0\xff\xff\0\0\xff\xff", 8));
  const unsigned long sum = [&] {
    unsigned long crc = 0xffffffff;
    for (const char c : header) {
      crc ^= static_cast<unsigned char>(c);
      for (int k = 0; k < 8; ++k) crc = (crc & 1) != 0 ? 0xedb88320 ^ (crc >> 1) : crc >> 1;
    }
    return crc ^ 0xffffffff;
  }();
  png.replace(12, 17, header);
  for (int k = 0; k < 4; ++k)
    png[29 + static_cast<std::size_t>(k)] = static_cast<char>(sum >> (24 - 8 * k));
  CHECK(error_of([&] { decode_image(png); }) ==
        "the picture has 65535 × 65535 pixels; at most 64 million can be read\n"
        "  hint: make it smaller; an overlay shows a few hundred pixels in each direction");
  CHECK(error_code_of([&] { decode_image(png); }) == 5);
}

}  // namespace
}  // namespace attn_viz
