// Somebody's steps against a program: each one computed again from its own given inputs.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::check {

enum class Verdict {
  kRight,
  kWrong,    ///< does not follow from its own given inputs
  kCarried,  ///< follows from them, but they are wrong
};

/// "right", "wrong" or "carried".
std::string_view name_of(Verdict verdict);

/// What somebody gave for a step: float64, of the step's shape, −∞ where masked.
struct Answer {
  StepId step;
  Tensor values;
};

struct Options {
  /// The largest difference that is right; absent: what rounding to the digits given explains.
  std::optional<double> tolerance = {};
};

/// A known mistake that reproduces the numbers.
struct Diagnosis {
  std::string name;      ///< "missing-scale"
  std::string sentence;  ///< what was done and what should have been
};

struct CheckedStep {
  StepId step = 0;
  Verdict verdict = Verdict::kRight;
  /// Of a step that is not right, the place that is furthest off (in units of its tolerance);
  /// row-major indices.
  std::vector<std::size_t> cell = {};
  /// What the cell should be: of a wrong step what follows from its own given inputs, of a carried
  /// one what follows from the right ones. −∞ is a masked score.
  double expected = 0;
  double got = 0;
  double tolerance = 0;  ///< of this cell
  /// Of a wrong step: the mistakes that fit, each name once, the best first.
  std::vector<Diagnosis> diagnoses = {};
};

struct Report {
  std::vector<CheckedStep> steps;  ///< the given steps, in the order of the computation

  bool ok() const;
  std::size_t count(Verdict verdict) const;
  const CheckedStep* first_wrong() const;
};

/// Every computed step of a trace. Its inputs and parameters are taken as they stand.
/// @throws Error kInvalid, placed at a step's id, if the step cannot be computed: an unknown
///         operation, inputs that do not fit, another shape than they give.
Report check_trace(const Trace& trace, const Options& options = {});

/// Answers, each step at most once, to a program that attn-viz computed itself.
Report check_answers(const Trace& program, const std::vector<Answer>& answers,
                     const Options& options = {});

}  // namespace attn_viz::check
