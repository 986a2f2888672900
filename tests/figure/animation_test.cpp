// An animated PNG, taken apart by its chunks.
#include "attn_viz/figure/animation.hpp"

#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "figure/support.hpp"

using namespace attn_viz::figure;

namespace {

/// CRC-32 as the PNG specification defines it, bit by bit.
std::uint32_t crc(const std::string& bytes) {
  std::uint32_t rest = 0xFFFFFFFF;
  for (const char c : bytes) {
    rest ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) rest = rest & 1 ? 0xEDB88320 ^ (rest >> 1) : rest >> 1;
  }
  return ~rest;
}

std::uint32_t number(const std::string& bytes, std::size_t at, int size = 4) {
  std::uint32_t value = 0;
  for (int i = 0; i < size; ++i)
    value = value << 8 | static_cast<unsigned char>(bytes.at(at + static_cast<std::size_t>(i)));
  return value;
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xFF);
  return bytes;
}

struct Chunk {
  std::string type, data;
};

const std::string kSignature("\x89PNG\r\n\x1a\n");

std::vector<Chunk> chunks_of(const std::string& png) {
  REQUIRE(png.substr(0, 8) == kSignature);
  std::vector<Chunk> chunks;
  for (std::size_t at = 8; at < png.size();) {
    const std::size_t length = number(png, at);
    chunks.push_back({png.substr(at + 4, 4), png.substr(at + 8, length)});
    CHECK(number(png, at + 8 + length) == crc(chunks.back().type + chunks.back().data));
    at += 12 + length;
  }
  return chunks;
}

std::string with_length_and_crc(const Chunk& chunk) {
  return big_endian(static_cast<std::uint32_t>(chunk.data.size())) + chunk.type + chunk.data +
         big_endian(crc(chunk.type + chunk.data));
}

/// Three pictures of one size, and one of another.
std::vector<std::string> pictures() {
  std::vector<std::string> pngs;
  for (const double value : {0.0, 0.5, 1.0}) {
    const std::vector<double> values(9, value);
    pngs.push_back(paint(one_panel(matrix(values, 3, 3)), Format::kPng).bytes);
  }
  const std::vector<double> values(4, 0.0);
  pngs.push_back(paint(one_panel(matrix(values, 2, 2)), Format::kPng).bytes);
  return pngs;
}

}  // namespace

TEST_CASE("animation: the chunks are in order, numbered, and each frame is its picture") {
  const std::vector<std::string> pngs = pictures();
  const std::vector<AnimationFrame> frames = {{pngs[0], 200}, {pngs[1], 300}, {pngs[2], 70'000}};
  const std::string moving = animate(frames);
  const std::vector<Chunk> chunks = chunks_of(moving);
  REQUIRE(chunks.size() == 3 + 2 * 3);
  CHECK(chunks[0].type == "IHDR");
  CHECK(chunks[1].type == "acTL");
  CHECK(chunks[1].data == big_endian(3) + big_endian(0));
  CHECK(chunks.back().type == "IEND");

  std::uint32_t sequence = 0;
  const std::uint32_t delays[] = {200, 300, 65'535};
  for (std::size_t k = 0; k < 3; ++k) {
    INFO("frame " << k);
    const Chunk &control = chunks[2 + 2 * k], &data = chunks[3 + 2 * k];
    CHECK(control.type == "fcTL");
    REQUIRE(control.data.size() == 26);
    CHECK(number(control.data, 0) == sequence++);
    CHECK(control.data.substr(4, 8) == chunks[0].data.substr(0, 8));
    CHECK(control.data.substr(12, 8) == std::string(8, '\0'));
    CHECK(number(control.data, 20, 2) == delays[k]);
    CHECK(number(control.data, 22, 2) == 1000);
    CHECK(control.data.substr(24) == std::string(2, '\0'));
    CHECK(data.type == (k == 0 ? "IDAT" : "fdAT"));
    if (k > 0) CHECK(number(data.data, 0) == sequence++);
    const std::string still =
        kSignature + with_length_and_crc(chunks[0]) +
        with_length_and_crc({"IDAT", k == 0 ? data.data : data.data.substr(4)}) +
        with_length_and_crc({"IEND", ""});
    CHECK(decode(still).rgb == decode(pngs[k]).rgb);
  }
  // A reader that knows no animation shows the first frame.
  CHECK(decode(moving).width > 0);
  CHECK(decode(moving).rgb == decode(pngs[0]).rgb);
}

TEST_CASE("animation: what cannot be animated is refused") {
  const std::vector<std::string> pngs = pictures();
  const std::vector<AnimationFrame> sizes = {{pngs[0], 100}, {pngs[3], 100}};
  CHECK_THROWS_AS(animate(sizes), attn_viz::Error);
  CHECK_THROWS_AS(animate({}), attn_viz::Error);
  for (const std::string& bad : {std::string("GIF89a"), std::string(), pngs[0].substr(0, 100)}) {
    const std::vector<AnimationFrame> frames = {{bad, 100}};
    CHECK_THROWS_AS(animate(frames), attn_viz::Error);
  }
}
