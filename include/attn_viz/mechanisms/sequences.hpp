// The mechanisms on sequences beside attention: recurrence, encoder and decoder, memory, pointers,
// convolution. Each records every step. Formats and formulas: docs/sequences.md.
#pragma once

#include <cstddef>

#include "attn_viz/mechanisms/settings/convolution.hpp"
#include "attn_viz/mechanisms/settings/encoder_decoder.hpp"
#include "attn_viz/mechanisms/settings/hierarchical.hpp"
#include "attn_viz/mechanisms/settings/memory.hpp"
#include "attn_viz/mechanisms/settings/pointer.hpp"
#include "attn_viz/mechanisms/settings/recurrence.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

// @throws Error kInvalid if sizes do not fit (the place is the JSON pointer of the setting), or if
//         a value overflows (the place is the step's id); kLimit if the trace would need more than
//         `memory_limit` bytes.
Trace run_recurrence(Recurrence task, std::size_t memory_limit);
Trace run_encoder_decoder(EncoderDecoder task, std::size_t memory_limit);
Trace run_memory(MemoryReading task, std::size_t memory_limit);
Trace run_hierarchical(HierarchicalAttention task, std::size_t memory_limit);
Trace run_pointer(PointerNetwork task, std::size_t memory_limit);
Trace run_convolution(SequenceConvolution task, std::size_t memory_limit);
Trace run_convolution_as_attention(ConvolutionAsAttention task, std::size_t memory_limit);

}  // namespace attn_viz
