// What the checks of positions share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/settings.hpp"

namespace attn_viz::positions {

using Shape = std::vector<std::size_t>;

/// @param meaning  what the extents are: "buckets × heads".
/// @throws Error kInvalid at the place unless the tensor has this shape.
void expect_shape(const Tensor& tensor, const Shape& expected, std::string_view meaning,
                  const std::string& place);

/// An error of the input at this place.
Error invalid(const std::string& place, std::string message);

std::string_view name_of(PositionType type);

}  // namespace attn_viz::positions
