// The whole computation of one head as equations whose terms are matrices, and the same revealed
// one step at a time.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attn_viz/figure/figure.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/trace/trace.hpp"

namespace attn_viz::figure {

/// One matrix of a story, with what stands above and below it.
struct StoryMatrix {
  /// Above it. What follows an underscore is lowered ("W_Q", "S_(i−1)"); "Kᵀ" is transposed.
  std::string symbol;
  /// Below it: "Q = X W_Q"; empty for what is given.
  std::string equation = {};
  /// Its name, shape, constants and the extent of its colours: "query↵3 × 2, ±1.5".
  std::string facts = {};
  Panel panel = {};  ///< with its own scale
  LabelledAxis rows = {}, columns = {};
  std::shared_ptr<const Tensor> own = nullptr;  ///< holds the values where the trace does not
  std::optional<std::size_t> marked_row = std::nullopt;
};

/// A matrix and the sign in front of it: "·", "=", "→"; `over` stands above an arrow.
struct StoryTerm {
  std::string sign = {}, over = {};
  StoryMatrix matrix;
};

/// One computed step: its operands, and its result as the last term. `continues`: the first term
/// is the result of the line before, and need not be drawn again beside it.
struct StoryLine {
  std::string stage;
  std::vector<StoryTerm> terms;
  bool continues = false;
};

/// How matrices that are not weights get their colours is said once for the sheet; each names its
/// own extent in its facts.
struct Story {
  std::string title = {}, subtitle = {};
  std::vector<StoryLine> lines = {};
  std::vector<std::string> notes = {};
  /// Said at the bars: of weights and masks, which all are from 0 to 1, and of everything else,
  /// which is from −a to a; empty if there are none.
  std::string weight_note = {}, value_note = {};
  ColorMap weight_map = ColorMap::kViridis, value_map = ColorMap::kDiverging;
  Theme theme = Theme::kLight;
  /// Only so many lines are drawn, in their places of the whole; the last result is outlined.
  std::optional<std::size_t> revealed = std::nullopt;
};

struct StoryOptions {
  enum class Block { kSelf, kCross, kEncoder };
  Block block = Block::kSelf;
  std::size_t layer = 0, head = 0;
  /// The query whose row is outlined from step to step: an index or a label.
  std::optional<std::string> query = std::nullopt;
  /// Theme, colour map and title; what matrices of one sheet cannot have is not read.
  Look look = {};
};

/// The steps of one head in their order, with what its layer and the document give to them. The
/// trace must outlive the story.
/// @throws Error kInvalid if there is no such head or query, or if weights do not keep what their
///         operation promises (see verify_weights)
Story story_of(const Trace& trace, const StoryOptions& options = {});

/// The story with one line, with two, …, with all of them: pictures of one size.
std::vector<Story> frames_of(const Story& story);

}  // namespace attn_viz::figure
