// A step computed again.
#pragma once

#include <span>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// The result of a step's operation on its own inputs or on others. Operations trust the shapes
/// that the recipes give them; a trace from elsewhere may say anything, and is refused here.
/// @throws Error kInvalid, placed at the step's id, if the operation is unknown or refuses them.
Tensor evaluate(const Step& step, std::span<const Tensor* const> inputs);
Tensor evaluate(const Step& step, const Attributes& attributes,
                std::span<const Tensor* const> inputs);

}  // namespace attn_viz
