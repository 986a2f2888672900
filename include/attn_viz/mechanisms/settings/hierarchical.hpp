// Attention in two levels: within each group of tokens, and among the groups.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/mechanisms/settings/labelled_rows.hpp"

namespace attn_viz {

/// One level: u = tanh(x W + b), or u = x without W; the score is u · query.
/// Source: Yang et al. 2016, eq. 5 to 10.
struct LevelSettings {
  Tensor query = {};             ///< [a]
  std::optional<Tensor> w = {};  ///< [d, a]
  std::optional<Tensor> b = {};  ///< [a]
};

/// The mechanism "hierarchical-attention".
struct HierarchicalAttention {
  std::string title;
  DType dtype = DType::kFloat64;
  LabelledRows input = {};
  std::vector<std::string> groups = {};  ///< labels
  std::vector<std::size_t> sizes = {};   ///< how many tokens each group has, in order
  LevelSettings token_level = {}, group_level = {};
};

}  // namespace attn_viz
