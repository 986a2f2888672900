// What the tests of heads share: the running example, and the worked numbers of their sections.
#pragma once

#include <string>

#include "support/problems.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz::test {

/// "" if a tensor is within 1e-12 of the worked number of this name, else where it is not.
inline std::string off(const Tensor& got, const char* name) {
  static const nlohmann::json all = load_reference("attention-examples-heads.json");
  return absolute_mismatch(got, tensor_of(all.at(name)), 1e-12);
}

inline GivenWeights running_weights() {
  return {.w_q = matrix({{1, 0}, {0, 2}}),
          .w_k = matrix({{1, 1}, {0, 1}}),
          .w_v = matrix({{1, 0}, {2, 1}})};
}

inline Problem running_example() {
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}));
  problem.attention.weights = running_weights();
  return problem;
}

}  // namespace attn_viz::test
