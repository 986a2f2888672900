// The subcommands. Each adds itself to the parser and returns its exit code when it was called.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "attn_viz/input/document.hpp"
#include "cli/console.hpp"

namespace attn_viz::cli {

/// What to do when a subcommand was named on the command line.
using Action = std::function<int()>;

/// `run INPUT... -o DIR`: compute; write traces and heatmaps.
Action add_run(CLI::App& app, Console& console);

/// The options that go before the settings of a document: --heads, --score, …
void add_setting_options(CLI::App& command, Overrides& overrides);

}  // namespace attn_viz::cli
