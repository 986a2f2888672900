// check: somebody's numbers, computed again from their own inputs.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "attn_viz/check/report.hpp"
#include "attn_viz/core/files.hpp"
#include "attn_viz/input/answers.hpp"
#include "attn_viz/trace/json.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

/// The exit code when something is wrong.
constexpr int kDifferent = 1;

struct CheckArguments {
  std::vector<std::string> files;
  check::Options options;
  bool json = false;
  std::string summary;
  std::string document;  ///< that tables of answers belong to
};

/// The trace of the document that tables of answers belong to.
Trace program_of_tables(const CheckArguments& arguments, const std::string& table) {
  if (arguments.document.empty()) {
    throw Error(ErrorCode::kUsage, "a table of answers needs the document that it belongs to")
        .hint(fmt::format("attn-viz check {} --document DOCUMENT.json", table));
  }
  return load_trace(arguments.document, {});
}

check::Report check_given(const std::vector<std::pair<StepId, Tensor>>& given, const Trace& program,
                          const check::Options& options) {
  if (given.empty())
    throw Error(ErrorCode::kInvalid, "expected at least one step that is answered");
  std::vector<check::Answer> answers;
  for (const auto& [step, values] : given) answers.push_back({step, values});
  return check::check_answers(program, answers, options);
}

/// @param program  becomes the trace of what was to be computed
check::Report check_file(const std::string& file, const CheckArguments& arguments, Trace& program) {
  const check::Options& options = arguments.options;
  const std::string text = read_file(file);
  if (file.ends_with(".csv")) {
    program = program_of_tables(arguments, file);
    return check_given(read_answers_csv(text, program), program, options);
  }
  const json::Node document = json::parse(text);
  const json::Value value(document, "");
  if (is_trace(document)) {
    program = read_trace(value);
    check::Report report = check::check_trace(program, options);
    if (report.steps.empty()) {
      throw Error(ErrorCode::kInvalid, "expected at least one computed step").at("/steps");
    }
    return report;
  }
  program = compute(document, file, {});
  return check_given(read_answers(value, program), program, options);
}

/// Shows what was found in a file; JSON of several files is put together by the caller.
std::string shown(const check::CheckedFile& file, const CheckArguments& arguments) {
  const bool several = arguments.files.size() > 1;
  if (arguments.json) return check::json_of(file, several);
  return several ? check::line_of(file) : check::text_of(file);
}

/// Every file, also after one that cannot be read. @return the exit code of the first that could
/// not, else whether anything is wrong.
int check_all(const CheckArguments& arguments, Console& console) {
  const bool list = arguments.json && arguments.files.size() > 1;
  int failure = 0;
  bool ok = true;
  std::string table = check::csv_header() + "\r\n", pending = "[";
  for (const std::string& name : arguments.files) {
    console.progress(fmt::format("{}: checking", name));
    Trace program;
    check::CheckedFile file{.name = shown_name(name)};
    try {
      file.report = check_file(name, arguments, program);
      file.program = &program;
      ok = ok && file.report.ok();
    } catch (Error& error) {
      file.error = error.place().empty() ? error.message() : error.place() + ": " + error.message();
      console.fail(error.in_file(shown_name(name)));
      if (failure == 0) failure = static_cast<int>(error.code());
    }
    table += check::csv_of(file) + "\r\n";
    if (list) {
      console.result(pending);
      pending = shown(file, arguments) + (&name == &arguments.files.back() ? "" : ",");
    } else if (file.error.empty() || arguments.json) {
      console.result(shown(file, arguments));
    }
  }
  if (list) console.result(pending + "\n]");
  if (!arguments.summary.empty()) write_file(arguments.summary, table);
  return failure != 0 ? failure : ok ? 0 : kDifferent;
}

}  // namespace

void add_check(Program& program, Console& console) {
  const auto arguments = std::make_shared<CheckArguments>();
  Command& command =
      program.add("check", "Compute somebody's steps again and name the first wrong one");
  command.footer =
      "A FILE is a trace, or a document with \"steps\": what somebody computed, by step id.\n"
      "The exit code is 1 if anything is wrong. Example:\n"
      "  attn-viz check answers/*.json --summary marks.csv";
  command
      .keep("FILE", &arguments->files,
            "Traces, answer sheets, or tables of answers (.csv); - reads standard input")
      .required();
  command.text("--tolerance", "X",
               "Largest difference that is right (default: what rounding to the digits given "
               "explains)",
               [arguments](const std::string& text) {
                 const auto tolerance = parse_number<double>(text);
                 if (!tolerance || !std::isfinite(*tolerance) || *tolerance < 0) {
                   throw bad_value("--tolerance", "a number ≥ 0", text);
                 }
                 arguments->options.tolerance = tolerance;
               });
  command.keep("--json", &arguments->json, "Print JSON, for a grading script");
  command.keep("--summary", &arguments->summary, "Also write a table, a line for each file")
      .value("FILE.csv");
  command
      .keep("--document", &arguments->document,
            "The document that tables of answers (FILE.csv) belong to")
      .value("FILE.json");
  command.act = [arguments, &console] { return check_all(*arguments, console); };
}

}  // namespace attn_viz::cli
