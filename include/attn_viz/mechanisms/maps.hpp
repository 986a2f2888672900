// Mechanisms on feature maps, from a task to its trace.
#pragma once

#include "attn_viz/mechanisms/settings/distillation.hpp"
#include "attn_viz/mechanisms/settings/maps.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Computes a mechanism of the pooling family, strip attention or criss-cross attention, and
/// records every step.
/// @throws Error kInvalid if sizes do not fit (the place is the JSON pointer of the setting), or if
///         a value overflows (the place is the step's id); kLimit if a step would need more than
///         `memory_limit` bytes.
Trace run_maps(MapsTask task, std::size_t memory_limit = std::size_t{8} << 30);

/// Computes the attention maps of blocks and the losses that compare them; likewise.
/// Source: Hou, Ma, Liu, Loy 2019 (SAD).
Trace run_distillation(DistillationTask task, std::size_t memory_limit = std::size_t{8} << 30);

}  // namespace attn_viz
