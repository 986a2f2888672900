#include "input/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace attn_viz {

using json::Kind;
using json::Value;

Tensor read_array(const Value& value, std::size_t least, std::size_t most, std::string_view what,
                  DType dtype) {
  std::size_t depth = 0;
  const json::Node* node = &value.node();
  while (node->kind == Kind::kArray) {
    ++depth;
    node = &node->items[0];
  }
  if (node->kind == Kind::kNumbers) depth += node->shape.size();
  return value.tensor(std::clamp(depth, least, most), what, dtype);
}

std::optional<Tensor> find_array(const Value& object, std::string_view key, std::size_t least,
                                 std::size_t most, std::string_view what, DType dtype) {
  const auto value = object.find(key);
  if (!value) return std::nullopt;
  return read_array(*value, least, most, what, dtype);
}

double positive(const Value& value) {
  if (!value.is(Kind::kNumber) || !(value.number() > 0)) throw value.unexpected("a number > 0");
  return value.number();
}

std::vector<Value> items_of(const Value& list, std::string_view what) {
  if (!list.is(Kind::kArray)) throw list.unexpected(what);
  std::vector<Value> items;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    items.emplace_back(list.node().items[i], fmt::format("{}/{}", list.pointer(), i));
  }
  return items;
}

std::vector<std::size_t> whole_numbers(const Value& list, std::size_t least) {
  constexpr double kMost = 1 << 30;
  const json::Node& node = list.node();
  if (node.kind != Kind::kNumbers || node.shape.size() != 1 || node.numbers.empty()) {
    throw list.unexpected(fmt::format("a list of whole numbers ≥ {}", least));
  }
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < node.numbers.size(); ++i) {
    const double number = node.numbers[i];
    if (!(number >= static_cast<double>(least) && number <= kMost) ||
        number != std::floor(number)) {
      throw Error(ErrorCode::kInvalid,
                  fmt::format("expected a whole number ≥ {}, got {}", least, number))
          .at(fmt::format("{}/{}", list.pointer(), i));
    }
    numbers.push_back(static_cast<std::size_t>(number));
  }
  return numbers;
}

Value type_of(const Value& value, std::string_view kind) {
  if (value.is(Kind::kText)) return value;
  if (value.is(Kind::kObject)) return value.require("type");
  throw value.unexpected(fmt::format("the name of a {} or an object with its type", kind));
}

std::size_t index_of(const Value& name, std::string_view kind,
                     std::span<const std::string_view> known) {
  const auto found = std::find(known.begin(), known.end(), name.text());
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  throw unknown_name(ErrorCode::kInvalid, kind, name.text(), known).at(name.pointer());
}

}  // namespace attn_viz
