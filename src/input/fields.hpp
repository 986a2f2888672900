// What the readers of settings share.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "attn_viz/core/json.hpp"

namespace attn_viz {

/// Numbers nested `least` to `most` levels deep.
/// @throws Error kInvalid if they are nested otherwise, ragged, or no numbers.
Tensor read_array(const json::Value& value, std::size_t least, std::size_t most,
                  std::string_view what, DType dtype);

/// Likewise for a member of an object that may be absent.
std::optional<Tensor> find_array(const json::Value& object, std::string_view key, std::size_t least,
                                 std::size_t most, std::string_view what, DType dtype);

/// @throws Error kInvalid unless it is a number > 0.
double positive(const json::Value& value);

/// The elements of a list that holds anything but numbers, at least one.
/// @param what  the list, for the error: "a list of layers".
std::vector<json::Value> items_of(const json::Value& list, std::string_view what);

/// A list of whole numbers ≥ `least`, at least one.
std::vector<std::size_t> whole_numbers(const json::Value& list, std::size_t least);

/// Where the name stands in what is either a name or an object with a "type".
/// @param kind  what is named, for the error: "score".
json::Value type_of(const json::Value& value, std::string_view kind);

/// The position of a name in a list of names.
/// @param kind  what is named, for the error: "pattern".
/// @throws Error kInvalid if it is not there, with the nearest name as a hint.
std::size_t index_of(const json::Value& name, std::string_view kind,
                     std::span<const std::string_view> known);

}  // namespace attn_viz
