// Masks against the sizes of what they hide.
#pragma once

#include <string>

#include "attn_viz/mechanisms/settings/mask.hpp"

namespace attn_viz {

/// Whether all that a mask is given fits n queries and m keys.
/// @param place  JSON pointer of the mask, for errors: "/attention/mask".
/// @throws Error kInvalid at the list, index or pattern that does not.
void check_mask(const MaskSettings& mask, std::size_t n, std::size_t m, const std::string& place);

}  // namespace attn_viz
