// --table, of all subcommands that print tables.
#pragma once

#include "attn_viz/analysis/comparison_text.hpp"
#include "cli/command.hpp"

namespace attn_viz::cli {

/// --table text|markdown|json.
void add_table_option(Command& command, analysis::TableFormat& table);

}  // namespace attn_viz::cli
