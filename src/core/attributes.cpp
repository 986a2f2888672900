#include "attn_viz/core/attributes.hpp"

#include "attn_viz/core/error.hpp"

namespace attn_viz {

Attributes::Attributes(std::initializer_list<std::pair<std::string, Attribute>> entries)
    : entries_(entries) {}

void Attributes::set(std::string name, Attribute value) {
  for (auto& [known, old] : entries_) {
    if (known == name) {
      old = std::move(value);
      return;
    }
  }
  entries_.emplace_back(std::move(name), std::move(value));
}

const Attribute* Attributes::find(std::string_view name) const {
  for (const auto& [known, value] : entries_) {
    if (known == name) return &value;
  }
  return nullptr;
}

bool Attributes::operator==(const Attributes& other) const {
  return entries_ == other.entries_;
}

void report_missing_attribute(std::string_view name) {
  throw Error(ErrorCode::kInvalid,
              "the attribute \"" + std::string(name) + "\" is missing or has the wrong type");
}

}  // namespace attn_viz
