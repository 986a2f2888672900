// The subcommands. Each adds itself to the parser.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

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

/// `check FILE...`: traces and answer sheets, step by step.
Subcommand add_check(CLI::App& app, Console& console);

/// The options that go before the settings of a document: --heads, --score, …
void add_setting_options(CLI::App& command, Overrides& overrides);

}  // namespace attn_viz::cli
