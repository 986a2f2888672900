// From a file that was named on the command line to a trace.
#pragma once

#include <string>

#include "attn_viz/core/json.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::cli {

/// What the files of an input are called: its name without ending. Of "..json" and the like, whose
/// stems are folders of another meaning, the whole name; of "-", "stdin".
std::string stem_of(const std::string& input);

/// The name of an input in a message: "-" is "standard input".
std::string shown_name(const std::string& input);

/// The trace of a parsed document.
/// @param input  as named on the command line; its stem is the title where the document has none
Trace compute(const json::Node& document, const std::string& input, const Overrides& overrides);

/// The trace of a file: read if the file is a trace, computed if it is an input document.
/// @throws Error with the file's name; kUsage if settings were given for a trace
Trace load_trace(const std::string& input, const Overrides& overrides);

}  // namespace attn_viz::cli
