// What the compressor for large cells writes is read back by another library.
#include "figure/repeats.hpp"

#include <libdeflate.h>

#include <random>

#include "catch.hpp"
#include "figure/png.hpp"
#include "figure/scratch.hpp"
#include "figure/support.hpp"

using namespace attn_viz::figure;

namespace {

std::vector<std::uint8_t> there_and_back(const std::vector<std::uint8_t>& data, std::size_t row) {
  std::vector<std::uint8_t> packed(repeats_bound(data.size())), result(data.size());
  const std::size_t size = compress_repeats(data.data(), data.size(), row, packed.data());
  REQUIRE(size <= packed.size());
  libdeflate_decompressor* decompressor = libdeflate_alloc_decompressor();
  const libdeflate_result status = libdeflate_zlib_decompress(
      decompressor, packed.data(), size, result.data(), result.size(), nullptr);
  libdeflate_free_decompressor(decompressor);
  REQUIRE(status == LIBDEFLATE_SUCCESS);
  return result;
}

}  // namespace

TEST_CASE("repeats of every length come back") {
  for (std::size_t length = 0; length < 1100; ++length) {
    std::vector<std::uint8_t> data = {1, 2, 3};
    for (std::size_t i = 0; i < length; ++i) data.push_back(data[data.size() - 3]);
    data.push_back(200);
    CHECK((there_and_back(data, 3000) == data));
  }
}

TEST_CASE("repeats of rows of every length come back") {
  std::mt19937 bits(1);
  for (const std::size_t row : {4u, 5u, 7u, 100u, 257u, 258u, 259u, 4096u, 4097u, 32767u, 32768u}) {
    INFO(row);
    std::vector<std::uint8_t> data;
    for (std::size_t i = 0; i < row; ++i) data.push_back(static_cast<std::uint8_t>(bits()));
    for (std::size_t i = 0; i < 3 * row; ++i) data.push_back(data[i]);
    CHECK((there_and_back(data, row) == data));
  }
}

TEST_CASE("noise comes back, within the bound") {
  std::mt19937 bits(1);
  for (const unsigned colors : {1u, 2u, 3u, 256u}) {
    std::vector<std::uint8_t> data(100'000);
    for (std::uint8_t& byte : data) byte = static_cast<std::uint8_t>(255 - bits() % colors);
    CHECK((there_and_back(data, 301) == data));
  }
}

TEST_CASE("both compressors make the same picture") {
  const std::size_t width = 301, height = 200;
  std::vector<std::uint8_t> pixels(3 * width * height);
  for (std::size_t i = 0; i < pixels.size(); ++i)
    pixels[i] = static_cast<std::uint8_t>(i / 30 * 7 + i / (9 * width));
  for (const bool repeating : {false, true}) {
    const Image image = decode(encode_png(pixels, width, height, repeating));
    CHECK(image.width == width);
    CHECK((image.rgb == pixels));
  }
}

TEST_CASE("scratch memory is used again, and blocks in use are never handed out") {
  void* const first = take_scratch(1000);
  void* const second = take_scratch(1000);
  CHECK(first != second);
  return_scratch(first);
  CHECK(take_scratch(900) == first);
  std::vector<void*> blocks;
  for (std::size_t i = 0; i < 10; ++i) blocks.push_back(take_scratch(100 * i + 1));
  for (void* block : blocks) return_scratch(block);
  return_scratch(second);
  return_scratch(first);
  return_scratch(nullptr);
}
