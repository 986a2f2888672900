// Random problems, and people who compute them: exactly or from rounded numbers.
#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <vector>

#include "attn_viz/check/check.hpp"
#include "attn_viz/core/random.hpp"
#include "support/problems.hpp"

namespace attn_viz::test {

/// Whole numbers and choices from one stream.
class Dice {
 public:
  explicit Dice(const std::string& stream) : random_(7, stream) {}
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.bits() % n); }
  double between(double least, double most) { return least + (most - least) * random_.uniform(); }
  bool coin() { return below(2) == 0; }

 private:
  Random random_;
};

inline Problem random_problem(std::size_t number) {
  const std::string stream = "problem " + std::to_string(number);
  Dice dice(stream);
  const std::size_t heads = 1 + dice.below(3), size = 1 + dice.below(3);
  const std::size_t n = 2 + dice.below(4), d = heads * size;
  AttentionSettings settings;
  settings.heads = heads;
  settings.weights = RandomWeights{number};
  constexpr ScoreType kScores[] = {ScoreType::kScaledDotProduct, ScoreType::kScaledDotProduct,
                                   ScoreType::kDotProduct, ScoreType::kCosine};
  settings.score.type = kScores[dice.below(4)];
  constexpr NormalizerType kNormalizers[] = {
      NormalizerType::kSoftmax, NormalizerType::kSoftmax,        NormalizerType::kSoftmax,
      NormalizerType::kSigmoid, NormalizerType::kSparsemax,      NormalizerType::kRelu,
      NormalizerType::kEntmax,  NormalizerType::kSoftmaxOffByOne};
  settings.normalize.type = kNormalizers[dice.below(8)];
  settings.mask.causal = dice.coin();
  if (dice.below(3) == 0) settings.position.type = PositionType::kSinusoidal;
  return problem_of(random_tensor({n, d}, stream, DType::kFloat64, dice.between(0.5, 3)), settings);
}

/// As printf and Python's round() do it.
inline double rounded_number(double x, int decimals) {
  if (!std::isfinite(x)) return x;
  char text[400];
  std::snprintf(text, sizeof text, "%.*f", decimals, x);
  return std::strtod(text, nullptr);
}

inline double rounded_to_significant(double x, int digits) {
  if (!std::isfinite(x)) return x;
  char text[64];
  std::snprintf(text, sizeof text, "%.*e", digits - 1, x);
  return std::strtod(text, nullptr);
}

template <class Round>
Tensor each_rounded(Tensor tensor, Round round) {
  for (double& x : tensor.values<double>()) x = round(x);
  return tensor;
}

inline Tensor rounded(const Tensor& tensor, int decimals) {
  return each_rounded(tensor, [=](double x) { return rounded_number(x, decimals); });
}

inline bool is_computed(const Step& step) {
  return step.op != ops::input.name && step.op != ops::parameter.name;
}

/// Every step computed with all digits and then rounded.
template <class Round>
Trace written_rounded(Trace trace, Round round) {
  for (Step& step : trace.steps) step.values = each_rounded(std::move(step.values), round);
  return trace;
}

/// Every step computed from the rounded numbers before it and rounded itself.
template <class Round>
Trace computed_rounded(Trace trace, Round round) {
  for (Step& step : trace.steps) {
    if (is_computed(step)) {
      std::vector<const Tensor*> inputs;
      for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
      step.values = find_operation(step.op)->evaluate(inputs, step.attributes).values;
    }
    step.values = each_rounded(std::move(step.values), round);
  }
  return trace;
}

/// "" if everything is right, else the first wrong step, its cell and numbers.
inline std::string first_fault(const Trace& trace, const check::Report& report) {
  const check::CheckedStep* wrong = report.first_wrong();
  if (wrong == nullptr) return "";
  std::string text = trace.steps[wrong->step].id + " [";
  for (const std::size_t index : wrong->cell) text += std::to_string(index) + " ";
  text += "] expected " + std::to_string(wrong->expected) + ", got " + std::to_string(wrong->got) +
          ", tolerance " + std::to_string(wrong->tolerance);
  for (const auto& diagnosis : wrong->diagnoses) text += ", " + diagnosis.name;
  return text;
}

}  // namespace attn_viz::test
