#include "cli/load.hpp"

#include <filesystem>

#include "attn_viz/core/files.hpp"
#include "attn_viz/mechanisms/run.hpp"
#include "attn_viz/trace/json.hpp"

namespace attn_viz::cli {

std::string stem_of(const std::string& input) {
  if (input == "-") return "stdin";
  const std::filesystem::path name = std::filesystem::path(input).filename(), stem = name.stem();
  return stem == "." || stem == ".." ? name.string() : stem.string();
}

std::string shown_name(const std::string& input) {
  return input == "-" ? "standard input" : input;
}

Trace compute(const json::Node& document, const std::string& input, const Overrides& overrides) {
  return run(read_task(json::Value(document, ""), stem_of(input), overrides));
}

Trace load_trace(const std::string& input, const Overrides& overrides) {
  try {
    const json::Node document = json::parse(read_file(input));
    if (!is_trace(document)) return compute(document, input, overrides);
    if (overrides.any()) {
      throw Error(ErrorCode::kUsage, "a trace is already computed; its settings cannot be changed")
          .hint("give the document that the trace was made from");
    }
    return read_trace(json::Value(document, ""));
  } catch (Error& error) {
    error.in_file(shown_name(input));
    throw;
  }
}

}  // namespace attn_viz::cli
