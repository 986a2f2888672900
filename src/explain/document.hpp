// An explanation as blocks whose texts are already in the format that is asked for.
#pragma once

#include <string>
#include <vector>

#include "attn_viz/explain/explain.hpp"

namespace attn_viz::explain {

/// "A[2, 0] = e[0] / Σ ≈ 0.2431 / 1.3630 ≈ 0.1784".
struct Chain {
  struct Member {
    bool rounded;  ///< ≈ stands before it instead of =
    std::string text;
  };
  std::string left;
  std::vector<Member> members;
};

/// A matrix, or some rows and columns of it.
struct Grid {
  std::string symbol;
  std::vector<std::string> row_heads, column_heads;
  std::vector<std::vector<std::string>> cells;
  bool rounded = false;
};

struct Block {
  enum class Kind { kTitle, kHeading, kSentence, kConclusion, kEquation, kChain, kGrid };
  Kind kind;
  std::string text = {};
  Chain chain = {};
  Grid grid = {};
};

using Document = std::vector<Block>;

std::string print(const Document& document, const Style& style);

}  // namespace attn_viz::explain
