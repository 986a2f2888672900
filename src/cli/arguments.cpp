#include "cli/arguments.hpp"

#include <fmt/format.h>

namespace attn_viz::cli {

CLI::Option* add_text_option(CLI::App& command, const std::string& name, const std::string& value,
                             const std::string& help, TakeText take) {
  return command.add_option_function<std::string>(name, std::move(take), help)->type_name(value);
}

CLI::Option* add_flag(CLI::App& command, const std::string& name, bool& flag,
                      const std::string& help) {
  return command.add_flag(name, flag, help)->disable_flag_override();
}

Error bad_value(std::string_view option, std::string_view expected, std::string_view got) {
  return Error(ErrorCode::kUsage, fmt::format("expected {}, got \"{}\"", expected, got))
      .at(std::string(option));
}

std::size_t expect_name(std::string_view option, std::string_view kind, std::string_view name,
                        std::span<const std::string_view> known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == name) return i;
  }
  throw unknown_name(ErrorCode::kUsage, kind, name, known).at(std::string(option));
}

}  // namespace attn_viz::cli
