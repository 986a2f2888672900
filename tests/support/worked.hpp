// The worked numbers of the course.
#pragma once

#include <string>

#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz::test {

/// The worked number of this name. A name that several files have is the same number in each.
inline const nlohmann::json& worked(const std::string& name) {
  static const nlohmann::json all = [] {
    nlohmann::json numbers;
    for (const char* file :
         {"approximation-examples.json", "attention-examples-heads.json", "attention-examples.json",
          "map-examples.json", "normalize-mask-examples.json", "position-examples.json",
          "reading-examples.json", "sequence-examples.json", "stack-examples.json"}) {
      numbers.update(load_reference(file));
    }
    return numbers;
  }();
  return all.at(name);
}

/// "" if a tensor is within `tolerance` of the worked number of this name, else where it is not.
inline std::string off(const Tensor& got, const std::string& name, double tolerance = 1e-12) {
  return absolute_mismatch(got, tensor_of(worked(name)), tolerance);
}

}  // namespace attn_viz::test
