// Which known mistake reproduces somebody's numbers.
#pragma once

#include "check/precision.hpp"
#include "check/variation.hpp"

namespace attn_viz::check {

/// A step that does not follow from its own given inputs.
struct Wrong {
  StepId step;
  const Tensor& got;
  const Tensor& expected;
  const Tensor& tolerance;  ///< of each cell
  Precision precision;      ///< of what was given
  std::optional<double> fixed_tolerance;
};

/// The mistakes that fit, each name once, the best first.
std::vector<Diagnosis> diagnose(const Known& known, const Wrong& wrong, double relative_noise);

/// The tolerance of arithmetic, beside that of rounding: a share of the largest value.
double noise_of(const Tensor& values, double relative);

}  // namespace attn_viz::check
