#include "attn_viz/core/json_write.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <span>

#include "attn_viz/core/error.hpp"

namespace attn_viz::json {
namespace {

template <class T>
void append_shortest(std::string& text, T number) {
  if (!std::isfinite(number)) {
    if (number < 0) {
      text += "null";
      return;
    }
    throw Error(ErrorCode::kBug, "a number that is not finite cannot be written as JSON");
  }
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
  // "-0" would be read back as the integer 0.
  if (number == 0 && std::signbit(number)) text += ".0";
}

}  // namespace

void append(std::string& text, double number) {
  append_shortest(text, number);
}
void append(std::string& text, float number) {
  append_shortest(text, number);
}

void append(std::string& text, std::string_view value) {
  constexpr char kHex[] = "0123456789abcdef";
  text += '"';
  for (const char c : value) {
    switch (c) {
      case '"':
        text += "\\\"";
        break;
      case '\\':
        text += "\\\\";
        break;
      case '\n':
        text += "\\n";
        break;
      case '\t':
        text += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20) {
          text += "\\u00";
          text += kHex[c >> 4];
          text += kHex[c & 15];
        } else {
          text += c;
        }
    }
  }
  text += '"';
}

void append(std::string& text, const Attribute& value) {
  using Variant = std::variant<bool, double, std::string, std::vector<bool>, std::vector<double>,
                               std::vector<std::string>, Attributes, std::vector<Attributes>>;
  std::visit(
      [&]<class T>(const T& held) {
        if constexpr (std::is_same_v<T, bool>) {
          text += held ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::vector<bool>>) {
          text += '[';
          for (std::size_t i = 0; i < held.size(); ++i) {
            text += i == 0 ? "" : ", ";
            text += held[i] ? "true" : "false";
          }
          text += ']';
        } else if constexpr (std::is_same_v<T, std::vector<double>> ||
                             std::is_same_v<T, std::vector<std::string>> ||
                             std::is_same_v<T, std::vector<Attributes>>) {
          append_list(text, held);
        } else {
          append(text, held);
        }
      },
      static_cast<const Variant&>(value));
}

void append(std::string& text, const Attributes& object) {
  text += '{';
  bool first = true;
  for (const auto& [name, value] : object) {
    if (!first) text += ", ";
    first = false;
    append(text, name);
    text += ": ";
    append(text, value);
  }
  text += '}';
}

namespace {

void append_node(std::string& text, const Node& node, const std::string& indent);

/// @param count  of items that `append_item(i)` writes, each on a line of its own
template <class Append>
void append_block(std::string& text, char open, char close, std::size_t count,
                  const std::string& indent, Append append_item) {
  text += open;
  for (std::size_t i = 0; i < count; ++i) {
    text += (i == 0 ? "\n  " : ",\n  ") + indent;
    append_item(i);
  }
  text += count == 0 ? std::string(1, close) : "\n" + indent + close;
}

/// Numbers from `first` on, nested from this axis inwards; the innermost ones are one line.
void append_numbers(std::string& text, const Node& node, std::size_t axis, std::size_t first,
                    const std::string& indent) {
  const std::size_t size = node.shape[axis];
  if (axis + 1 == node.shape.size()) {
    return append_list(text, std::span(node.numbers).subspan(first, size));
  }
  std::size_t share = 1;
  for (std::size_t inner = axis + 1; inner < node.shape.size(); ++inner) share *= node.shape[inner];
  append_block(text, '[', ']', size, indent, [&](std::size_t i) {
    append_numbers(text, node, axis + 1, first + i * share, indent + "  ");
  });
}

/// Arrays of plain values are one line, others have a line for each item.
bool is_plain(const Node& node) {
  return node.kind != Kind::kObject && node.kind != Kind::kArray && node.kind != Kind::kNumbers;
}

void append_items(std::string& text, const Node& node, const std::string& indent) {
  if (!std::all_of(node.items.begin(), node.items.end(), is_plain)) {
    return append_block(text, '[', ']', node.items.size(), indent,
                        [&](std::size_t i) { append_node(text, node.items[i], indent + "  "); });
  }
  text += '[';
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    text += i == 0 ? "" : ", ";
    append_node(text, node.items[i], indent);
  }
  text += ']';
}

void append_node(std::string& text, const Node& node, const std::string& indent) {
  switch (node.kind) {
    case Kind::kNull:
      text += "null";
      break;
    case Kind::kBoolean:
      text += node.boolean ? "true" : "false";
      break;
    case Kind::kNumber:
      append(text, node.number);
      break;
    case Kind::kText:
      append(text, node.text);
      break;
    case Kind::kNumbers:
      append_numbers(text, node, 0, 0, indent);
      break;
    case Kind::kArray:
      append_items(text, node, indent);
      break;
    case Kind::kObject:
      append_block(text, '{', '}', node.members.size(), indent, [&](std::size_t i) {
        append(text, node.members[i].first);
        text += ": ";
        append_node(text, node.members[i].second, indent + "  ");
      });
      break;
  }
}

}  // namespace

std::string document_text(const Node& document) {
  std::string text;
  append_node(text, document, "");
  return text + "\n";
}

}  // namespace attn_viz::json
