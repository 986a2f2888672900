// Answer sheets: what somebody computed, beside the document that says what there was to compute.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "attn_viz/core/json.hpp"
#include "attn_viz/mechanisms/attention.hpp"

namespace attn_viz {

/// Whether a document has answers.
bool has_answers(const json::Node& document);

/// The "steps" of a document: float64, under the axes of the program's steps, null as −∞; in the
/// order of the program. A step that has nothing but "?" was not answered.
/// @param program  the trace of the document
/// @throws Error kInvalid with a JSON pointer: no "steps", none that is answered, a step that the
/// program has not (with
///         the nearest id), data of another shape, null where nothing can be masked.
std::vector<std::pair<StepId, Tensor>> read_answers(const json::Value& document,
                                                    const Trace& program);

/// Answers as a table: after a header, "layer0/head0/scores,0,1,0,1" is row 0 of a step, whose rows
/// are those of Tensor::rows(). A masked score is "masked"; a step that has nothing but "?" or
/// empty cells was not answered.
/// @throws Error kInvalid with the line: an unknown step, a row that is not there, is missing or
///         comes twice, cells that are too few, too many, or no numbers.
std::vector<std::pair<StepId, Tensor>> read_answers_csv(std::string_view text,
                                                        const Trace& program);

}  // namespace attn_viz
