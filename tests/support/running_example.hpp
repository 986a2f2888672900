// The running example of the course: three tokens of two numbers.
#pragma once

#include "support/problems.hpp"
#include "support/worked.hpp"

namespace attn_viz::test {

inline GivenWeights running_weights() {
  return {.w_q = matrix({{1, 0}, {0, 2}}),
          .w_k = matrix({{1, 1}, {0, 1}}),
          .w_v = matrix({{1, 0}, {2, 1}})};
}

/// Scaled by 1/√2.
inline Problem running_example() {
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}));
  problem.attention.weights = running_weights();
  return problem;
}

}  // namespace attn_viz::test
