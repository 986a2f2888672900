// Memory for pictures, used again for the next one: fresh pages cost more than what is done in
// them.
#pragma once

#include <cstddef>

namespace attn_viz::figure {

/// malloc() and free() for blocks of megabytes. Blocks below 64 MiB are kept by the thread that
/// returned them until it ends, four at most.
/// @return  null if there is not enough memory
void* take_scratch(std::size_t size);
void return_scratch(void* block);

}  // namespace attn_viz::figure
