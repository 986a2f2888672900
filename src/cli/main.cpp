// attn-viz: reads the command line, calls a subcommand, and turns errors into exit codes.
#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "attn_viz/core/version.hpp"
#include "cli/commands.hpp"

namespace attn_viz::cli {
namespace {

std::vector<std::string> subcommand_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(known->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

/// "unknown option "--hedas"", with the nearest known name or the way to the help as a hint.
Error unknown_word(std::string_view kind, const std::string& word,
                   const std::vector<std::string>& names, const std::string& help) {
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view near = nearest_name(word, known);
  Error error(ErrorCode::kUsage, fmt::format("unknown {} \"{}\"", kind, word));
  return error.hint(near.empty() ? "see " + help : fmt::format("did you mean {}?", near));
}

/// An option with too few or too many values, in our words; CLI11's where it has others.
Error mismatch(const std::string& what) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {" missing", "expected a value"},
      {" required but received ", "expected once, got again"},
      {" was given a disallowed flag override", "expected no value"}};
  for (const auto& [theirs, ours] : kWords) {
    if (what.find(theirs) == std::string::npos) continue;
    const std::string name = what.substr(0, what.find_first_of(": "));
    return Error(ErrorCode::kUsage, std::string(ours)).at(name[0] == '-' ? name : "--" + name);
  }
  return Error(ErrorCode::kUsage, what);
}

/// What CLI11 refused, in our words.
Error usage_error(const CLI::App& app, const CLI::ParseError& refused,
                  const std::string& first_word) {
  const auto called = app.get_subcommands();
  if (called.empty()) {
    if (first_word.empty()) {
      return Error(ErrorCode::kUsage, "a subcommand is missing").hint("see attn-viz --help");
    }
    const bool option = first_word[0] == '-';
    return unknown_word(option ? "option" : "subcommand", first_word,
                        option ? option_names(app) : subcommand_names(app), "attn-viz --help");
  }
  const std::string help = fmt::format("attn-viz {} --help", called[0]->get_name());
  const auto extras = app.remaining(true);
  if (dynamic_cast<const CLI::ExtrasError*>(&refused) != nullptr && !extras.empty()) {
    const std::string word = extras[0].substr(0, extras[0].find('='));
    std::vector<std::string> known = option_names(*called[0]);
    for (std::string& name : option_names(app)) known.push_back(std::move(name));
    return unknown_word("option", word, known, help);
  }
  const bool misfit = dynamic_cast<const CLI::ArgumentMismatch*>(&refused) != nullptr;
  Error error = misfit ? mismatch(refused.what()) : Error(ErrorCode::kUsage, refused.what());
  return error.hint("see " + help);
}

int run_program(int argc, char** argv) {
  Console console;
  CLI::App app("See attention: traces of every step, and heatmaps.", "attn-viz");
  app.set_version_flag("--version", fmt::format("attn-viz {}", version()));
  app.add_flag_callback(
         "--quiet", [&] { console.be_quiet(); }, "Print errors only")
      ->disable_flag_override();
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(
      "Example:\n"
      "  attn-viz run samples/*.json -o out\n"
      "Exit codes: 0 success, 1 something is not as it should be (check), 2 wrong command line,\n"
      "3 invalid input, 4 a file cannot be read or written, 5 a limit would be exceeded, 70 a bug\n"
      "in attn-viz.");
  std::vector<Subcommand> subcommands;
  for (const auto add : {add_run, add_show, add_heatmap, add_explain, add_check, add_worksheet,
                         add_compare, add_diff, add_influence, add_cost, add_patchify})
    subcommands.push_back(add(app, console));
  try {
    app.parse(argc, argv);
    int code = 0;
    for (const Subcommand& known : subcommands) {
      if (known.command->parsed()) code = known.act();
    }
    Console::finish();
    return code;
  } catch (const CLI::Success& asked) {
    return app.exit(asked);
  } catch (const CLI::ParseError& refused) {
    const Error error = usage_error(app, refused, argc > 1 ? argv[1] : "");
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
