// Any mechanism, from what a document asks for to its trace.
#pragma once

#include <cstddef>
#include <variant>

#include "attn_viz/mechanisms/sequences.hpp"
#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/mechanisms/settings/distillation.hpp"
#include "attn_viz/mechanisms/settings/maps.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// What a document may ask for: the settings of one mechanism each, with its data.
using Task = std::variant<Problem, MapsTask, DistillationTask, Recurrence, EncoderDecoder,
                          MemoryReading, HierarchicalAttention, PointerNetwork, SequenceConvolution,
                          ConvolutionAsAttention>;

/// Computes a task and records every step.
/// @throws Error kInvalid if sizes do not fit (the place is the JSON pointer of the setting), or if
///         a value overflows (the place is the step's id); kLimit if the trace would need more
///         than `memory_limit` bytes.
Trace run(Task task, std::size_t memory_limit = std::size_t{8} << 30);

}  // namespace attn_viz
