// The arithmetic behind a trace, step by step, with the numbers put in: as text, Markdown, LaTeX.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attn_viz/trace/trace.hpp"

namespace attn_viz::explain {

enum class Language { kEnglish, kChinese };
enum class Format { kText, kMarkdown, kLatex };

struct Style {
  Language language = Language::kEnglish;
  Format format = Format::kText;
  int digits = 4;          ///< decimals of a number that is rounded
  bool all_terms = false;  ///< long sums, vectors and lists of cells in full
};

/// A weight, or all weights of a query.
struct Question {
  std::size_t layer = 0, head = 0;
  std::string step = {};  ///< the id of the weights instead, such as "layer0/cross/head0/weights"
  std::string query;      ///< index or label
  std::optional<std::string> key = {};
};

/// From the embeddings to the weight and on to the output of the query.
/// @throws Error kInvalid if there is no such layer, head, query or key (or more than one key of
/// that
///         label), if the trace names an unknown operation, or if its shapes do not fit.
std::string explain_weight(const Trace& trace, const Question& question, const Style& style);

/// One cell of one step.
/// @param cell  an index for each axis of the step's values
std::string explain_cell(const Trace& trace, std::string_view step,
                         const std::vector<std::size_t>& cell, const Style& style);

}  // namespace attn_viz::explain
