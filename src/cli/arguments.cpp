#include "cli/arguments.hpp"

#include <fmt/format.h>

namespace attn_viz::cli {

Error bad_value(std::string_view option, std::string_view expected, std::string_view got) {
  return Error(ErrorCode::kUsage, fmt::format("expected {}, got \"{}\"", expected, got))
      .at(std::string(option));
}

int expect_number(const std::string& option, const std::string& text, int least, int most) {
  const auto number = parse_number<int>(text);
  if (!number || *number < least || *number > most)
    throw bad_value(option,
                    "a whole number from " + std::to_string(least) + " to " + std::to_string(most),
                    text);
  return *number;
}

std::size_t expect_name(std::string_view option, std::string_view kind, std::string_view name,
                        std::span<const std::string_view> known) {
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (known[i] == name) return i;
  }
  throw unknown_name(ErrorCode::kUsage, kind, name, known).at(std::string(option));
}

}  // namespace attn_viz::cli
