// The same document with other numbers: an exercise of one's own for every student.
#pragma once

#include <cstdint>

#include "attn_viz/core/json.hpp"

namespace attn_viz {

/// A document of the same shapes in which embeddings are whole numbers from 0 to 2 and given
/// parameters (weights, scores, feed-forward, output) from −1 to 2, drawn from a seed: the same on
/// every platform. No row is all 0, and rows differ where there are enough of them. Labels, masks,
/// positions and other settings stay as they are; the comment goes, and the title ends at its
/// colon, since they speak of the old numbers.
/// @throws Error kInvalid at weights that are random: nobody can work with them by hand
json::Node with_small_numbers(const json::Node& document, std::uint64_t seed);

}  // namespace attn_viz
