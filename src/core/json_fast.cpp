// The fast parser: simdjson checks and reads the text, and its tape becomes nodes.
#include <simdjson.h>

#include <string>
#include <unordered_set>

#include "core/json_nodes.hpp"

namespace attn_viz::json {
namespace {

namespace dom = simdjson::dom;

/// Thrown on what simdjson accepts and the other parser must refuse.
struct Refused {};

Node read(const dom::element& element, std::size_t depth);

Node read_array(const dom::array& array, std::size_t depth) {
  Node node;
  node.kind = Kind::kNumbers;
  node.shape = {0};
  for (const dom::element element : array) {
    if (element.is_number()) {
      append_number(node, element.get_double().value_unsafe());
    } else if (element.is_null()) {
      append_number(node, kNull);
    } else {
      append_element(node, read(element, depth));
    }
  }
  return node;
}

Node read_object(const dom::object& object, std::size_t depth) {
  Node node;
  node.kind = Kind::kObject;
  std::unordered_set<std::string_view> keys;
  for (const dom::key_value_pair member : object) {
    if (!keys.insert(member.key).second) throw Refused{};
    node.members.emplace_back(std::string(member.key), read(member.value, depth));
  }
  return node;
}

Node read(const dom::element& element, std::size_t depth) {
  Node node;
  switch (element.type()) {
    case dom::element_type::ARRAY:
      if (depth == kDeepest) throw Refused{};
      return read_array(element.get_array().value_unsafe(), depth + 1);
    case dom::element_type::OBJECT:
      if (depth == kDeepest) throw Refused{};
      return read_object(element.get_object().value_unsafe(), depth + 1);
    case dom::element_type::STRING:
      node.kind = Kind::kText;
      node.text = std::string(element.get_string().value_unsafe());
      return node;
    case dom::element_type::BOOL:
      node.kind = Kind::kBoolean;
      node.boolean = element.get_bool().value_unsafe();
      return node;
    case dom::element_type::NULL_VALUE:
      return node;
    default:
      return number_node(element.get_double().value_unsafe());
  }
}

}  // namespace

std::optional<Node> parse_fast(std::string_view text) {
  dom::parser parser;
  dom::element root;
  const simdjson::padded_string padded(text);
  if (parser.parse(padded).get(root) != simdjson::SUCCESS) return std::nullopt;
  try {
    return read(root, 0);
  } catch (const Refused&) {
    return std::nullopt;
  }
}

}  // namespace attn_viz::json
