// Whole numbers that are exact or refused: counts of a layer grow with n² d and soon leave 64 bits.
#pragma once

#include <compare>
#include <cstddef>
#include <string>

namespace attn_viz::analysis {

/// A count from 0 to 2¹²⁸ − 1.
/// @throws Error kLimit from + and · if the result is larger.
/// Example: Count(1000) * 1000 * 512 → "512,000,000"
class Count {
 public:
  constexpr Count() = default;
  constexpr Count(std::size_t number) : number_(number) {}

  friend Count operator+(Count a, Count b);
  friend Count operator*(Count a, Count b);
  Count& operator+=(Count other) { return *this = *this + other; }
  bool operator==(const Count&) const = default;
  auto operator<=>(const Count&) const = default;

  /// "512000000".
  std::string digits() const;
  /// "512,000,000".
  std::string text() const;
  /// For charts.
  double approximate() const { return static_cast<double>(number_); }

 private:
  __extension__ using Number = unsigned __int128;
  Number number_ = 0;
};

}  // namespace attn_viz::analysis
