#include "figure/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {

std::vector<Group> groups_of(const std::vector<const Step*>& weights) {
  Group self{"heatmap", "Self-attention weights", {}};
  Group cross{"heatmap-cross", "Cross-attention weights", {}};
  Group encoder{"heatmap-encoder", "Self-attention weights of the encoder:", {}};
  for (const Step* step : weights) {
    const StepName name = parse_step_id(step->id);
    (name.encoder ? encoder : name.cross ? cross : self).weights.push_back(step);
  }
  std::vector<Group> groups;
  for (Group* group : {&self, &cross, &encoder}) {
    if (!group->weights.empty()) groups.push_back(std::move(*group));
  }
  groups.front().file = "heatmap";
  if (groups.size() == 1) groups.front().meaning = "Attention weights";
  return groups;
}

std::optional<std::size_t> find_query(const AxisInfo& queries, const std::string& wanted) {
  std::size_t index = queries.labels.size();
  const char* end = wanted.data() + wanted.size();
  const auto [rest, failure] = std::from_chars(wanted.data(), end, index);
  if (failure != std::errc{} || rest != end) {
    const auto found = std::find(queries.labels.begin(), queries.labels.end(), wanted);
    index = static_cast<std::size_t>(found - queries.labels.begin());
  }
  return index < queries.labels.size() ? std::optional(index) : std::nullopt;
}

std::size_t usual_query(const AxisInfo& queries) {
  const auto& grid = queries.grid;
  return grid ? queries.extra + grid->first / 2 * grid->second + grid->second / 2 : 0;
}

bool has_map(const Trace& trace, const Step& step) {
  const AxisInfo* keys = trace.axis(step.values.axes()[1].name);
  return keys != nullptr && keys->grid;
}

void expect_query(const Trace& trace, const std::vector<const Step*>& weights,
                  const std::string& wanted) {
  const AxisInfo* queries = nullptr;
  for (const Step* step : weights) {
    if (!has_map(trace, *step)) continue;
    const AxisInfo* axis = trace.axis(step->values.axes()[0].name);
    if (find_query(*axis, wanted)) return;
    if (queries == nullptr) queries = axis;
  }
  if (queries == nullptr) {
    throw Error(ErrorCode::kUsage, "expected keys that are patches, but none are")
        .at("--query")
        .hint("leave it out, or give the document \"patches\" (rows and columns)");
  }
  throw Error(
      ErrorCode::kInvalid,
      fmt::format("there is no query \"{}\"; expected an index from 0 to {} or a label{}", wanted,
                  queries->labels.size() - 1, queries->grid ? " (row,column)" : ""));
}

}  // namespace attn_viz::figure
