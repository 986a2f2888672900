// How values become nodes, and the two parsers behind json::parse().
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string_view>

#include "attn_viz/core/json.hpp"

namespace attn_viz::json {

/// How deep arrays and objects may be nested.
inline constexpr std::size_t kDeepest = 64;
/// What stands for null among packed numbers; no JSON number is infinite.
inline constexpr double kNull = -std::numeric_limits<double>::infinity();

/// A number, or null.
Node number_node(double value);
/// Appends to an array that begins as kNumbers of shape [0] and stays packed as long as it can.
void append_number(Node& array, double value);
void append_element(Node& array, Node element);

/// Reads a document with simdjson: several times faster, but with no word of what is wrong.
/// @return none if there is anything to complain about.
std::optional<Node> parse_fast(std::string_view text);

/// Reads a document with nlohmann's parser, which knows what it expected.
/// @throws Error as json::parse() does.
Node parse_and_explain(std::string_view text);

}  // namespace attn_viz::json
