#include "attn_viz/mechanisms/run.hpp"

#include <utility>

#include "attn_viz/mechanisms/attention.hpp"

namespace attn_viz {
namespace {

// One line for each mechanism: its settings, and the recipe that they are for.
Trace run_one(Problem problem, std::size_t memory_limit) {
  return run_attention(std::move(problem), memory_limit);
}

}  // namespace

Trace run(Task task, std::size_t memory_limit) {
  return std::visit([&](auto&& one) { return run_one(std::move(one), memory_limit); },
                    std::move(task));
}

}  // namespace attn_viz
