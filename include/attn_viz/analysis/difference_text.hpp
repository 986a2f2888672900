// The differences of two traces as a text and as JSON.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/analysis/difference.hpp"

namespace attn_viz::analysis {

/// What was compared, for the reader.
struct Compared {
  const Trace* first = nullptr;
  const Trace* second = nullptr;
  std::string first_name, second_name;  ///< of the files
  double tolerance = 0;
};

/// The first step that differs, then a table of all that do, the largest absolute error first, and
/// how many steps are the same. Ends with a line feed.
std::string difference_text(const std::vector<StepDifference>& steps, const Compared& compared);

/// {"same", "tolerance", "first", "steps": [{"id", "in", "absolute", "relative", "cell", "a", "b",
/// "cells"}]}, on one line, with all steps in the order of the computation. Format:
/// docs/formats.md.
std::string difference_json(const std::vector<StepDifference>& steps, const Compared& compared);

}  // namespace attn_viz::analysis
