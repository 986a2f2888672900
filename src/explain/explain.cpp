#include "attn_viz/explain/explain.hpp"

#include <fmt/format.h>

#include "attn_viz/core/error.hpp"
#include "attn_viz/trace/verify.hpp"
#include "explain/document.hpp"
#include "explain/formula.hpp"
#include "explain/number.hpp"
#include "explain/plan.hpp"
#include "explain/writer.hpp"

namespace attn_viz::explain {
namespace {

Block block(Block::Kind kind, std::string text) {
  return {.kind = kind, .text = std::move(text)};
}

/// The blocks between a beginning and an end.
std::string compose(Document document, Document parts, std::string end, const Style& style) {
  for (Block& each : parts) document.push_back(std::move(each));
  if (!end.empty()) document.push_back(block(Block::Kind::kConclusion, std::move(end)));
  return print(document, style);
}

/// The row-major position of a cell. @throws Error kInvalid unless it is one.
std::size_t position_of(const Step& step, const std::vector<std::size_t>& cell) {
  const Tensor& values = step.values;
  const auto refuse = [&] {
    return Error(ErrorCode::kInvalid,
                 fmt::format("expected the indices of a cell of {}, whose shape is {}", step.id,
                             shape_text(values.shape())))
        .at("--cell");
  };
  if (cell.size() != values.rank()) throw refuse();
  std::size_t position = 0;
  for (std::size_t axis = 0; axis < cell.size(); ++axis) {
    if (cell[axis] >= values.size(axis)) throw refuse();
    position = position * values.size(axis) + cell[axis];
  }
  return position;
}

}  // namespace

std::string explain_weight(const Trace& trace, const Question& question, const Style& style) {
  const StepId weights = find_weights(trace, question);
  const Step& step = trace.steps[weights];
  verify_weights(trace, step);
  const Axis& keys = step.values.axes()[1];
  const Row row = find_row(trace, weights, question.query);
  const std::size_t query = row.index;
  std::optional<std::size_t> key;
  if (question.key) key = find_token(trace, keys, *question.key, "--key");
  const Words words(trace, style);
  const std::string asking = words.token(row.axis, row.place);
  const std::string rounded = std::to_string(style.digits), id = words.id(step.id);

  Document document;
  std::string end;
  if (key) {
    const std::string answering = words.token(keys, *key);
    const NumberText weight = number_text(step.values.at(query, *key), step.values.dtype(), style);
    const std::string relation = style.format == Format::kLatex ? "\\approx " : "≈ ";
    document.push_back(
        block(Block::Kind::kTitle, words.say(Sentence::kWeightTitle, {asking, answering})));
    document.push_back(
        block(Block::Kind::kSentence,
              words.say(Sentence::kWhere, {id, std::to_string(query), std::to_string(*key)})));
    end =
        words.say(Sentence::kResultWeight,
                  {asking, answering, words.math((weight.rounded ? relation : "") + weight.text)});
  } else {
    document.push_back(block(Block::Kind::kTitle, words.say(Sentence::kRowTitle, {asking})));
    document.push_back(
        block(Block::Kind::kSentence, words.say(Sentence::kWhereRow, {id, std::to_string(query)})));
  }
  document.push_back(block(Block::Kind::kSentence, words.say(Sentence::kReading, {rounded})));
  const Plan plan = plan_weight(trace, weights, query, key, style.all_terms);
  return compose(std::move(document), write_parts(trace, plan, words, style), std::move(end),
                 style);
}

std::string explain_cell(const Trace& trace, std::string_view step,
                         const std::vector<std::size_t>& cell, const Style& style) {
  const StepId found = find_step(trace, step);
  verify_weights(trace, trace.steps[found]);
  const Step& asked = trace.steps[found];
  const std::size_t position = position_of(asked, cell);
  const Words words(trace, style);
  const std::string symbol = words.math(cell_text(asked.symbol, asked.values, position, style));
  Document document{
      block(Block::Kind::kTitle, words.say(Sentence::kCellTitle, {symbol, words.id(asked.id)})),
      block(Block::Kind::kSentence, words.say(Sentence::kReading, {std::to_string(style.digits)}))};
  const Plan plan = plan_cell(trace, found, position);
  return compose(std::move(document), write_parts(trace, plan, words, style), "", style);
}

}  // namespace attn_viz::explain
