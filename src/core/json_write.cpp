#include "attn_viz/core/json_write.hpp"

#include <charconv>
#include <cmath>

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

}  // namespace attn_viz::json
