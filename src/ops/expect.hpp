// What operations expect of their inputs.
#pragma once

#include <cstddef>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/tensor.hpp"
#include "attn_viz/ops/operation.hpp"

namespace attn_viz::ops {

/// @throws Error kInvalid unless the inner sizes of a product agree.
void expect_equal_sizes(std::size_t a, std::size_t b, const char* what);

/// @throws Error kInvalid unless there are at least this many inputs.
void expect_inputs(Inputs inputs, std::size_t least);

}  // namespace attn_viz::ops
