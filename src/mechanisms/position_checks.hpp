// What the checks of positions share.
#pragma once

#include <string>
#include <string_view>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "mechanisms/shapes.hpp"

namespace attn_viz::positions {

/// An error of the input at this place.
Error invalid(const std::string& place, std::string message);

std::string_view name_of(PositionType type);

}  // namespace attn_viz::positions
