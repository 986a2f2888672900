// Loops over independent blocks, on all cores.
#pragma once

#include <cstddef>
#include <functional>

namespace attn_viz {

/// Calls body(first, last) for the blocks [0, block), [block, 2·block), … of [0, count), several at
/// a time. The blocks do not depend on the number of cores, so results have the same bits
/// everywhere. A call from within a body runs its blocks one after another. The first exception of
/// a body is thrown again here, after all running blocks have ended.
void parallel_for(std::size_t count, std::size_t block,
                  const std::function<void(std::size_t first, std::size_t last)>& body);

/// How many blocks run at a time.
std::size_t parallel_width();

/// Rows a block should have so that it is worth handing to another thread.
/// @param cost_per_row  in elementary operations (about a nanosecond each).
inline std::size_t rows_per_block(std::size_t cost_per_row) {
  constexpr std::size_t kWorthwhile = 200'000;
  const std::size_t rows = kWorthwhile / (cost_per_row + 1);
  return rows < 1 ? 1 : rows;
}

}  // namespace attn_viz
