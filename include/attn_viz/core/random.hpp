// Random numbers that are the same on every platform and in every release.
#pragma once

#include <cstdint>
#include <string_view>

namespace attn_viz {

/// The generator SplitMix64: 64 random bits a call from a 64-bit counter and two multiplications.
/// Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
class Random {
 public:
  /// Streams of one seed with different names are independent; the name of a parameter keeps its
  /// numbers when other parameters come or go.
  Random(std::uint64_t seed, std::string_view stream);

  std::uint64_t bits();
  /// Uniform in [0, 1), a multiple of 2⁻⁵³.
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace attn_viz
