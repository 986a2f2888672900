#include "mechanisms/new_trace.hpp"

#include <fmt/format.h>

#include "attn_viz/core/version.hpp"

namespace attn_viz {

Trace new_trace(std::string title, DType dtype, std::string mechanism) {
  Trace trace;
  trace.generator = fmt::format("attn-viz {}", version());
  trace.title = std::move(title);
  trace.dtype = dtype;
  trace.settings = {{"mechanism", std::move(mechanism)}};
  return trace;
}

}  // namespace attn_viz
