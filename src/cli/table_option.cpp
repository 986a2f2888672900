#include "cli/table_option.hpp"

#include "cli/arguments.hpp"

namespace attn_viz::cli {

void add_table_option(Command& command, analysis::TableFormat& table) {
  command.text(
      "--table", "FORMAT", "text (default), markdown or json", [&table](const std::string& text) {
        constexpr std::string_view kKnown[] = {"text", "markdown", "json"};
        table = static_cast<analysis::TableFormat>(expect_name("--table", "format", text, kKnown));
      });
}

}  // namespace attn_viz::cli
