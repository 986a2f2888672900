#include "attn_viz/mechanisms/run.hpp"

#include <utility>

#include "attn_viz/mechanisms/attention.hpp"
#include "attn_viz/mechanisms/maps.hpp"
#include "attn_viz/mechanisms/sequences.hpp"

namespace attn_viz {
namespace {

// One line for each mechanism: its settings, and the recipe that they are for.
Trace run_one(Problem problem, std::size_t memory_limit) {
  return run_attention(std::move(problem), memory_limit);
}
Trace run_one(Recurrence task, std::size_t memory_limit) {
  return run_recurrence(std::move(task), memory_limit);
}
Trace run_one(EncoderDecoder task, std::size_t memory_limit) {
  return run_encoder_decoder(std::move(task), memory_limit);
}
Trace run_one(MemoryReading task, std::size_t memory_limit) {
  return run_memory(std::move(task), memory_limit);
}
Trace run_one(HierarchicalAttention task, std::size_t memory_limit) {
  return run_hierarchical(std::move(task), memory_limit);
}
Trace run_one(PointerNetwork task, std::size_t memory_limit) {
  return run_pointer(std::move(task), memory_limit);
}
Trace run_one(SequenceConvolution task, std::size_t memory_limit) {
  return run_convolution(std::move(task), memory_limit);
}
Trace run_one(ConvolutionAsAttention task, std::size_t memory_limit) {
  return run_convolution_as_attention(std::move(task), memory_limit);
}

Trace run_one(MapsTask task, std::size_t memory_limit) {
  return run_maps(std::move(task), memory_limit);
}

Trace run_one(DistillationTask task, std::size_t memory_limit) {
  return run_distillation(std::move(task), memory_limit);
}

}  // namespace

Trace run(Task task, std::size_t memory_limit) {
  return std::visit([&](auto&& one) { return run_one(std::move(one), memory_limit); },
                    std::move(task));
}

}  // namespace attn_viz
