#include "attn_viz/figure/animation.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

constexpr std::string_view kSignature = "\x89PNG\r\n\x1a\n";

void put(std::string& bytes, std::uint32_t number, int size) {
  for (int shift = 8 * (size - 1); shift >= 0; shift -= 8)
    bytes += static_cast<char>((number >> shift) & 0xFF);
}

std::size_t number_at(std::string_view bytes) {
  std::size_t number = 0;
  for (const char c : bytes.substr(0, 4)) number = number << 8 | static_cast<unsigned char>(c);
  return number;
}

/// Length, type, data, and a CRC over type and data.
void put_chunk(std::string& bytes, std::string_view type, std::string_view head,
               std::string_view data = {}) {
  put(bytes, static_cast<std::uint32_t>(head.size() + data.size()), 4);
  const std::size_t start = bytes.size();
  bytes.append(type).append(head).append(data);
  put(bytes, libdeflate_crc32(0, bytes.data() + start, bytes.size() - start), 4);
}

struct Chunk {
  std::string_view type, data;
};

std::vector<Chunk> chunks_of(std::string_view png) {
  const Error bad(ErrorCode::kBug, "expected the bytes of a PNG file to animate");
  if (png.substr(0, kSignature.size()) != kSignature) throw bad;
  png.remove_prefix(kSignature.size());
  std::vector<Chunk> chunks;
  while (!png.empty()) {
    const std::size_t length = number_at(png);
    if (png.size() < 12 || length > png.size() - 12) throw bad;
    chunks.push_back({png.substr(4, 4), png.substr(8, length)});
    png.remove_prefix(12 + length);
  }
  if (chunks.empty() || chunks[0].type != "IHDR" || chunks[0].data.size() != 13) throw bad;
  return chunks;
}

}  // namespace

std::string animate(std::span<const AnimationFrame> frames) {
  if (frames.empty()) throw Error(ErrorCode::kBug, "an animation without frames");
  std::string bytes(kSignature);
  const std::string_view header = chunks_of(frames[0].png)[0].data;
  put_chunk(bytes, "IHDR", header);
  std::string control;
  put(control, static_cast<std::uint32_t>(frames.size()), 4);
  put(control, 0, 4);  // plays: without end
  put_chunk(bytes, "acTL", control);

  for (const Chunk& chunk : chunks_of(frames[0].png)) {
    const bool of_all = chunk.type != "IHDR" && chunk.type != "IDAT" && chunk.type != "IEND";
    if (of_all) put_chunk(bytes, chunk.type, chunk.data);  // such as the resolution
  }

  // Frame controls and data after the first frame's are numbered together.
  std::uint32_t sequence = 0;
  for (std::size_t k = 0; k < frames.size(); ++k) {
    const std::vector<Chunk> chunks = chunks_of(frames[k].png);
    if (chunks[0].data != header)
      throw Error(ErrorCode::kBug, "the frames of an animation differ in size");
    std::string frame;
    put(frame, sequence++, 4);
    frame.append(header.substr(0, 8));  // width and height
    put(frame, 0, 4), put(frame, 0, 4);
    const std::size_t longest = 65'535;
    put(frame, static_cast<std::uint32_t>(std::min(frames[k].milliseconds, longest)), 2);
    put(frame, 1000, 2);
    put(frame, 0, 2);  // neither disposed of nor blended
    put_chunk(bytes, "fcTL", frame);
    for (const Chunk& chunk : chunks) {
      if (chunk.type != "IDAT") continue;
      std::string number;
      if (k > 0) put(number, sequence++, 4);
      put_chunk(bytes, k > 0 ? "fdAT" : "IDAT", number, chunk.data);
    }
  }
  put_chunk(bytes, "IEND", {});
  return bytes;
}

}  // namespace attn_viz::figure
