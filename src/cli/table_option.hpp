// --table, of all subcommands that print tables.
#pragma once

#include <CLI/CLI.hpp>

#include "attn_viz/analysis/comparison_text.hpp"

namespace attn_viz::cli {

/// --table text|markdown|json.
void add_table_option(CLI::App& command, analysis::TableFormat& table);

}  // namespace attn_viz::cli
