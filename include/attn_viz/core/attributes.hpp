// Named constants in a fixed order: the settings of a run and the attributes of a step.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace attn_viz {

struct Attribute;

/// An ordered map from names to values; small, so it is searched from the front.
class Attributes {
 public:
  using Entries = std::vector<std::pair<std::string, Attribute>>;

  Attributes() = default;
  Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries);

  void set(std::string name, Attribute value);
  const Attribute* find(std::string_view name) const;
  /// The value of this name, which must be there with this type.
  /// @throws Error kInvalid otherwise (a trace from elsewhere may lack it).
  template <class T>
  const T& get(std::string_view name) const;
  /// The value of this name, or a default if it is absent or has another type.
  template <class T>
  T get_or(std::string_view name, T otherwise) const;

  bool empty() const;
  Entries::const_iterator begin() const;
  Entries::const_iterator end() const;
  bool operator==(const Attributes&) const;

 private:
  Entries entries_;
};

struct Attribute : std::variant<bool, double, std::string, std::vector<bool>, std::vector<double>,
                                std::vector<std::string>, Attributes, std::vector<Attributes>> {
  using variant::variant;
  Attribute(const char* text) : variant(std::string(text)) {}
  Attribute(std::string_view text) : variant(std::string(text)) {}
  Attribute(std::size_t number) : variant(static_cast<double>(number)) {}
};

// Below the definition of Attribute, which an entry holds.
inline bool Attributes::empty() const {
  return entries_.empty();
}
inline Attributes::Entries::const_iterator Attributes::begin() const {
  return entries_.begin();
}
inline Attributes::Entries::const_iterator Attributes::end() const {
  return entries_.end();
}

[[noreturn]] void report_missing_attribute(std::string_view name);

template <class T>
const T& Attributes::get(std::string_view name) const {
  const Attribute* found = find(name);
  const T* value = found == nullptr ? nullptr : std::get_if<T>(found);
  if (value == nullptr) report_missing_attribute(name);
  return *value;
}

template <class T>
T Attributes::get_or(std::string_view name, T otherwise) const {
  const Attribute* found = find(name);
  const T* value = found == nullptr ? nullptr : std::get_if<T>(found);
  return value == nullptr ? otherwise : *value;
}

}  // namespace attn_viz
