// attn-viz: reads the command line, calls a subcommand, and turns errors into exit codes.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>

#include "attn_viz/core/version.hpp"
#include "cli/commands.hpp"

namespace attn_viz::cli {
namespace {

/// What the command line can say.
Program program_of(Console& console, bool& quiet) {
  Program program{.name = "attn-viz",
                  .about = "See attention: traces of every step, and heatmaps.",
                  .footer =
                      "Example:\n"
                      "  attn-viz run samples/*.json -o out\n"
                      "Exit codes: 0 success, 1 something is not as it should be (check), 2 wrong "
                      "command line,\n"
                      "3 invalid input, 4 a file cannot be read or written, 5 a limit would be "
                      "exceeded, 70 a bug\n"
                      "in attn-viz.",
                  .version = std::string(version())};
  program.options.push_back({.names = "--quiet", .help = "Print errors only", .place = &quiet});
  for (const auto add : {add_run, add_show, add_heatmap, add_explain, add_check, add_worksheet,
                         add_compare, add_diff, add_influence, add_cost, add_patchify})
    add(program, console);
  return program;
}

int run_program(int argc, char** argv) {
  Console console;
  try {
    bool quiet = false;
    Program program = program_of(console, quiet);
    const Command* command = parse(program, argc, argv);
    if (quiet) console.be_quiet();
    const int code = command != nullptr ? command->act() : 0;
    if (command != nullptr) Console::finish();
    return code;
  } catch (const Error& error) {
    console.fail(error);
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    console.fail(Error(ErrorCode::kLimit, "the memory of this machine is exhausted"));
    return static_cast<int>(ErrorCode::kLimit);
  } catch (const std::exception& other) {
    console.fail(Error(ErrorCode::kBug, fmt::format("a bug in attn-viz: {}", other.what())));
    return static_cast<int>(ErrorCode::kBug);
  }
}

}  // namespace
}  // namespace attn_viz::cli

int main(int argc, char** argv) {
  return attn_viz::cli::run_program(argc, argv);
}
