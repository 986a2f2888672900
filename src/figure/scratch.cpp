#include "figure/scratch.hpp"

#include <array>
#include <cstdlib>

namespace attn_viz::figure {
namespace {

constexpr std::size_t kLargestKept = std::size_t{64} << 20;

/// Stands before each block, keeping its alignment.
struct alignas(std::max_align_t) Header {
  std::size_t size = 0;
};

class Shelf {
 public:
  ~Shelf() {
    for (Header* block : blocks_) std::free(block);
  }
  /// The smallest block with so much room, or null.
  Header* take(std::size_t size) {
    Header** best = nullptr;
    for (Header*& block : blocks_)
      if (block && block->size >= size && (!best || block->size < (*best)->size)) best = &block;
    if (!best) return nullptr;
    Header* const block = *best;
    *best = nullptr;
    return block;
  }
  /// Keeps a block in a free place, or in that of a smaller one.
  void keep(Header* block) {
    Header** smallest = &blocks_[0];
    for (Header*& place : blocks_) {
      if (!place || (*smallest && place->size < (*smallest)->size)) smallest = &place;
      if (!place) break;
    }
    if (*smallest && (*smallest)->size >= block->size) return std::free(block);
    std::free(*smallest);
    *smallest = block;
  }

 private:
  std::array<Header*, 4> blocks_{};
};

thread_local Shelf shelf;

}  // namespace

void* take_scratch(std::size_t size) {
  Header* block = shelf.take(size);
  if (!block) {
    block = static_cast<Header*>(std::malloc(sizeof(Header) + size));
    if (!block) return nullptr;
    block->size = size;
  }
  return block + 1;
}

void return_scratch(void* memory) {
  if (!memory) return;
  Header* const block = static_cast<Header*>(memory) - 1;
  if (block->size > kLargestKept) return std::free(block);
  shelf.keep(block);
}

}  // namespace attn_viz::figure
