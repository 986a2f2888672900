// A story laid out: how large its matrices are, and which stand in which row.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "figure/story_piece.hpp"
#include "figure/story_rows.hpp"

namespace attn_viz::figure {

inline constexpr int kStoryMargin = 40;
inline constexpr int kTermGap = 10;  // between a matrix and a sign

/// What is new or followed: a colour of neither map.
Rgb accent_of(Theme theme);

/// A sign between matrices, around (0, 0).
struct StorySign {
  std::vector<TextItem> texts;
  double width = 0, above = 0, below = 0;
};

struct LaidLine {
  std::vector<StorySign> signs;    ///< before each term
  std::vector<StoryPiece> pieces;  ///< one a term
  const Run* heading = nullptr;    ///< of the stage that begins here
  LineBox box;
};

struct StoryLayout {
  int width = 0, height = 0;  ///< of the sheet
  StorySizing sizing;
  std::vector<LaidLine> lines;
  Rows rows;
  RowGaps gaps;
};

/// The largest matrices with which the story fits a sheet of 16 : 9. Sheets are 1600 pixels wide,
/// wider for long stories, and higher than 16 : 9 only if even that is not enough.
/// @param header  height of what stands above and below the equations, for a sheet of that width
StoryLayout lay_out_story(const Story& story, Typesetter& type,
                          const std::function<double(int width)>& header);

/// A term of a story that has its place on the sheet.
struct StoryPlace {
  std::size_t line = 0, term = 0;
};
/// What the panels of the scene are, in their order.
std::vector<StoryPlace> drawn_terms(const Story& story, const Rows& rows);

}  // namespace attn_viz::figure
