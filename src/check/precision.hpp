// How exactly numbers were written, seen from the numbers alone.
#pragma once

#include <vector>

#include "attn_viz/check/check.hpp"

namespace attn_viz::check {

/// How the numbers of a step were rounded.
struct Precision {
  enum class Kind {
    kWhole,    ///< whole numbers only: exact, or rounded to digits that cannot be seen, at least 2
    kDecimal,  ///< to so many decimals, or so many significant digits
    kBinary,   ///< to so many bits: float32 or less
    kFull,     ///< float64
  };
  Kind kind = Kind::kWhole;
  int decimals = 0;          ///< kDecimal: the most that a cell shows
  int significant = 0;       ///< kDecimal: significant digits, if rounded to these; else 0
  int most_significant = 0;  ///< kDecimal: the most significant digits that a cell shows
  int bits = 53;             ///< kBinary

  bool is_exact() const { return kind == Kind::kWhole || kind == Kind::kFull; }
  /// By how much a number written as x may be off: half a unit of its last place.
  double half_unit(double x) const;
};

/// Whether a step was given, as an input or a parameter.
bool is_given_value(const Step& step);

/// How many decimals the shortest text of a number has: 0.71 → 2, 1e-3 → 3, 30 → 0.
int decimals_of(double x);

/// From the shortest decimals that read back to the same numbers; −∞ does not count.
Precision precision_of(const Tensor& tensor);

/// The precision of each given step, and of the arithmetic behind all of them.
struct Precisions {
  std::vector<Precision> of_step;  ///< by StepId; exact where nothing is given
  Precision finest = {};           ///< the most digits of a computed step
  int bits = 53;                   ///< of the mantissa
};

/// A sheet as a whole tells more than one step. docs/formats.md, "Tolerance", has the rules.
/// @param given  by StepId, null where nothing is given
/// @param is_trace  whether one program wrote all the numbers, inputs and parameters included
Precisions precisions_of(const Trace& program, const std::vector<const Tensor*>& given,
                         bool is_trace);

}  // namespace attn_viz::check
