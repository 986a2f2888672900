#include "attn_viz/core/random.hpp"

namespace attn_viz {

Random::Random(std::uint64_t seed, std::string_view stream) : state_(seed) {
  // FNV-1a of the name, then one step of the generator, so that near seeds part at once.
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : stream) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  state_ = bits() ^ hash;
}

std::uint64_t Random::bits() {
  state_ += 0x9E3779B97F4A7C15U;
  std::uint64_t z = state_;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  return z ^ (z >> 31);
}

}  // namespace attn_viz
