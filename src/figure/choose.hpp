// Which weights stand in one figure, and which query's weights are drawn as a map.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

/// Heads whose weights can stand in one figure: of the sequence to itself (or of a single layer to
/// its context), of cross-attention in a stack, or of the encoder.
struct Group {
  std::string_view file, meaning;
  std::vector<const Step*> weights;
};

/// The groups that are not empty; the first is the overview that every run has.
std::vector<Group> groups_of(const std::vector<const Step*>& weights);

/// Whether the keys of a step of weights are patches.
bool has_map(const Trace& trace, const Step& weights);

/// The query of this index or label.
std::optional<std::size_t> find_query(const AxisInfo& queries, const std::string& wanted);

/// The query whose map is drawn if none is asked for: the middle patch or the first token.
std::size_t usual_query(const AxisInfo& queries);

/// @throws Error kUsage if there are no maps; kInvalid if none of their queries is the one that was
///         asked for (an encoder and a decoder have different ones).
void expect_query(const Trace& trace, const std::vector<const Step*>& weights,
                  const std::string& wanted);

}  // namespace attn_viz::figure
