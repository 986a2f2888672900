// Self- and cross-attention, alone or stacked, from a problem to its trace.
#pragma once

#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Computes a layer of multi-head attention, or a stack of layers, and records every step.
///
/// @throws Error kInvalid if sizes do not fit (the place is the JSON pointer of the setting), or if
///         a value overflows (the place is the step's id); kLimit if the trace would need more
///         than `memory_limit` bytes.
/// Source: Vaswani et al. 2017, section 3.2.
Trace run_attention(Problem problem, std::size_t memory_limit = std::size_t{8} << 30);

}  // namespace attn_viz
