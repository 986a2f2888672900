// From a plan to the blocks of an explanation.
#pragma once

#include "explain/document.hpp"
#include "explain/plan.hpp"
#include "explain/words.hpp"

namespace attn_viz::explain {

/// A heading, the equation and the arithmetic of each step of a plan.
Document write_parts(const Trace& trace, const Plan& plan, const Words& words, const Style& style);

}  // namespace attn_viz::explain
