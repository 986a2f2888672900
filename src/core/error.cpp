#include "attn_viz/core/error.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace attn_viz {

Error& Error::compose() {
  text_.clear();
  for (const std::string* part : {&file_, &place_}) {
    if (!part->empty()) text_ += *part + ": ";
  }
  text_ += message_;
  if (!hint_.empty()) text_ += "\n  hint: " + hint_;
  return *this;
}

namespace {

/// Edits that turn one text into the other, letter case ignored (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  const auto same = [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  };
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = last[j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replace});
      const bool exchanged = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
      if (exchanged) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_name(std::string_view name, std::span<const std::string_view> candidates) {
  std::string_view nearest;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(name.size(), 12) / 3) + 1;
  for (const std::string_view candidate : candidates) {
    // A cut-off name ("scaled-dot" for "scaled-dot-product") is near, too.
    const bool begins = name.size() >= 3 && candidate.substr(0, name.size()) == name;
    const std::size_t distance = begins ? 1 : edit_distance(name, candidate);
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

Error unknown_name(ErrorCode code, std::string_view kind, std::string_view name,
                   std::span<const std::string_view> known) {
  std::string list;
  for (const std::string_view candidate : known) {
    list += (list.empty() ? "" : ", ") + std::string(candidate);
  }
  Error error(code, "unknown " + std::string(kind) + " \"" + std::string(name) +
                        "\"; expected one of " + list);
  const std::string_view near = nearest_name(name, known);
  if (!near.empty()) error.hint("did you mean \"" + std::string(near) + "\"?");
  return error;
}

}  // namespace attn_viz
