#include "figure/story_terms.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <string_view>

namespace attn_viz::figure {
namespace {

using std::string_view;

/// Operations that are written with signs between their operands. A number stands for an input,
/// ᵀ behind it for its transpose; what the step does not have is left out with its sign.
struct Pattern {
  string_view op, text;
};
constexpr Pattern kPatterns[] = {
    {"linear", "0 · 1 + 2"},
    {"matmul", "0 · 1"},
    {"dot-product", "0 · 1ᵀ"},
    {"bilinear", "0 · 2 · 1ᵀ"},
    {"nystrom-weights", "0 · 1 · 2"},
    {"implied-weights", "0 · 1"},
    {"differential", "0 − 2 · 1"},
    {"key-value-sum", "0ᵀ · 1"},
    {"multiply", "0 ∘ 1"},
};

/// Operations of any number of summands or blocks.
string_view joining_sign(string_view op) {
  if (op == "add") return "+";
  if (op == "concat") return "‖";
  return "";
}

std::vector<Operand> by_pattern(string_view pattern, std::size_t inputs) {
  std::vector<Operand> operands;
  std::istringstream words{std::string(pattern)};
  std::string sign;
  for (std::string word; words >> word;) {
    if (word[0] < '0' || word[0] > '9') {
      sign = word;
      continue;
    }
    const auto index = static_cast<std::size_t>(word[0] - '0');
    if (index < inputs) operands.push_back({sign, index, word.size() > 1});
  }
  return operands;
}

/// Every input once; of other heads' steps, as many as can be shown.
void join(const Trace& trace, const Step& step, std::size_t head, const std::string& sign,
          Sentence& sentence) {
  constexpr std::size_t kMostHeads = 3;
  std::size_t heads = 0;
  for (const StepId input : step.inputs) heads += parse_step_id(trace.steps[input].id).head ? 1 : 0;
  std::vector<Operand>& operands = sentence.operands;
  bool left_out = false;
  for (std::size_t i = 0; i < step.inputs.size(); ++i) {
    const StepId input = step.inputs[i];
    const auto before = step.inputs.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(step.inputs.begin(), before, input) != before) continue;
    const auto of_head = parse_step_id(trace.steps[input].id).head;
    if (heads > kMostHeads && of_head && *of_head != head) {
      left_out = true;
      continue;
    }
    operands.push_back({operands.empty() ? "" : sign, i, false});
  }
  if (left_out) sentence.result_sign = "… " + sentence.result_sign;
}

bool starts_with(string_view text, std::initializer_list<string_view> beginnings) {
  return std::any_of(beginnings.begin(), beginnings.end(), [&](string_view beginning) {
    return text.substr(0, beginning.size()) == beginning;
  });
}

}  // namespace

Sentence sentence_of(const Trace& trace, const Step& step, std::size_t head) {
  Sentence sentence;
  for (const Pattern& pattern : kPatterns) {
    if (step.op != pattern.op) continue;
    sentence.operands = by_pattern(pattern.text, step.inputs.size());
    return sentence;
  }
  if (const string_view sign = joining_sign(step.op); !sign.empty()) {
    join(trace, step, head, std::string(sign), sentence);
    return sentence;
  }
  sentence.result_sign = "→";
  if (step.op == ops::mask_scores.name) {
    sentence.operands = by_pattern("0 where 1", step.inputs.size());
    return sentence;
  }
  join(trace, step, head, ",", sentence);
  sentence.over = step.op == ops::scale.name
                      ? fmt::format("× {:.4g}", step.attributes.get_or("scale", 1.0))
                  : step.op == ops::slice_columns.name     ? "slice"
                  : step.op == ops::attention_weights.name ? "softmax"
                                                           : step.op;
  return sentence;
}

Stage stage_of(const Step& step) {
  const StepName place = parse_step_id(step.id);
  const string_view name = place.step;
  if (!place.layer || step.op == ops::layer_norm.name || step.op == ops::rms_norm.name) {
    return Stage::kPrepare;
  }
  if (!place.head && starts_with(name, {"position", "key_position"})) return Stage::kPrepare;
  if (!place.head) return Stage::kCombine;
  if (starts_with(name, {"exact_", "distance"})) return Stage::kExact;
  if (starts_with(name,
                  {"output", "normalized_output", "online_", "state", "key_value", "key_sum"})) {
    return Stage::kMix;
  }
  if (starts_with(name,
                  {"weights", "mixed_weights", "projected_weights", "kernel_", "pseudo_inverse"})) {
    return Stage::kNormalize;
  }
  if (starts_with(name, {"query", "key", "value", "rotated_", "normalized_", "landmark_",
                         "projected_", "features"})) {
    return Stage::kProject;
  }
  return Stage::kCompare;
}

std::string heading_of(Stage stage) {
  switch (stage) {
    case Stage::kPrepare:
      return "Prepare the input";
    case Stage::kProject:
      return "Project: queries, keys and values";
    case Stage::kCompare:
      return "Compare: scores";
    case Stage::kNormalize:
      return "Normalise: weights";
    case Stage::kMix:
      return "Mix the values";
    case Stage::kExact:
      return "Beside exact attention";
    case Stage::kCombine:
      return "Combine the heads";
  }
  return "";
}

bool is_weight_like(const Step& step) {
  if (step.op == ops::mask.name) return true;
  const Operation* operation = find_operation(step.op);
  if (operation != nullptr && operation->rows_sum_to_one) return true;
  const StepName place = parse_step_id(step.id);
  return starts_with(place.step,
                     {"weights", "mixed_weights", "exact_weights", "allow", "projected_weights"}) ||
         step.op == ops::attention_weights.name;
}

}  // namespace attn_viz::figure
