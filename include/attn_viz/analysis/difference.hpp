// Two traces, step by step.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::analysis {

/// One step that both traces have, or only one of them.
struct StepDifference {
  std::string id;
  const Step* first = nullptr;   ///< null if only the second trace has it
  const Step* second = nullptr;  ///< null if only the first trace has it
  /// Both have it, in another shape; then no number is compared.
  bool other_shape = false;
  /// Largest |a − b|; +∞ where a cell is masked in one trace alone.
  double absolute = 0;
  /// Largest |a − b| / max(|a|, |b|); 0 where both are 0, 1 where a cell is masked in one alone.
  double relative = 0;
  std::size_t absolute_at = 0, relative_at = 0;  ///< where these are, row-major
  std::size_t cells = 0;                         ///< that differ by more than the tolerance

  bool in_both() const { return first != nullptr && second != nullptr; }
  /// Whether the traces differ here.
  bool differs() const { return !in_both() || other_shape || cells > 0; }
};

/// The steps of both traces in the order of the computation: those of the first, and each that only
/// the second has after the step that it follows there. Steps are the same if their ids are.
/// @param tolerance  two numbers differ if |a − b| > tolerance · max(1, |a|, |b|)
/// The traces must outlive the result.
std::vector<StepDifference> differences(const Trace& first, const Trace& second, double tolerance);

/// The place of a cell for a reader: "row 1, column 2", with labels where the axes have them:
/// "row 1 (Jerry), column 2 (Tom)"; more indices for more axes.
std::string place_of_cell(const Trace& trace, const Step& step, std::size_t position);

}  // namespace attn_viz::analysis
