// What both kinds of answers are read with.
#pragma once

#include <string_view>

#include "attn_viz/core/error.hpp"
#include "attn_viz/mechanisms/attention.hpp"

namespace attn_viz {

/// The step of that id.
/// @param fault  thrown where there is none, with the nearest id as a hint, else with a hint on
///               where ids stand
StepId answered_step(const Trace& program, std::string_view id, Error fault);

/// Whether masked scores may be there.
bool may_be_masked(const Step& step);

}  // namespace attn_viz
