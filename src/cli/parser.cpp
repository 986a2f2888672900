// The only file that knows CLI11, which takes long to compile.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "cli/command.hpp"

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

/// Adds an option to a parser, by the kind of its place.
struct Adder {
  CLI::App& app;
  const Option& option;

  CLI::Option* operator()(bool* flag) const {
    return app.add_flag(option.names, *flag, option.help)->disable_flag_override();
  }
  template <class Text>
  CLI::Option* operator()(Text* text) const {
    return app.add_option(option.names, *text, option.help);
  }
  CLI::Option* operator()(Option::Texts* texts) const {
    CLI::Option* added = app.add_option(option.names, *texts, option.help);
    if (!option.names.starts_with('-')) return added;
    return added
        ->allow_extra_args(false)  // or "[CLS]" would be a list
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  CLI::Option* operator()(const TakeText& take) const {
    return app.add_option_function<std::string>(option.names, take, option.help);
  }
};

CLI::Option* add_option(CLI::App& app, const Option& option) {
  CLI::Option* added = std::visit(Adder{app, option}, option.place);
  if (!option.value_name.empty()) added->type_name(option.value_name);
  if (!option.group_name.empty()) added->group(option.group_name);
  return added->required(option.is_required);
}

}  // namespace

const Command* parse(Program& program, int argc, char** argv) {
  CLI::App app(program.about, program.name);
  app.set_version_flag("--version", program.name + " " + program.version);
  for (const Option& option : program.options) add_option(app, option);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(program.footer);
  std::vector<std::pair<CLI::Option*, Option*>> added;
  for (Command& command : program.commands) {
    CLI::App& sub = *app.add_subcommand(command.name, command.about);
    sub.footer(command.footer);
    for (Option& option : command.options) added.emplace_back(add_option(sub, option), &option);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    app.exit(asked);
    return nullptr;
  } catch (const CLI::ParseError& refused) {
    throw usage_error(app, refused, argc > 1 ? argv[1] : "");
  }
  for (const auto& [theirs, ours] : added) ours->count = theirs->count();
  for (const Command& command : program.commands) {
    if (app.got_subcommand(command.name)) return &command;
  }
  return nullptr;
}

}  // namespace attn_viz::cli
