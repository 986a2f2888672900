// Tokens in two columns, joined by lines as strong as the weights: the description, and from a
// trace to it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

/// One head: a line of its colour from query i to key j for each weight.
struct HeadLines {
  std::string name = {};  ///< in the legend: "head 3"
  std::size_t color = 0;  ///< below TokenLines::colors
  Matrix weights = {};    ///< [queries, keys]; −∞ is no line
};

/// Queries at the left, keys at the right. A line's opacity is |weight| / strongest; negative
/// weights are dashed.
struct TokenLines {
  std::string title = {};
  std::string subtitle = {};
  LabelledAxis queries = {}, keys = {};
  std::vector<HeadLines> heads = {};
  /// How many colours there are: heads of one layer have different ones, also where some are left
  /// out.
  std::size_t colors = 1;
  std::string quantity = "weight";  ///< what the lines show
  double strongest = 1;             ///< the |weight| of an opaque line, > 0
  /// Its lines keep their colours; those of the other queries are grey and a quarter as strong.
  std::optional<std::size_t> query = std::nullopt;
  std::vector<std::string> notes = {};
  Theme theme = Theme::kLight;
};

struct TokenLinesOptions {
  /// The query to highlight, an index or a label.
  std::optional<std::string> query = {};
  /// The strongest weight of all is opaque, instead of 1.
  bool auto_scale = false;
  /// In print, where greys do not tell heads apart, each head is a picture of its own.
  Theme theme = Theme::kLight;
};

/// Lines and the file they belong to, without ending: "layer0-lines".
struct NamedLines {
  std::string name;
  TokenLines lines;
};

/// A picture for each layer (of the encoder, the decoder and its cross-attention), all its heads in
/// it. The trace must outlive them.
/// @param steps  of this trace, from tokens to tokens: weights, or also scores
/// @throws Error kInvalid if a step does not join tokens, if weights do not keep what their
///         operation promises (see verify_weights), or if there is no such query
std::vector<NamedLines> token_lines(const Trace& trace, const std::vector<const Step*>& steps,
                                    const TokenLinesOptions& options = {});

}  // namespace attn_viz::figure
