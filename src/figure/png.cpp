#include "figure/png.hpp"

#include <libdeflate.h>

#include <cmath>
#include <memory>

#include "attn_viz/core/error.hpp"
#include "figure/scratch.hpp"

namespace {

// Level 1: up to three times faster than level 6 on heatmaps, for files about a fifth larger.
constexpr int kLevel = 1;
// The PNG filter "up". On 128 × 128 cells: files half as large as without a filter, in the same
// time.
constexpr int kUp = 2;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

struct Return {
  void operator()(unsigned char* bytes) const { attn_viz::figure::return_scratch(bytes); }
};

/// What stb_image_write calls in place of its own compressor: zlib-wrapped bytes in memory that
/// the caller frees, or null.
unsigned char* compress(unsigned char* data, int size, int* compressed_size, int /*quality*/) {
  using attn_viz::figure::take_scratch;
  const std::size_t count = static_cast<std::size_t>(size);
  thread_local const std::unique_ptr<libdeflate_compressor, FreeCompressor> compressor(
      libdeflate_alloc_compressor(kLevel));
  if (!compressor) return nullptr;
  const std::size_t bound = libdeflate_zlib_compress_bound(compressor.get(), count);
  auto* bytes = static_cast<unsigned char*>(take_scratch(bound));
  if (bytes)
    *compressed_size =
        static_cast<int>(libdeflate_zlib_compress(compressor.get(), data, count, bytes, bound));
  return bytes;
}

}  // namespace

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#define STBIW_ZLIB_COMPRESS compress
#define STBIW_MALLOC(size) attn_viz::figure::take_scratch(static_cast<std::size_t>(size))
#define STBIW_REALLOC(block, size) static_cast<void*>(nullptr)  // for its own compressor alone
#define STBIW_FREE(block) attn_viz::figure::return_scratch(block)
#include <stb_image_write.h>

namespace attn_viz::figure {
namespace {

void append_number(std::string& bytes, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(number >> shift & 0xff);
}

/// The chunk that says how many pixels a metre has.
std::string resolution_chunk(int dpi) {
  std::string body = "pHYs";
  const auto per_metre = static_cast<std::uint32_t>(std::lround(dpi / 0.0254));
  append_number(body, per_metre);
  append_number(body, per_metre);
  body += '\1';  // the unit: metres
  std::string chunk;
  append_number(chunk, static_cast<std::uint32_t>(body.size() - 4));
  chunk += body;
  append_number(chunk, libdeflate_crc32(0, body.data(), body.size()));
  return chunk;
}

}  // namespace

std::string encode_png(std::span<const std::uint8_t> rgb, std::size_t width, std::size_t height,
                       int dpi) {
  // One filter instead of trying five on each row: a row less the row above it is mostly zeros.
  // Set once, before any thread can read it.
  [[maybe_unused]] static const bool filter_is_set = [] {
    stbi_write_force_png_filter = kUp;
    return true;
  }();
  int size = 0;
  const std::unique_ptr<unsigned char, Return> bytes(
      stbi_write_png_to_mem(rgb.data(), static_cast<int>(3 * width), static_cast<int>(width),
                            static_cast<int>(height), 3, &size));
  if (!bytes) throw Error(ErrorCode::kLimit, "not enough memory to encode a PNG");
  std::string png(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
  constexpr std::size_t kEndOfHeader = 33;  // signature and IHDR
  if (dpi > 0) png.insert(kEndOfHeader, resolution_chunk(dpi));
  return png;
}

}  // namespace attn_viz::figure
