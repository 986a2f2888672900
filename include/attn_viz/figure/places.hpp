// Which rows or columns somebody means.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace attn_viz::figure {

/// The places that a text names, each once, in the order given. In turn it is tried as an index, as
/// a label, and as a list with commas of indices, ranges ("2-5") and labels. In double quotes
/// stands a label, whatever it looks like.
/// @param what    "query" or "key", for messages
/// @param labels  of all places
/// @throws Error kInvalid if there is no such place, or if several have the label: then with their
///               indices
std::vector<std::size_t> places_of(std::string_view text, const std::vector<std::string>& labels,
                                   std::string_view what);

/// Those of several texts, each place once.
std::vector<std::size_t> places_of(const std::vector<std::string>& texts,
                                   const std::vector<std::string>& labels, std::string_view what);

}  // namespace attn_viz::figure
