// Parts of the ids of steps.
#pragma once

#include <string_view>

namespace attn_viz {

/// "layer0/head1/weights" → "weights".
inline std::string_view last_part(std::string_view id) {
  return id.substr(id.rfind('/') + 1);  // npos + 1 is 0
}

}  // namespace attn_viz
