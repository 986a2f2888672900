// What the tests of documents share.
#pragma once

#include <string>

#include "support/problems.hpp"
#include "support/worked.hpp"

namespace attn_viz::test {

/// "" if a step has the worked number of this name, whatever the axes of either.
inline std::string off(const Trace& trace, const std::string& step, const std::string& name,
                       double tolerance = 1e-12) {
  const Tensor& got = values_of(trace, step);
  return absolute_mismatch(got, tensor_of(worked(name)).with_axes(got.axes()), tolerance);
}

}  // namespace attn_viz::test
