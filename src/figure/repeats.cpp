#include "figure/repeats.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace attn_viz::figure {
namespace {

constexpr std::size_t kPixel = 3, kShortest = 4, kLongest = 258;

struct Code {
  std::uint32_t bits = 0;
  unsigned count = 0;
};

/// Codes are sent from their highest bit on, in a stream that is filled from the lowest.
constexpr std::uint32_t reversed(std::uint32_t code, unsigned count) {
  std::uint32_t result = 0;
  for (unsigned i = 0; i < count; ++i) result |= (code >> i & 1) << (count - 1 - i);
  return result;
}

/// The fixed code of a literal or length symbol (RFC 1951, 3.2.6).
constexpr Code fixed_code(std::uint32_t symbol) {
  if (symbol < 144) return {reversed(0x30 + symbol, 8), 8};
  if (symbol < 256) return {reversed(0x190 + symbol - 144, 9), 9};
  if (symbol < 280) return {reversed(symbol - 256, 7), 7};
  return {reversed(0xc0 + symbol - 280, 8), 8};
}

constexpr std::array<Code, 256> kLiterals = [] {
  std::array<Code, 256> codes{};
  for (std::uint32_t i = 0; i < 256; ++i) codes[i] = fixed_code(i);
  return codes;
}();

/// Code and extra bits of every length from 3 to 258 (RFC 1951, 3.2.5): groups of four symbols,
/// each group with one more extra bit.
constexpr std::array<Code, kLongest + 1> kLengths = [] {
  std::array<Code, kLongest + 1> codes{};
  std::uint32_t length = 3;
  for (std::uint32_t symbol = 257; symbol < 285; ++symbol) {
    const unsigned extra = symbol < 265 ? 0 : (symbol - 261) / 4;
    const Code code = fixed_code(symbol);
    for (std::uint32_t i = 0; i < 1u << extra && length <= kLongest; ++i, ++length)
      codes[length] = {code.bits | i << code.count, code.count + extra};
  }
  codes[kLongest] = fixed_code(285);
  return codes;
}();

/// Code and extra bits of a distance: pairs of symbols, each pair with one more extra bit.
constexpr Code distance_code(std::uint32_t distance) {
  if (distance <= 4) return {reversed(distance - 1, 5), 5};
  const unsigned extra = static_cast<unsigned>(std::bit_width(distance - 1)) - 2;
  const std::uint32_t half = (distance - 1) >> extra & 1;
  const std::uint32_t rest = (distance - 1) & ((1u << extra) - 1);
  return {reversed(2 * extra + 2 + half, 5) | rest << 5, 5 + extra};
}

class BitWriter {
 public:
  explicit BitWriter(std::uint8_t* out) : out_(out) {}

  /// At most 31 bits.
  void put(Code code) {
    bits_ |= static_cast<std::uint64_t>(code.bits) << count_;
    count_ += code.count;
    if (count_ < 32) return;
    for (int i = 0; i < 4; ++i) *out_++ = static_cast<std::uint8_t>(bits_ >> 8 * i);
    bits_ >>= 32;
    count_ -= 32;
  }
  /// Fills the last byte with zeros; returns the place after it.
  std::uint8_t* finish() {
    for (; count_ > 0; count_ -= std::min(count_, 8u), bits_ >>= 8)
      *out_++ = static_cast<std::uint8_t>(bits_);
    return out_;
  }

 private:
  std::uint8_t* out_;
  std::uint64_t bits_ = 0;
  unsigned count_ = 0;
};

/// How many bytes at `here` are those at `there`, before `end`.
std::size_t common(const std::uint8_t* there, const std::uint8_t* here, const std::uint8_t* end) {
  const std::uint8_t* const start = here;
  while (end - here >= 8 && std::memcmp(there, here, 8) == 0) there += 8, here += 8;
  while (here < end && *there == *here) ++there, ++here;
  return static_cast<std::size_t>(here - start);
}

}  // namespace

std::size_t compress_repeats(const std::uint8_t* data, std::size_t size, std::size_t row,
                             std::uint8_t* out) {
  std::uint8_t* const start = out;
  *out++ = 0x78;  // zlib: deflate, a window of 32 KiB
  *out++ = 0x01;
  BitWriter bits(out);
  bits.put({0b011, 3});  // the last block, fixed codes

  const Code from_left = distance_code(kPixel);
  const Code from_above = distance_code(static_cast<std::uint32_t>(row));
  const std::uint8_t* const end = data + size;
  for (const std::uint8_t* at = data; at < end;) {
    // The longer of the two repeats; a long one from above saves looking to the left.
    const std::size_t done = static_cast<std::size_t>(at - data);
    std::size_t length = done >= row ? common(at - row, at, end) : 0;
    Code distance = from_above;
    if (length < 64 && done >= kPixel) {
      const std::size_t left = common(at - kPixel, at, end);
      if (left >= length) length = left, distance = from_left;
    }
    if (length < kShortest) {
      bits.put(kLiterals[*at++]);
      continue;
    }
    at += length;
    while (length > 0) {
      std::size_t part = std::min(length, kLongest);
      if (length > part && length - part < 3) part -= 3;  // leave enough for the next
      bits.put(kLengths[part]);
      bits.put(distance);
      length -= part;
    }
  }
  bits.put(fixed_code(256));  // end of the block
  out = bits.finish();

  const std::uint32_t checksum = libdeflate_adler32(1, data, size);
  for (int shift = 24; shift >= 0; shift -= 8)
    *out++ = static_cast<std::uint8_t>(checksum >> shift);
  return static_cast<std::size_t>(out - start);
}

}  // namespace attn_viz::figure
