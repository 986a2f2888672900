// The parser that explains: nlohmann's SAX events, folded into nodes as they come.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "attn_viz/core/json.hpp"
#include "core/json_nodes.hpp"

namespace attn_viz::json {
namespace {

/// An array or object that is still open.
struct Open {
  Node node;
  std::string key;                       ///< of the member that comes next
  std::unordered_set<std::string> keys;  ///< of an object, so far
};

/// "line 3, column 7" of the character before a byte position.
std::string line_and_column(std::string_view text, std::size_t position) {
  const std::string_view read = text.substr(0, std::min(position, text.size()));
  const std::size_t line = 1 + static_cast<std::size_t>(std::count(read.begin(), read.end(), '\n'));
  const std::size_t start = read.rfind('\n') == std::string_view::npos ? 0 : read.rfind('\n') + 1;
  // Columns count characters: UTF-8 continuation bytes do not begin one.
  const auto begins = [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; };
  const auto columns =
      std::count_if(read.begin() + static_cast<std::ptrdiff_t>(start), read.end(), begins);
  return fmt::format("line {}, column {}", line, std::max<std::ptrdiff_t>(1, columns));
}

class Handler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  explicit Handler(std::string_view text) : text_(text) {}

  bool null() { return in_array() ? add_number(kNull) : add(Node{}); }
  bool boolean(bool value) {
    Node node;
    node.kind = Kind::kBoolean;
    node.boolean = value;
    return add(std::move(node));
  }
  bool number_integer(number_integer_t value) { return add_number(static_cast<double>(value)); }
  bool number_unsigned(number_unsigned_t value) { return add_number(static_cast<double>(value)); }
  bool number_float(number_float_t value, const string_t&) { return add_number(value); }
  bool string(string_t& value) {
    Node node;
    node.kind = Kind::kText;
    node.text = std::move(value);
    return add(std::move(node));
  }
  bool binary(binary_t&) { return false; }

  bool start_object(std::size_t) { return open(Kind::kObject); }
  bool key(string_t& value) {
    Open& object = open_.back();
    object.key = value;
    if (!object.keys.insert(value).second) {
      throw Error(ErrorCode::kInvalid, "this key is repeated; expected each key once")
          .at(pointer());
    }
    return true;
  }
  bool end_object() { return close(); }
  bool start_array(std::size_t) { return open(Kind::kNumbers); }
  bool end_array() { return close(); }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& e) {
    if (dynamic_cast<const nlohmann::json::out_of_range*>(&e) != nullptr) {
      throw Error(ErrorCode::kInvalid, "this number overflows; expected one finite in float64")
          .at(pointer());
    }
    for (const std::string_view name : {"-Infinity", "Infinity", "NaN", "-inf", "inf", "nan"}) {
      // The parser stops at the first character that it does not like.
      const std::size_t read = name[0] == '-' || name == "nan" ? 2 : 1;
      if (position >= read && text_.substr(position - read).substr(0, name.size()) == name) {
        throw Error(ErrorCode::kInvalid, fmt::format("expected a finite number, got {}", name))
            .at(pointer())
            .hint(fmt::format("{}; JSON has no {}{}", line_and_column(text_, position), name,
                              name[0] == '-' ? "; write null for a masked score" : ""));
      }
    }
    throw Error(ErrorCode::kInvalid,
                fmt::format("{}: {}", line_and_column(text_, position), reason(e.what())));
  }

  Node result() && { return std::move(root_); }

 private:
  bool in_array() const { return !open_.empty() && open_.back().node.kind != Kind::kObject; }

  bool add_number(double value) {
    if (in_array()) {
      append_number(open_.back().node, value);
      return true;
    }
    Node node;
    node.kind = Kind::kNumber;
    node.number = value;
    return add(std::move(node));
  }

  bool add(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (in_array()) {
      append_element(open_.back().node, std::move(node));
    } else {
      open_.back().node.members.emplace_back(std::move(open_.back().key), std::move(node));
    }
    return true;
  }

  bool open(Kind kind) {
    if (open_.size() == kDeepest) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("nested too deep; expected at most {} levels", kDeepest))
          .at(pointer());
    }
    open_.emplace_back();
    open_.back().node.kind = kind;
    if (kind == Kind::kNumbers) open_.back().node.shape = {0};
    return true;
  }

  bool close() {
    Node node = std::move(open_.back().node);
    open_.pop_back();
    return add(std::move(node));
  }

  /// Where the value that is read now stands.
  std::string pointer() const {
    std::string pointer;
    for (const Open& open : open_) {
      const Node& node = open.node;
      if (node.kind == Kind::kObject) {
        pointer += pointer_step(open.key);
      } else {
        pointer +=
            fmt::format("/{}", node.kind == Kind::kNumbers ? node.shape[0] : node.items.size());
      }
    }
    return pointer;
  }

  /// The library's reason without its own name and its own idea of the place.
  static std::string reason(std::string_view what) {
    const std::size_t column = what.find("column ");
    const std::size_t colon = what.find(": ", column == std::string_view::npos ? 0 : column);
    return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2));
  }

  std::string_view text_;
  std::vector<Open> open_;
  Node root_;
};

}  // namespace

Node parse_and_explain(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    throw Error(ErrorCode::kInvalid, "empty input; expected a JSON document");
  }
  Handler handler(text);
  nlohmann::json::sax_parse(text.begin(), text.end(), &handler);
  return std::move(handler).result();
}

Node parse(std::string_view text) {
  std::optional<Node> node = parse_fast(text);
  return node ? std::move(*node) : parse_and_explain(text);
}

}  // namespace attn_viz::json
