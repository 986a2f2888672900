// The recipe of attention in two levels: the weight of a token is the weight of its group times its
// weight within the group. Source: Yang et al. 2016, section 2.2; Qiu, nndl, section 8.2.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/sequences.hpp"
#include "mechanisms/limit.hpp"
#include "mechanisms/new_trace.hpp"
#include "mechanisms/output.hpp"
#include "mechanisms/sequence_input.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz {
namespace {

void check(const LevelSettings& level, std::size_t d, const std::string& place) {
  const std::size_t a = level.w ? level.w->columns() : d;
  if (level.w) expect_shape(*level.w, {d, a}, place + "/W", "embedding × hidden");
  if (level.b) expect_shape(*level.b, {a}, place + "/b", "hidden");
  expect_shape(level.query, {a}, place + "/query", level.w ? "hidden" : "embedding");
}

void check(const HierarchicalAttention& task, std::size_t limit) {
  const std::size_t n = task.input.rows.rows(), groups = task.groups.size();
  std::size_t tokens = 0;
  for (const std::size_t size : task.sizes) tokens += size;
  if (tokens != n) {
    throw Error(ErrorCode::kInvalid,
                fmt::format("expected sizes whose sum is {} (one token for each row of "
                            "/embeddings), got {}",
                            n, tokens))
        .at("/groups/sizes");
  }
  expect_bytes(bytes_of(4 * static_cast<double>(n) * static_cast<double>(groups), task.dtype),
               limit, fmt::format("{} tokens × {} groups", n, groups), "/groups");
  check(task.token_level, task.input.rows.columns(), "/token_level");
  check(task.group_level, task.input.rows.columns(), "/group_level");
}

/// [groups, tokens]: 1 where a token belongs to a group.
Tensor membership(const std::vector<std::size_t>& sizes, std::size_t n, DType dtype) {
  Tensor members({Axis{sizes.size(), "group"}, Axis{n, "token"}},
                 Buffer<double>(sizes.size() * n, 0.0));
  std::size_t token = 0;
  for (std::size_t group = 0; group < sizes.size(); ++group) {
    for (std::size_t i = 0; i < sizes[group]; ++i) {
      members.values<double>()[group * n + token++] = 1;
    }
  }
  return members.as(dtype);
}

/// "scores": u · query for each row x, as one row.
StepId score(Recorder& record, LevelSettings level, StepId x, const std::string& symbol) {
  StepId u = x;
  if (level.w) {
    std::vector<StepId> inputs{x, record_parameter(record, "W", std::move(*level.w))};
    if (level.b) inputs.push_back(record_parameter(record, "b", std::move(*level.b)));
    const StepId projected =
        record.step(Role::kHidden, "projected", "P", ops::linear, std::move(inputs));
    u = record.step(Role::kHidden, "hidden", "U", ops::activation, {projected},
                    {{"function", "tanh"}});
  }
  const std::size_t a = level.query.count();
  const StepId query =
      record.parameter("query", "q", std::move(level.query).with_axes({Axis{1}, Axis{a}}));
  return record.step(Role::kScores, "scores", symbol, ops::dot_product, {query, u});
}

}  // namespace

Trace run_hierarchical(HierarchicalAttention task, std::size_t memory_limit) {
  check(task, memory_limit);
  Trace trace = new_trace(task.title, task.dtype, "hierarchical-attention");
  trace.settings.set("token_level", Attributes{{"W", task.token_level.w ? "given" : "none"}});
  trace.settings.set("group_level", Attributes{{"W", task.group_level.w ? "given" : "none"}});
  trace.settings.set("sizes", std::vector<double>(task.sizes.begin(), task.sizes.end()));

  Recorder record(trace);
  Recorder given = record.below("input"), token_level = record.branch("token_level"),
           group_level = record.branch("group_level");
  const std::size_t n = task.input.rows.rows();
  const StepId x = record_rows(trace, given, "embeddings", "X", std::move(task.input), "token");
  add_axis(trace, {.name = {}, .labels = std::move(task.groups), .grid = {}, .image = {}}, "group");
  const StepId members = given.input("membership", "M", membership(task.sizes, n, task.dtype));

  // Within each group: a row for each group, in which only its own tokens can be seen.
  const StepId of_tokens = score(token_level, std::move(task.token_level), x, "s");
  const StepId rows = token_level.step(Role::kScores, "repeated_scores", "S", ops::repeat_rows,
                                       {of_tokens, members});
  const StepId masked = token_level.step(Role::kScores, "masked_scores", "S_masked",
                                         ops::mask_scores, {rows, members});
  const StepId within =
      token_level.step(Role::kWeights, "weights_within", "A", ops::softmax, {masked});
  const StepId groups = token_level.step(Role::kOutput, "output", "G", ops::matmul, {within, x});

  // Among the groups.
  const StepId of_groups = score(group_level, std::move(task.group_level), groups, "t");
  const StepId among =
      group_level.step(Role::kWeights, "weights_among", "B", ops::softmax, {of_groups});
  record.step(Role::kWeights, "weights", "α", ops::matmul, {among, within});
  record.step(Role::kOutput, "output", "o", ops::matmul, {among, groups});
  return trace;
}

}  // namespace attn_viz
