// Writing JSON: pieces appended to a text.
#pragma once

#include <string>
#include <string_view>

#include "attn_viz/core/attributes.hpp"
#include "attn_viz/core/json.hpp"

namespace attn_viz::json {

/// The shortest decimal that reads back to the same value; −∞ (a masked score) is null.
/// @throws Error kBug for NaN and +∞, which JSON cannot hold.
void append(std::string& text, double number);
void append(std::string& text, float number);

/// A quoted text; control characters, quotes and backslashes are escaped.
void append(std::string& text, std::string_view value);
inline void append(std::string& text, const std::string& value) {
  append(text, std::string_view(value));
}

/// A constant; settings within settings become objects on one line.
void append(std::string& text, const Attribute& value);
void append(std::string& text, const Attributes& object);

/// A whole document: a member a line, and a line for each row of a matrix. Ends with a line feed.
std::string document_text(const Node& document);

/// "[a, b]" from any container of what can be appended.
template <class Container>
void append_list(std::string& text, const Container& items) {
  text += '[';
  bool first = true;
  for (const auto& item : items) {
    if (!first) text += ", ";
    first = false;
    append(text, item);
  }
  text += ']';
}

}  // namespace attn_viz::json
