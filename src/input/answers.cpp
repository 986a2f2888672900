#include "attn_viz/input/answers.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "input/answered.hpp"

namespace attn_viz {

StepId answered_step(const Trace& program, std::string_view id, Error fault) {
  std::vector<std::string_view> known;
  for (StepId i = 0; i < program.steps.size(); ++i) {
    if (program.steps[i].id == id) return i;
    known.push_back(program.steps[i].id);
  }
  const std::string_view near = nearest_name(id, known);
  throw fault.hint(near.empty() ? "attn-viz run writes a trace of the document with all step ids"
                                : fmt::format("did you mean \"{}\"?", near));
}

bool may_be_masked(const Step& step) {
  const Operation* operation = find_operation(step.op);
  return operation != nullptr && operation->may_mask;
}

namespace {

using json::Kind;
using json::Value;

/// Whether there is nothing but "?", as a form has it before it is filled in.
bool is_unanswered(const json::Node& node) {
  if (node.kind == Kind::kText) return node.text == "?";
  return node.kind == Kind::kArray && !node.items.empty() &&
         std::all_of(node.items.begin(), node.items.end(), is_unanswered);
}

Tensor read_values(const Value& value, const Step& step) {
  const std::vector<std::size_t> shape = step.values.shape();
  const std::string what = fmt::format("numbers of shape {}", shape_text(shape));
  const json::Node& node = value.node();
  if (node.kind == Kind::kNumbers && node.shape != shape) {
    Error error = value.error(
        fmt::format("expected shape {}, got {}", shape_text(shape), shape_text(node.shape)));
    std::vector<std::size_t> turned = node.shape;
    std::reverse(turned.begin(), turned.end());
    if (turned == shape) error.hint("it looks transposed");
    throw error;
  }
  Tensor values = may_be_masked(step) ? value.tensor_with_nulls(shape.size(), what, DType::kFloat64)
                                      : value.tensor(shape.size(), what, DType::kFloat64);
  return std::move(values).with_axes(step.values.axes());
}

}  // namespace

bool has_answers(const json::Node& document) {
  return document.kind == Kind::kObject &&
         std::any_of(document.members.begin(), document.members.end(),
                     [](const auto& member) { return member.first == "steps"; });
}

std::vector<std::pair<StepId, Tensor>> read_answers(const Value& document, const Trace& program) {
  const auto steps = document.find("steps");
  if (!steps) {
    throw document.error("there are no answers; expected the key \"steps\"")
        .hint("\"steps\": {\"layer0/head0/weights\": [[…]]} holds what somebody computed");
  }
  std::vector<std::pair<StepId, Tensor>> answers;
  for (const auto& [id, value] : steps->members()) {
    if (id == "$schema" || id == "comment") continue;
    const StepId step =
        answered_step(program, id, value.error(fmt::format("the document has no step \"{}\"", id)));
    if (is_unanswered(value.node())) continue;
    answers.emplace_back(step, read_values(value, program.steps[step]));
  }
  if (answers.empty()) throw steps->error("expected at least one step that is answered");
  std::sort(answers.begin(), answers.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  return answers;
}

}  // namespace attn_viz
