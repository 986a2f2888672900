// The subcommands. Each adds itself to the parser.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <span>
#include <string>

#include "attn_viz/input/document.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

/// A subcommand and what to do when it was named on the command line; the result is the exit code.
struct Subcommand {
  CLI::App* command = nullptr;
  std::function<int()> act;
};

/// `run INPUT... -o DIR`: compute; write traces and heatmaps.
Subcommand add_run(CLI::App& app, Console& console);

/// `show FILE`: a heatmap in the terminal.
Subcommand add_show(CLI::App& app, Console& console);

/// `heatmap FILE -o DIR`: chosen steps as pictures.
Subcommand add_heatmap(CLI::App& app, Console& console);

/// `explain FILE --query Q [--key K]`: the arithmetic of a weight, or of a cell of a step.
Subcommand add_explain(CLI::App& app, Console& console);

/// `check FILE...`: traces and answer sheets, step by step.
Subcommand add_check(CLI::App& app, Console& console);

/// `worksheet FILE --blank STEPS`: an exercise and its key.
Subcommand add_worksheet(CLI::App& app, Console& console);

/// `compare FILE`: the same input through several settings.
Subcommand add_compare(CLI::App& app, Console& console);

/// `diff A B`: two traces step by step.
Subcommand add_diff(CLI::App& app, Console& console);

/// `influence FILE...`: how much each output depends on each input.
Subcommand add_influence(CLI::App& app, Console& console);

/// `cost [FILE]`: parameters, operations, memory and path lengths, also over growing inputs.
Subcommand add_cost(CLI::App& app, Console& console);

/// `patchify IMAGE --patch P`: a picture as a document.
Subcommand add_patchify(CLI::App& app, Console& console);

/// An option that goes before a setting of a document, and how its text is taken.
struct SettingOption {
  const char *name, *value, *help;
  /// @throws Error kUsage
  void (*set)(Overrides&, const std::string&);
};

/// All of them that have a value: --heads, --score, …
std::span<const SettingOption> setting_options();

/// Adds them and --causal to a subcommand.
void add_setting_options(CLI::App& command, Overrides& overrides);

}  // namespace attn_viz::cli
