// Reading JSON: a small tree in which every rectangular nest of numbers is one flat array, and
// typed access to it whose errors say where (JSON pointer), what was expected and what was found.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attn_viz/core/error.hpp"
#include "attn_viz/core/tensor.hpp"

namespace attn_viz::json {

enum class Kind { kNull, kBoolean, kNumber, kText, kObject, kArray, kNumbers };

/// A JSON value. A non-ragged nest of arrays of numbers (or null, stored as −∞) has kind kNumbers,
/// with its shape and its values in one row-major array; any other array has kind kArray.
struct Node {
  Kind kind = Kind::kNull;
  bool boolean = false;
  double number = 0;
  std::string text = {};
  std::vector<std::pair<std::string, Node>> members = {};
  std::vector<Node> items = {};
  std::vector<std::size_t> shape = {};
  Buffer<double> numbers = {};
};

/// Parses a JSON text (UTF-8).
/// @throws Error kInvalid for a syntax error (line and column), a repeated key, a number that is
///         not finite in float64, or nesting deeper than 64 levels (JSON pointer).
Node parse(std::string_view text);

/// A node and the place where it stands.
class Value {
 public:
  Value(const Node& node, std::string pointer) : node_(&node), pointer_(std::move(pointer)) {}

  const Node& node() const { return *node_; }
  const std::string& pointer() const { return pointer_; }
  bool is(Kind kind) const { return node_->kind == kind; }

  /// An error at this place: "expected EXPECTED, got WHAT IS HERE".
  Error unexpected(std::string_view expected) const;
  /// An error at this place with a message of its own.
  Error error(std::string message) const;

  // ---- objects ----
  /// @throws Error unless this is an object with none but these keys ("$schema" and "comment" are
  ///         always allowed); an unknown key gets the nearest known one as a hint.
  void allow_keys(std::initializer_list<std::string_view> keys) const;
  std::optional<Value> find(std::string_view key) const;
  /// @throws Error if the key is missing.
  Value require(std::string_view key) const;
  std::vector<std::pair<std::string_view, Value>> members() const;

  // ---- scalars ----
  bool boolean() const;
  double number() const;
  /// A whole number ≥ least and ≤ 2⁵³.
  std::uint64_t whole_number(std::uint64_t least) const;
  const std::string& text() const;

  // ---- arrays ----
  std::size_t length() const;
  std::vector<std::string> texts() const;
  /// The elements; those of packed numbers as numbers.
  std::vector<bool> booleans() const;
  /// The values and shape of a nest of numbers.
  /// @param rank  number of dimensions, as what they are called in the error ("n × d").
  /// @throws Error if it isn't one, if it is ragged (which row, how long) or holds null.
  Tensor tensor(std::size_t rank, std::string_view what, DType dtype) const;
  /// Likewise, with null read as −∞ (the data of a trace).
  Tensor tensor_with_nulls(std::size_t rank, std::string_view what, DType dtype) const;

 private:
  Value child(std::string_view key, const Node& node) const;
  Value child(std::size_t index, const Node& node) const;
  [[noreturn]] void explain_ragged(std::size_t rank, std::string_view what) const;
  /// @throws Error at the innermost place that keeps this from being a nest of that rank, if any.
  void find_fault(std::size_t rank, std::string_view what) const;
  /// The values in this dtype. @throws Error if one overflows it.
  Tensor rounded(Tensor exact, DType dtype) const;

  const Node* node_;
  std::string pointer_;
};

/// What a node is, for messages: `3.5`, `"two"`, `an object`, `numbers of shape [2, 3]`.
std::string describe(const Node& node);

/// One step of a JSON pointer, escaped: "/a~1b".
std::string pointer_step(std::string_view key);

}  // namespace attn_viz::json
