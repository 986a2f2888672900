// "talking_heads" and "differential".
#include <fmt/format.h>

#include "input/attention_settings.hpp"
#include "input/fields.hpp"

namespace attn_viz {

using json::Value;

TalkingHeads read_talking_heads(const Value& value, DType dtype) {
  value.allow_keys({"scores", "weights"});
  constexpr std::string_view kMatrix = "a matrix (from head × to head)";
  TalkingHeads talking{.scores = find_array(value, "scores", 2, 2, kMatrix, dtype),
                       .weights = find_array(value, "weights", 2, 2, kMatrix, dtype)};
  if (talking.scores || talking.weights) return talking;
  throw value.error("expected \"scores\" or \"weights\", got neither");
}

Differential read_differential(const Value& value, DType dtype) {
  value.allow_keys({"lambda", "lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2", "lambda_init",
                    "depth", "norm"});
  Differential differential;
  if (const auto lambda = value.find("lambda")) differential.lambda = lambda->number();
  constexpr const char* kVectors[] = {"lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"};
  std::optional<Tensor>* const into[] = {&differential.lambda_q1, &differential.lambda_k1,
                                         &differential.lambda_q2, &differential.lambda_k2};
  for (std::size_t i = 0; i < 4; ++i) {
    if (differential.lambda) {
      if (const auto vector = value.find(kVectors[i])) {
        throw vector->error("λ is given as a number; its vectors have no use")
            .hint("leave out \"lambda\", or the four vectors");
      }
    } else if (const auto vector = value.find(kVectors[i])) {
      *into[i] = read_array(*vector, 1, 1, "a list of numbers", dtype);
    } else {
      throw value.error(
          fmt::format("expected \"lambda\", or its four vectors; \"{}\" is missing", kVectors[i]));
    }
  }
  if (const auto init = value.find("lambda_init")) differential.lambda_init = init->number();
  if (const auto depth = value.find("depth")) {
    differential.depth = depth->whole_number(1);
    if (differential.lambda_init) {
      throw depth->error("lambda_init is given; expected no depth")
          .hint("depth l stands for lambda_init 0.8 − 0.6 exp(−0.3 (l − 1))");
    }
  }
  if (const auto norm = value.find("norm")) differential.norm = norm->boolean();
  return differential;
}

}  // namespace attn_viz
