// The version of attn-viz, set by the build.
#pragma once

#include <string_view>

namespace attn_viz {

/// "0.1.0".
std::string_view version();

}  // namespace attn_viz
