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
};

check::Report check_document(const json::Node& document, const std::string& file,
                             const check::Options& options, Trace& program) {
  const json::Value value(document, "");
  if (is_trace(document)) {
    program = read_trace(value);
    return check::check_trace(program, options);
  }
  program = compute(document, file, {});
  std::vector<check::Answer> answers;
  for (auto& [step, values] : read_answers(value, program)) {
    answers.push_back({step, std::move(values)});
  }
  return check::check_answers(program, answers, options);
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
      const json::Node document = json::parse(read_file(name));
      file.report = check_document(document, name, arguments.options, program);
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

Subcommand add_check(CLI::App& app, Console& console) {
  const auto arguments = std::make_shared<CheckArguments>();
  CLI::App& command =
      *app.add_subcommand("check", "Compute somebody's steps again and name the first wrong one");
  command.footer(
      "A FILE is a trace, or a document with \"steps\": what somebody computed, by step id.\n"
      "The exit code is 1 if anything is wrong. Example:\n"
      "  attn-viz check answers/*.json --summary marks.csv");
  command.add_option("FILE", arguments->files, "Traces or answer sheets; - reads standard input")
      ->required();
  add_text_option(command, "--tolerance", "X",
                  "Largest difference that is right (default: what rounding to the digits given "
                  "explains)",
                  [arguments](const std::string& text) {
                    const auto tolerance = parse_number<double>(text);
                    if (!tolerance || !std::isfinite(*tolerance) || *tolerance < 0) {
                      throw bad_value("--tolerance", "a number ≥ 0", text);
                    }
                    arguments->options.tolerance = tolerance;
                  });
  add_flag(command, "--json", arguments->json, "Print JSON, for a grading script");
  command.add_option("--summary", arguments->summary, "Also write a table, a line for each file")
      ->type_name("FILE.csv");
  return {&command, [arguments, &console] { return check_all(*arguments, console); }};
}

}  // namespace attn_viz::cli
