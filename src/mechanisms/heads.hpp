// Heads that share, talk, or subtract: checks of their settings, and their parameters as steps.
#pragma once

#include <optional>
#include <string>

#include "attn_viz/mechanisms/settings.hpp"
#include "attn_viz/trace/recorder.hpp"

namespace attn_viz {

/// g, the number of heads that keys and values have: h unless it is set.
std::size_t key_value_heads(const AttentionSettings& settings);

/// How many queries and keys one head has: 2 in differential attention, else 1.
std::size_t maps_of(const AttentionSettings& settings);

/// @param place  JSON pointer of the settings: "/attention".
/// @throws Error kInvalid if g does not divide h, or if settings exclude each other.
void check_heads(const AttentionSettings& settings, const std::string& place);

/// @throws Error kInvalid unless the matrices of talking heads are [h, h] and the vectors of
///         differential attention have the size of a key.
void check_head_shapes(const AttentionSettings& settings, std::size_t key_size,
                       const std::string& place);

/// λ_init as set, by depth (1 if absent), or λ where that is a number.
double lambda_init_of(const Differential& differential);

/// λ, as the step "lambda": given, or computed from its vectors.
StepId record_lambda(Recorder& record, const Differential& differential, DType dtype);

}  // namespace attn_viz
