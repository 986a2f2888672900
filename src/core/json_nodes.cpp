#include "core/json_nodes.hpp"

#include <algorithm>

namespace attn_viz::json {

Node number_node(double value) {
  Node node;
  node.kind = value == kNull ? Kind::kNull : Kind::kNumber;
  node.number = value;
  return node;
}

namespace {

/// A row of packed numbers (or, of a flat array, a single number) as a node of its own.
Node unpacked_element(const Node& packed, std::size_t index) {
  if (packed.shape.size() == 1) {
    return number_node(packed.numbers[index]);
  }
  Node element;
  element.kind = Kind::kNumbers;
  element.shape.assign(packed.shape.begin() + 1, packed.shape.end());
  const std::size_t width = packed.numbers.size() / packed.shape[0];
  const auto first = packed.numbers.begin() + static_cast<std::ptrdiff_t>(index * width);
  element.numbers.assign(first, first + static_cast<std::ptrdiff_t>(width));
  return element;
}

/// Turns packed numbers into a general array, because something else follows.
void unpack(Node& array) {
  if (array.kind != Kind::kNumbers) return;
  for (std::size_t i = 0; i < array.shape[0]; ++i) {
    array.items.push_back(unpacked_element(array, i));
  }
  array.kind = Kind::kArray;
  array.numbers = {};
  array.shape.clear();
}

}  // namespace

void append_number(Node& array, double value) {
  const bool flat = array.kind == Kind::kNumbers && array.shape.size() == 1;
  if (flat) {
    array.numbers.push_back(value);
    ++array.shape[0];
    return;
  }
  unpack(array);
  array.items.push_back(number_node(value));
}

void append_element(Node& array, Node element) {
  const bool first = array.kind == Kind::kNumbers && array.shape[0] == 0;
  if (first && element.kind == Kind::kNumbers) {
    array.shape = element.shape;
    array.shape.insert(array.shape.begin(), 1);
    array.numbers = std::move(element.numbers);
    return;
  }
  const bool fits = array.kind == Kind::kNumbers && element.kind == Kind::kNumbers &&
                    std::equal(array.shape.begin() + 1, array.shape.end(), element.shape.begin(),
                               element.shape.end());
  if (fits) {
    array.numbers.insert(array.numbers.end(), element.numbers.begin(), element.numbers.end());
    ++array.shape[0];
    return;
  }
  unpack(array);
  array.items.push_back(std::move(element));
}

}  // namespace attn_viz::json
