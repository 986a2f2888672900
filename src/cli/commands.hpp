// The subcommands. Each adds itself to the program.
#pragma once

#include <span>
#include <string>

#include "attn_viz/input/document.hpp"
#include "cli/command.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

/// `run INPUT... -o DIR`: compute; write traces and heatmaps.
void add_run(Program& program, Console& console);

/// `show FILE`: a heatmap in the terminal.
void add_show(Program& program, Console& console);

/// `heatmap FILE -o DIR`: chosen steps as pictures.
void add_heatmap(Program& program, Console& console);

/// `explain FILE --query Q [--key K]`: the arithmetic of a weight, or of a cell of a step.
void add_explain(Program& program, Console& console);

/// `check FILE...`: traces and answer sheets, step by step.
void add_check(Program& program, Console& console);

/// `worksheet FILE --blank STEPS`: an exercise and its key.
void add_worksheet(Program& program, Console& console);

/// `compare FILE`: the same input through several settings.
void add_compare(Program& program, Console& console);

/// `diff A B`: two traces step by step.
void add_diff(Program& program, Console& console);

/// `influence FILE...`: how much each output depends on each input.
void add_influence(Program& program, Console& console);

/// `cost [FILE]`: parameters, operations, memory and path lengths, also over growing inputs.
void add_cost(Program& program, Console& console);

/// `patchify IMAGE --patch P`: a picture as a document.
void add_patchify(Program& program, Console& console);

/// An option that goes before a setting of a document, and how its text is taken.
struct SettingOption {
  const char *name, *value, *help;
  /// @throws Error kUsage
  void (*set)(Overrides&, const std::string&);
};

/// All of them that have a value: --heads, --score, …
std::span<const SettingOption> setting_options();

/// Adds them and --causal to a subcommand.
void add_setting_options(Command& command, Overrides& overrides);

}  // namespace attn_viz::cli
