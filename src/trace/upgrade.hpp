// Traces of version 1.
#pragma once

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Gives each step the role and the place that its id, its operation and its shape let one guess.
/// Of every trace that attn-viz wrote in version 1 these are the ones that it writes today.
void upgrade_from_version_1(Trace& trace);

}  // namespace attn_viz
