#include "figure/png.hpp"

#include <libdeflate.h>

#include <memory>

#include "attn_viz/core/error.hpp"
#include "figure/repeats.hpp"
#include "figure/scratch.hpp"

namespace {

// Level 1: up to three times faster than level 6 on heatmaps, for files about a fifth larger.
constexpr int kLevel = 1;

struct FreeCompressor {
  void operator()(libdeflate_compressor* compressor) const {
    libdeflate_free_compressor(compressor);
  }
};

struct Return {
  void operator()(unsigned char* bytes) const { attn_viz::figure::return_scratch(bytes); }
};

/// Bytes of a row of the picture that this thread is encoding, if most of it repeats; else 0.
thread_local std::size_t repeating_row = 0;

/// What stb_image_write calls in place of its own compressor: zlib-wrapped bytes in memory that
/// the caller frees, or null.
unsigned char* compress(unsigned char* data, int size, int* compressed_size, int /*quality*/) {
  using namespace attn_viz::figure;
  const std::size_t count = static_cast<std::size_t>(size);
  if (repeating_row > 0) {
    auto* bytes = static_cast<unsigned char*>(take_scratch(repeats_bound(count)));
    if (bytes)
      *compressed_size = static_cast<int>(compress_repeats(data, count, repeating_row, bytes));
    return bytes;
  }
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

std::string encode_png(std::span<const std::uint8_t> rgb, std::size_t width, std::size_t height,
                       bool repeating) {
  // No filter instead of trying five on each row: colors repeat from cell to cell and from row to
  // row, and differences of neighbours repeat less. Set once, before any thread can read it.
  [[maybe_unused]] static const bool filter_is_set = [] {
    stbi_write_force_png_filter = 0;
    return true;
  }();
  const std::size_t row = 3 * width + 1;  // the filter's byte, and the pixels
  repeating_row = repeating && row <= kLongestRow ? row : 0;
  int size = 0;
  const std::unique_ptr<unsigned char, Return> bytes(
      stbi_write_png_to_mem(rgb.data(), static_cast<int>(3 * width), static_cast<int>(width),
                            static_cast<int>(height), 3, &size));
  if (!bytes) throw Error(ErrorCode::kLimit, "not enough memory to encode a PNG");
  return std::string(reinterpret_cast<const char*>(bytes.get()), static_cast<std::size_t>(size));
}

}  // namespace attn_viz::figure
