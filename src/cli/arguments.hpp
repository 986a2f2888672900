// Values of options, with errors that say what was expected.
#pragma once

#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "attn_viz/core/error.hpp"

namespace attn_viz::cli {

/// The whole text as a number, or none.
template <class T>
std::optional<T> parse_number(std::string_view text) {
  T number{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// "--heads: expected a whole number ≥ 1, got "x"".
Error bad_value(std::string_view option, std::string_view expected, std::string_view got);

/// A whole number within bounds.
/// @throws Error kUsage
int expect_number(const std::string& option, const std::string& text, int least, int most);

/// The place of `name` in `known`.
/// @throws Error kUsage with the nearest name.
std::size_t expect_name(std::string_view option, std::string_view kind, std::string_view name,
                        std::span<const std::string_view> known);

}  // namespace attn_viz::cli
