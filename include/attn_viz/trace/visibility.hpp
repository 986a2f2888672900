// Which keys the queries of a step of weights may see, as far as its trace tells.
#pragma once

#include <limits>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// The step that tells it. Most weights are made of masked scores, where −∞ hides a key; those of a
/// kernel (linear attention, Performer) of a mask, where 0 does.
struct Visibility {
  const Step* step = nullptr;  ///< [queries, keys] as the weights; null: no key is hidden
  bool is_mask = false;

  /// Whether a value of the step hides its key.
  template <class T>
  bool hides(T value) const {
    return is_mask ? value == T{0} : value == -std::numeric_limits<T>::infinity();
  }
};

/// Of weights made of other weights (a difference, a mixture of heads, a product with a bell), what
/// the first of those saw.
Visibility visibility_of(const Trace& trace, const Step& weights);

}  // namespace attn_viz
