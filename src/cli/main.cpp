// attn-viz: reads the command line, calls a subcommand, and turns errors into exit codes.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>

#include "attn_viz/core/version.hpp"
#include "cli/commands.hpp"

namespace attn_viz::cli {
namespace {

/// What CLI11 refused, in our words.
Error usage_error(const CLI::App& app, const CLI::ParseError& refused) {
  const CLI::App* command = &app;
  for (const CLI::App* named : app.get_subcommands()) command = named;
  const std::string help =
      command == &app ? "attn-viz --help" : fmt::format("attn-viz {} --help", command->get_name());
  const auto extras = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&refused) != nullptr && !extras.empty()) {
    std::vector<std::string> names;
    const bool is_option = extras[0].size() > 1 && extras[0][0] == '-';
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    if (!is_option) {
      names.clear();
      for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; })) {
        names.push_back(known->get_name());
      }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string_view near = nearest_name(extras[0].substr(0, extras[0].find('=')), known);
    Error error(ErrorCode::kUsage,
                fmt::format("unknown {} \"{}\"", is_option ? "option" : "subcommand", extras[0]));
    return error.hint(near.empty() ? "see " + help : fmt::format("did you mean {}?", near));
  }
  return Error(ErrorCode::kUsage, refused.what()).hint("see " + help);
}

int run_program(int argc, char** argv) {
  Console console;
  CLI::App app("See attention: traces of every step, and heatmaps.", "attn-viz");
  app.set_version_flag("--version", fmt::format("attn-viz {}", version()));
  app.add_flag_callback(
      "--quiet", [&] { console.be_quiet(); }, "Print errors only");
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n"
      "  attn-viz run samples/*.json -o out\n"
      "Exit codes: 0 success, 2 wrong command line, 3 invalid input, 4 a file cannot be read or\n"
      "written, 5 a limit would be exceeded, 70 a bug in attn-viz.");
  const Action run = add_run(app, console);
  try {
    app.parse(argc, argv);
    return run();
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& refused) {
    const Error error = usage_error(app, refused);
    console.fail(error);
    return static_cast<int>(error.code());
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
