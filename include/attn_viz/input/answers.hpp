// Answer sheets: what somebody computed, beside the document that says what there was to compute.
#pragma once

#include <utility>
#include <vector>

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/attention.hpp"

namespace attn_viz {

/// Whether a document has answers.
bool has_answers(const json::Node& document);

/// The "steps" of a document: float64, under the axes of the program's steps, null as −∞; in the
/// order of the program.
/// @param program  the trace of the document
/// @throws Error kInvalid with a JSON pointer: no "steps", a step that the program has not (with
///         the nearest id), data of another shape, null where nothing can be masked.
std::vector<std::pair<StepId, Tensor>> read_answers(const json::Value& document,
                                                    const Trace& program);

}  // namespace attn_viz
