#include "attn_viz/figure/places.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "attn_viz/core/error.hpp"

namespace attn_viz::figure {
namespace {

std::optional<std::size_t> parse_index(std::string_view text) {
  std::size_t index = 0;
  const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (failure != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
  return index;
}

class Finder {
 public:
  Finder(const std::vector<std::string>& labels, std::string_view what)
      : labels_(labels), what_(what) {}

  std::vector<std::size_t> find(std::string_view text) {
    if (!find_one(text)) {
      for (const std::string_view piece : pieces_of(text)) {
        if (!find_one(piece) && !find_range(piece)) throw unknown(piece);
      }
    }
    return std::move(places_);
  }

 private:
  void add(std::size_t place) {
    if (std::find(places_.begin(), places_.end(), place) == places_.end()) places_.push_back(place);
  }

  bool find_one(std::string_view text) {
    const auto index = parse_index(text);
    if (index && *index < labels_.size()) return add(*index), true;
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
      return find_label(text.substr(1, text.size() - 2));
    return find_label(text);
  }

  bool find_label(std::string_view label) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < labels_.size(); ++i)
      if (labels_[i] == label) found.push_back(i);
    if (found.empty()) return false;
    if (found.size() > 1) throw ambiguous(label, found);
    add(found[0]);
    return true;
  }

  bool find_range(std::string_view text) {
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos) return false;
    const auto first = parse_index(text.substr(0, dash)), last = parse_index(text.substr(dash + 1));
    if (!first || !last || *first > *last || *last >= labels_.size()) return false;
    for (std::size_t i = *first; i <= *last; ++i) add(i);
    return true;
  }

  /// Between commas that do not stand in double quotes.
  static std::vector<std::string_view> pieces_of(std::string_view text) {
    std::vector<std::string_view> pieces;
    bool quoted = false;
    std::size_t start = 0;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      if (i < text.size() && text[i] == '"') quoted = !quoted;
      if (i < text.size() && (text[i] != ',' || quoted)) continue;
      pieces.push_back(text.substr(start, i - start));
      start = i + 1;
    }
    return pieces;
  }

  Error ambiguous(std::string_view label, const std::vector<std::size_t>& found) const {
    std::string list;
    constexpr std::size_t kNamed = 10;
    for (std::size_t i = 0; i < std::min(kNamed, found.size()); ++i)
      list += fmt::format("{}{}", i == 0 ? "" : ",", found[i]);
    return Error(ErrorCode::kInvalid, fmt::format("{} {} have the label \"{}\"; expected an index",
                                                  found.size(), plural(), label))
        .hint(fmt::format("{}{}", list, found.size() > kNamed ? ", … have it" : " have it"));
  }

  Error unknown(std::string_view piece) const {
    Error error(ErrorCode::kInvalid,
                fmt::format("there is no {} \"{}\"; expected an index from 0 to {}, a range such "
                            "as 0-{}, or a label",
                            what_, piece, labels_.size() - 1, labels_.size() - 1));
    const std::vector<std::string_view> known(labels_.begin(), labels_.end());
    const std::string_view near = nearest_name(piece, known);
    // Two letters are near to any other two.
    if (!near.empty() && piece.size() > 2 && !parse_index(piece))
      error.hint(fmt::format("did you mean {}?", near));
    return error;
  }

  std::string plural() const { return what_ == "query" ? "queries" : std::string(what_) + "s"; }

  const std::vector<std::string>& labels_;
  std::string_view what_;
  std::vector<std::size_t> places_;
};

}  // namespace

std::vector<std::size_t> places_of(std::string_view text, const std::vector<std::string>& labels,
                                   std::string_view what) {
  return Finder(labels, what).find(text);
}

std::vector<std::size_t> places_of(const std::vector<std::string>& texts,
                                   const std::vector<std::string>& labels, std::string_view what) {
  std::vector<std::size_t> places;
  for (const std::string& text : texts) {
    for (const std::size_t place : places_of(text, labels, what)) {
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
    }
  }
  return places;
}

}  // namespace attn_viz::figure
