// Axes of maps.
#pragma once

#include <string>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// An axis with the labels "0", "1", ….
AxisInfo numbered_axis(std::string name, std::size_t size);

/// The axes of maps of a deeper layer.
inline constexpr const char *kDeeperRow = "deeper row", *kDeeperColumn = "deeper column";

}  // namespace attn_viz
