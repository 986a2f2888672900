#include "attn_viz/core/version.hpp"

namespace attn_viz {

std::string_view version() {
  return ATTN_VIZ_VERSION;
}

}  // namespace attn_viz
