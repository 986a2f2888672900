// A trace as JSON: written as a stream, read back to the same bits.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "attn_viz/core/json.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz {

/// Takes the next piece of a text.
using Sink = std::function<void(std::string_view)>;

/// Writes a trace piece by piece; what is held in memory beside the trace itself does not grow
/// with it. Format: docs/formats.md.
void write_trace(const Trace& trace, const Sink& sink);

/// Reads what write_trace() wrote; also traces from elsewhere that keep the format.
/// @throws Error kInvalid with a JSON pointer where the format is broken: a wrong format or
///         version, an input that is not an earlier step, data that do not nest to their shape.
Trace read_trace(std::string_view text);
Trace read_trace(const json::Value& document);

/// Whether a parsed document says that it is a trace.
bool is_trace(const json::Node& document);

}  // namespace attn_viz
