// Numbers as they stand in cells and beside the colour bar.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace attn_viz::figure {

/// A value in a cell. Without decimals it is exact: 0, 1, −3; else rounded to 3 significant digits
/// and not beyond `decimals`: 0.42, −1.37, 12.5, 123. From 100,000 on: 1.2e5. The minus is U+2212.
std::string value_text(double value, int decimals);

/// A value with exactly so many decimals (from 1e15 on: 1.2e15): fixed_text(0.4, 3) → 0.400.
std::string fixed_text(double value, int decimals);

/// A value to three significant digits: 0.0123, 4, 1.23e-05.
std::string short_text(double value);

/// The decimals that show two significant digits of a matrix' largest number: 2 from 0.1 on, more
/// for smaller numbers (0.013 → 3), never more than 6.
int decimals_for(double largest);

struct Tick {
  double value = 0;
  std::string text;
};

/// Round numbers (steps of 1, 2, 2.5 or 5 × 10ᵏ) inside of [low, high], at most `most` (≥ 2) where
/// that is possible; the ends themselves where no round number lies between them.
/// Example: ticks(0, 1, 5) → 0, 0.25, 0.5, 0.75, 1.
std::vector<Tick> ticks(double low, double high, std::size_t most);

/// The same for a logarithmic scale, 0 < low ≤ high: powers of ten, or 1, 2 and 5 times them where
/// there are few; the ends where not even those lie between.
/// Example: log_ticks(1e-4, 1, 5) → 0.0001, 0.001, 0.01, 0.1, 1.
std::vector<Tick> log_ticks(double low, double high, std::size_t most);

}  // namespace attn_viz::figure
