// From what the user wrote to a step and a row.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "attn_viz/core/error.hpp"
#include "attn_viz/ops/operation.hpp"
#include "explain/plan.hpp"
#include "trace/names.hpp"

namespace attn_viz::explain {
namespace {

std::optional<std::size_t> index_of(const std::string& text) {
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), index);
  const bool all = failure == std::errc{} && end == text.data() + text.size();
  return all ? std::optional(index) : std::nullopt;
}

/// What to ask instead: the steps of weights, else a cell of the result.
std::string hint_at_weights(const Trace& trace) {
  constexpr std::size_t kListed = 8;
  std::vector<std::string> known;
  for (const Step& step : trace.steps) {
    if (step.role == Role::kWeights && step.values.rank() == 2) known.push_back(step.id);
  }
  if (trace.steps.empty()) return "the trace has no steps";
  if (known.empty()) {
    const Step& last = trace.steps.back();
    const std::vector<std::size_t> first_cell(last.values.rank(), 0);
    return fmt::format("the trace has no weights; ask for a cell, such as --step {} --cell {}",
                       last.id, fmt::join(first_cell, ","));
  }
  const std::size_t more = known.size() - std::min(kListed, known.size());
  known.resize(known.size() - more);
  return fmt::format("the weights are {}{}; name them with --step", fmt::join(known, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

/// The labels of a stretch of an axis, as far as it has any.
std::vector<std::string_view> labels_of(const Trace& trace, const Axis& axis, std::size_t first,
                                        std::size_t count) {
  const AxisInfo* info = trace.axis(axis.name);
  std::vector<std::string_view> labels;
  for (std::size_t i = 0; info != nullptr && i < count && first + i < info->labels.size(); ++i) {
    labels.push_back(info->labels[first + i]);
  }
  return labels;
}

/// Which of `count` places was asked for, by index or label.
std::size_t find_place(const std::vector<std::string_view>& labels, std::size_t count,
                       const std::string& wanted, const char* option) {
  const auto index = index_of(wanted);
  if (index && *index < count) return *index;
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == wanted) found.push_back(i);
  }
  if (found.size() == 1) return found[0];
  if (found.size() > 1) {
    std::string list;
    for (const std::size_t i : found) list += (list.empty() ? "" : ", ") + std::to_string(i);
    throw Error(ErrorCode::kInvalid, fmt::format("\"{}\" stands at {}", wanted, list))
        .at(option)
        .hint("name it by its index");
  }
  Error error(ErrorCode::kInvalid,
              fmt::format("there is no token \"{}\"; expected a label or an index from 0 to {}",
                          wanted, count == 0 ? 0 : count - 1));
  const std::string_view near = index ? "" : nearest_name(wanted, labels);
  error.at(option);
  constexpr std::size_t kListed = 8;
  if (near.empty() && !index && !labels.empty() && labels.size() <= kListed) {
    throw error.hint(fmt::format("the labels are {}", fmt::join(labels, ", ")));
  }
  throw near.empty() ? error : error.hint(fmt::format("did you mean {}?", near));
}

}  // namespace

StepId find_step(const Trace& trace, std::string_view id) {
  std::vector<std::string_view> ids;
  for (const Step& step : trace.steps) {
    if (step.id == id) return static_cast<StepId>(&step - trace.steps.data());
    ids.push_back(step.id);
  }
  const std::string_view near = nearest_name(id, ids);
  Error error(ErrorCode::kInvalid, fmt::format("there is no step \"{}\"", id));
  error.at("--step");
  throw near.empty() ? error : error.hint(fmt::format("did you mean {}?", near));
}

StepId find_weights(const Trace& trace, const Question& question) {
  if (!question.step.empty()) {
    const StepId step = find_step(trace, question.step);
    if (trace.steps[step].values.rank() == 2) return step;
    throw Error(ErrorCode::kInvalid, fmt::format("\"{}\" is no matrix of weights", question.step))
        .at("--step");
  }
  // The more a matrix of weights is meant, the sooner; of equals the first.
  std::optional<StepId> found;
  int found_rank = 0;
  for (StepId id = 0; id < trace.steps.size(); ++id) {
    const Step& step = trace.steps[id];
    const Place& place = step.place;
    if (step.role != Role::kWeights || step.values.rank() != 2) continue;
    if (place.layer.value_or(0) != question.layer || place.head.value_or(0) != question.head)
      continue;
    const bool named = last_part(step.id) == "weights";  // what a mechanism calls its result
    const bool own = place.side != Place::Side::kEncoder && place.block != Place::Block::kCross;
    const bool whole = place.branch.empty() && !place.pass;
    const int rank = (named ? 4 : 0) + (whole ? 2 : 0) + (own ? 1 : 0) + 1;
    if (rank > found_rank) found = id, found_rank = rank;
  }
  if (found) return *found;
  throw Error(ErrorCode::kInvalid, fmt::format("there are no weights of layer {}, head {}",
                                               question.layer, question.head))
      .hint(hint_at_weights(trace));
}

std::size_t find_token(const Trace& trace, const Axis& axis, const std::string& wanted,
                       const char* option) {
  return find_place(labels_of(trace, axis, 0, axis.size), axis.size, wanted, option);
}

Row find_row(const Trace& trace, StepId weights, const std::string& wanted) {
  const Axis& own = trace.steps[weights].values.axes()[0];
  for (const Step& whole : trace.steps) {
    if (whole.op != ops::stack_rows.name) continue;
    std::size_t first = 0;
    for (const StepId part : whole.inputs) {
      const std::size_t rows = trace.steps[part].values.rows();
      if (part != weights) {
        first += rows;
        continue;
      }
      const Axis& axis = whole.values.axes()[0];
      const std::size_t row =
          find_place(labels_of(trace, axis, first, rows), rows, wanted, "--query");
      return {row, axis, first + row};
    }
  }
  const std::size_t row = find_token(trace, own, wanted, "--query");
  return {row, own, row};
}

}  // namespace attn_viz::explain
