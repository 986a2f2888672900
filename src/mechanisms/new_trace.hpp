// What every trace begins with.
#pragma once

#include <string>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// A trace without steps, with this program as its generator.
/// @param mechanism  as in a document: "strip-pooling"; the first of the settings
Trace new_trace(std::string title, DType dtype, std::string mechanism);

}  // namespace attn_viz
