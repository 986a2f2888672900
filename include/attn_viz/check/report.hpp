// A report of check as text, JSON and CSV. Formats: docs/formats.md, "Check".
#pragma once

#include <string>
#include <string_view>

#include "attn_viz/check/check.hpp"

namespace attn_viz::check {

/// A file and what was found in it, or why it could not be read.
struct CheckedFile {
  std::string name;
  const Trace* program = nullptr;  ///< null if there is an error
  Report report = {};
  std::string error = {};  ///< as shown to a person, without the name of the file
};

/// The steps with their verdicts, and the first wrong one with its cell and diagnosis; lines with
/// "\n" between them.
std::string text_of(const CheckedFile& file);

/// One line: "ann.json: right, 5 steps".
std::string line_of(const CheckedFile& file);

/// {"ok": …, "steps": [{"id", "verdict", "cell", "expected", "got", "diagnosis"}]}.
/// @param with_name  {"file": …, "ok": …, …}, and "error" where there is one
std::string json_of(const CheckedFile& file, bool with_name);

/// The first line of the table.
std::string csv_header();
/// A line of the table, quoted as RFC 4180 says, without its end.
std::string csv_of(const CheckedFile& file);

/// "query Jerry, key Tom", or "row 0, column 1" where nothing has a label.
std::string cell_text(const Trace& program, const CheckedStep& checked);

}  // namespace attn_viz::check
