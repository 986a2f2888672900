// Typed access to parsed JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "attn_viz/core/json.hpp"

namespace attn_viz::json {

std::string pointer_step(std::string_view key) {
  std::string step = "/";
  for (const char c : key) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  return step;
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return node.boolean ? "true" : "false";
    case Kind::kNumber:
      return fmt::format("{}", node.number);
    case Kind::kText: {
      constexpr std::size_t kLongest = 40;
      if (node.text.size() <= kLongest) return fmt::format("\"{}\"", node.text);
      std::size_t end = kLongest;  // not in the middle of a character
      while (end > 0 && (static_cast<unsigned char>(node.text[end]) & 0xC0) == 0x80) --end;
      return fmt::format("\"{}…\"", node.text.substr(0, end));
    }
    case Kind::kObject:
      return "an object";
    case Kind::kArray:
      return fmt::format("a list of {}", node.items.size());
    case Kind::kNumbers:
      if (node.shape == std::vector<std::size_t>{0}) return "an empty list";
      if (constexpr std::size_t kFew = 4; node.shape.size() == 1 && node.shape[0] <= kFew) {
        std::string list;
        for (const double number : node.numbers) {
          list += list.empty() ? "[" : ", ";
          list += std::isinf(number) ? "null" : fmt::format("{}", number);
        }
        return list + "]";
      }
      return fmt::format("numbers of shape {}", shape_text(node.shape));
  }
  return "";
}

Error Value::error(std::string message) const {
  return Error(ErrorCode::kInvalid, std::move(message)).at(pointer_);
}

Error Value::unexpected(std::string_view expected) const {
  return error(fmt::format("expected {}, got {}", expected, describe(*node_)));
}

Value Value::child(std::string_view key, const Node& node) const {
  return {node, pointer_ + pointer_step(key)};
}

Value Value::child(std::size_t index, const Node& node) const {
  return {node, fmt::format("{}/{}", pointer_, index)};
}

// ---- objects ----

void Value::allow_keys(std::initializer_list<std::string_view> keys) const {
  if (!is(Kind::kObject)) throw unexpected("an object");
  for (const auto& [key, node] : node_->members) {
    if (key == "$schema" || key == "comment") continue;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    Error error = child(key, node).error("unknown key");
    const std::string_view near = nearest_name(key, {keys.begin(), keys.size()});
    std::string list;
    for (const std::string_view known : keys)
      list += (list.empty() ? "" : ", ") + std::string(known);
    throw error.hint(near.empty() ? "known keys here: " + list
                                  : fmt::format("did you mean \"{}\"?", near));
  }
}

std::optional<Value> Value::find(std::string_view key) const {
  if (!is(Kind::kObject)) throw unexpected("an object");
  for (const auto& [name, node] : node_->members) {
    if (name == key) return child(key, node);
  }
  return std::nullopt;
}

Value Value::require(std::string_view key) const {
  const std::optional<Value> found = find(key);
  if (!found) throw error(fmt::format("the key \"{}\" is missing; it is required", key));
  return *found;
}

std::vector<std::pair<std::string_view, Value>> Value::members() const {
  if (!is(Kind::kObject)) throw unexpected("an object");
  std::vector<std::pair<std::string_view, Value>> members;
  for (const auto& [key, node] : node_->members) members.emplace_back(key, child(key, node));
  return members;
}

// ---- scalars ----

bool Value::boolean() const {
  if (!is(Kind::kBoolean)) throw unexpected("true or false");
  return node_->boolean;
}

double Value::number() const {
  if (!is(Kind::kNumber)) throw unexpected("a number");
  return node_->number;
}

std::uint64_t Value::whole_number(std::uint64_t least) const {
  constexpr double kMost = 9007199254740992.0;  // 2⁵³: beyond it float64 skips whole numbers
  const bool whole = is(Kind::kNumber) && node_->number == std::floor(node_->number) &&
                     node_->number >= static_cast<double>(least) && node_->number <= kMost;
  if (!whole) throw unexpected(fmt::format("a whole number ≥ {}", least));
  return static_cast<std::uint64_t>(node_->number);
}

const std::string& Value::text() const {
  if (!is(Kind::kText)) throw unexpected("a text");
  return node_->text;
}

// ---- arrays ----

std::size_t Value::length() const {
  if (is(Kind::kArray)) return node_->items.size();
  if (is(Kind::kNumbers)) return node_->shape[0];
  throw unexpected("a list");
}

std::vector<std::string> Value::texts() const {
  if (is(Kind::kNumbers) && length() > 0) {
    throw unexpected("a list of texts").hint("write \"1\" for a label, not 1");
  }
  std::vector<std::string> texts;
  texts.reserve(length());
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    texts.push_back(child(i, node_->items[i]).text());
  }
  return texts;
}

std::vector<bool> Value::booleans() const {
  if (is(Kind::kNumbers) && length() > 0) throw unexpected("a list of true and false");
  std::vector<bool> booleans;
  for (std::size_t i = 0; i < length(); ++i) {
    booleans.push_back(child(i, node_->items[i]).boolean());
  }
  return booleans;
}

void Value::explain_ragged(std::size_t rank, std::string_view what) const {
  find_fault(rank, what);
  throw unexpected(what);
}

void Value::find_fault(std::size_t rank, std::string_view what) const {
  const bool fits =
      rank == 0 ? is(Kind::kNumber) || is(Kind::kNull)
                : is(Kind::kNumbers) && (node_->shape.size() == rank || node_->shape[0] == 0);
  if (fits) return;
  if (rank == 0) throw unexpected("a number");
  if (!is(Kind::kArray)) throw unexpected(what);

  // Go down to the first element that is wrong by itself or is unlike the first of its row.
  const Value first = child(std::size_t{0}, node_->items[0]);
  for (std::size_t i = 0; i < node_->items.size(); ++i) {
    const Value element = child(i, node_->items[i]);
    element.find_fault(rank - 1, rank == 2 ? "a list of numbers" : "a list of rows of numbers");
    if (rank == 1) continue;
    std::string place = element.pointer_;
    const auto &expected = first.node_->shape, &got = element.node_->shape;
    for (std::size_t axis = 0; axis < std::min(expected.size(), got.size()); ++axis) {
      if (expected[axis] != got[axis]) {
        throw Error(ErrorCode::kInvalid, fmt::format("expected a row of {} like row 0, got {}",
                                                     expected[axis], got[axis]))
            .at(place);
      }
      place += "/0";
    }
  }
}

Tensor Value::tensor_with_nulls(std::size_t rank, std::string_view what, DType dtype) const {
  if (rank == 0) {
    if (!is(Kind::kNumber) && !is(Kind::kNull)) throw unexpected("a number");
    const double number =
        is(Kind::kNull) ? -std::numeric_limits<double>::infinity() : node_->number;
    return rounded(Tensor({}, Buffer<double>{number}), dtype);
  }
  std::vector<Axis> axes;
  if (is(Kind::kNumbers)) {
    for (const std::size_t size : node_->shape) axes.push_back({size});
  }
  // [] stands for any shape whose first extent is 0.
  const bool empty = is(Kind::kNumbers) && node_->shape[0] == 0;
  if (empty) axes.resize(std::max(rank, axes.size()));
  if (!is(Kind::kNumbers) || axes.size() != rank) explain_ragged(rank, what);
  return rounded(Tensor(std::move(axes), Buffer<double>(node_->numbers)), dtype);
}

Tensor Value::rounded(Tensor exact, DType dtype) const {
  if (dtype == DType::kFloat64) return exact;
  Tensor rounded = exact.as(dtype);
  for (std::size_t i = 0; i < rounded.count(); ++i) {
    if (std::isinf(rounded.at(i)) && !std::isinf(exact.at(i))) {
      throw error(
          fmt::format("value {} overflows float32; expected at most 3.4e38 in size", exact.at(i)))
          .hint("use --dtype float64");
    }
  }
  return rounded;
}

Tensor Value::tensor(std::size_t rank, std::string_view what, DType dtype) const {
  if (rank == 0 && is(Kind::kNull)) throw unexpected("a number");
  Tensor tensor = tensor_with_nulls(rank, what, dtype);
  const auto& numbers = node_->numbers;
  const auto null =
      std::find(numbers.begin(), numbers.end(), -std::numeric_limits<double>::infinity());
  if (null != numbers.end()) {
    // Write the flat position as indices.
    std::size_t position = static_cast<std::size_t>(null - numbers.begin());
    std::string place;
    for (std::size_t axis = rank; axis-- > 0;) {
      place = fmt::format("/{}{}", position % node_->shape[axis], place);
      position /= node_->shape[axis];
    }
    throw Error(ErrorCode::kInvalid, "expected a number, got null").at(pointer_ + place);
  }
  return tensor;
}

}  // namespace attn_viz::json
