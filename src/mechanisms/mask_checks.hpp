// Masks against the sizes of what they hide.
#pragma once

#include <string>

#include "attn_viz/mechanisms/settings/mask.hpp"

namespace attn_viz {

/// Whether edges and patterns fit n queries and m keys.
/// @param place  JSON pointer of the attention's settings, for errors: "/attention".
/// @throws Error kInvalid at the index or pattern that does not.
void check_edges_and_pattern(const MaskSettings& mask, std::size_t n, std::size_t m,
                             const std::string& place);

}  // namespace attn_viz
