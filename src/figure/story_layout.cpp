#include "figure/story_layout.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <optional>
#include <set>

#include "figure/math_text.hpp"

namespace attn_viz::figure {
namespace {

constexpr int kWidths[] = {1600, 1920, 2240, 2720, 3200};
constexpr int kPlainWidth = 1600;
constexpr double kFonts[] = {26, 24, 22, 20, 18, 16.5, 15, 14, 13, 12};
// The smallest numbers where the sheet is shown 1600 pixels wide: of small matrices, for which
// numbers are worth leaning forward, and of others.
constexpr double kSmallestOfFew = 6.5, kSmallest = 9.5;
constexpr std::size_t kFew = 8;          // rows or columns
constexpr std::size_t kUsualNumber = 8;  // bytes: "−12.34"
constexpr int kLongest[] = {400, 360, 320, 288, 256, 224, 192, 160, 128, 112, 96, 80, 64};
constexpr std::size_t kMostNumbered = 12;  // rows or columns
constexpr RowGaps kGaps{.between_lines = 44, .between_rows = 22, .heading = 30};

}  // namespace

Rgb accent_of(Theme theme) {
  return theme == Theme::kPrint  ? kBlack
         : theme == Theme::kDark ? Rgb{0xff, 0x9f, 0x1c}
                                 : Rgb{0xe0, 0x5a, 0x00};
}

namespace {

StorySign sign_of(const StoryTerm& term, const Palette& palette, Typesetter& type) {
  StorySign sign;
  Bounds bounds;
  const auto add = [&](const std::string& text, double size, double middle) {
    if (text.empty()) return;
    const Run& run = type.set(text, {size, false, palette.text, 220, false});
    const int x = static_cast<int>(std::lround(-run.logical().width / 2));
    const int y = static_cast<int>(std::lround(middle + 0.365 * size - run.baseline()));
    sign.texts.push_back({&run, x, y, false, TextKind::kSign});
    sign.width = std::max(sign.width, run.logical().width);
    bounds.add(bounds_of(sign.texts.back()));
  };
  const bool word = !term.sign.empty() && term.sign[0] >= 'a' && term.sign[0] <= 'z';
  const bool dot = term.sign == "·";
  add(term.sign, word ? 16 : dot ? 40 : 28, 0);
  add(term.over, 14, -22);
  sign.above = -bounds.top;
  sign.below = bounds.bottom;
  return sign;
}

std::vector<LaidLine> lay_lines(const Story& story, const StorySizing& sizing, Typesetter& type) {
  const Palette& palette = palette_of(story.theme);
  std::vector<LaidLine> lines;
  const std::string* stage = nullptr;
  for (const StoryLine& line : story.lines) {
    LaidLine laid;
    laid.box.begins_stage = stage == nullptr || *stage != line.stage;
    laid.box.continues = line.continues;
    stage = &line.stage;
    double first = 0;
    for (const StoryTerm& term : line.terms) {
      laid.signs.push_back(sign_of(term, palette, type));
      laid.pieces.push_back(piece_of(term.matrix, sizing, palette, type));
      const StorySign& sign = laid.signs.back();
      const Bounds& bounds = laid.pieces.back().bounds;
      const double width =
          (sign.width > 0 ? sign.width + 2 * kTermGap : 0) + bounds.right - bounds.left;
      laid.box.width += width;
      if (laid.pieces.size() == 1) first = width;
      laid.box.above = std::max({laid.box.above, -bounds.top, sign.above});
      laid.box.below = std::max({laid.box.below, bounds.bottom, sign.below});
    }
    laid.box.width_behind = laid.box.width - (line.continues ? first : 0);
    if (laid.box.begins_stage) {
      laid.heading = &type.set(line.stage, {15, true, accent_of(story.theme), 0, false});
      const double least = laid.heading->logical().width + 16;
      laid.box.width = std::max(laid.box.width, least);
      laid.box.width_behind = std::max(laid.box.width_behind, least);
    }
    lines.push_back(std::move(laid));
  }
  return lines;
}

std::vector<LineBox> boxes_of(const std::vector<LaidLine>& lines) {
  std::vector<LineBox> boxes;
  for (const LaidLine& line : lines) boxes.push_back(line.box);
  return boxes;
}

std::size_t largest_extent(const Story& story) {
  std::size_t largest = 1;
  for (const StoryLine& line : story.lines)
    for (const StoryTerm& term : line.terms)
      largest =
          std::max({largest, term.matrix.panel.values.rows(), term.matrix.panel.values.columns()});
  return largest;
}

/// The numbers of the story, each once, but for the rare longer ones, which are set smaller.
std::set<std::string> all_numbers(const Story& story) {
  std::set<std::string> all;
  for (const StoryLine& line : story.lines)
    for (const StoryTerm& term : line.terms)
      for (std::string& text : numbers_of(term.matrix))
        if (text.size() <= kUsualNumber) all.insert(std::move(text));
  all.erase("");
  return all;
}

/// Every sizing that may be tried, with what it is worth on a sheet of the plain width.
struct Candidate {
  StorySizing sizing;
  double worth = 0;  ///< a logarithm: how large the matrices are
};

std::vector<Candidate> numbered(const Story& story, std::size_t largest, Typesetter& type) {
  const std::set<std::string> numbers = all_numbers(story);
  std::vector<Candidate> candidates;
  for (const double font : kFonts) {
    double widest = 1.2 * font;
    for (const std::string& text : numbers)
      widest = std::max(widest, type.set(text, {font, false, kBlack}).ink().width);
    const int width = static_cast<int>(std::ceil(widest + 0.7 * font));
    for (const double tall : {3.4, 2.6, 1.9}) {
      const int height = std::min(width, static_cast<int>(std::ceil(tall * font)));
      candidates.push_back({{font, width, height, 0, largest}, std::log(font) + 0.03 * tall});
    }
  }
  return candidates;
}

std::vector<Candidate> colored(std::size_t largest) {
  std::vector<Candidate> candidates;
  for (const int longest : kLongest)
    candidates.push_back({{0, 0, 0, longest, largest}, std::log(longest)});
  return candidates;
}

double room_of(int width) {
  return width - 2.0 * kStoryMargin;
}

std::optional<StoryLayout> best_of(const std::vector<Candidate>& candidates, const Story& story,
                                   Typesetter& type,
                                   const std::function<double(int width)>& header) {
  constexpr double kBreak = 0.1;  // what a row that begins within a stage costs
  std::optional<StoryLayout> best;
  double most = -std::numeric_limits<double>::infinity();
  for (const Candidate& candidate : candidates) {
    if (candidate.worth <= most) continue;
    std::vector<LaidLine> lines = lay_lines(story, candidate.sizing, type);
    const std::vector<LineBox> boxes = boxes_of(lines);
    for (const int width : kWidths) {
      const double share = static_cast<double>(kPlainWidth) / width;
      const double smallest = candidate.sizing.largest_extent <= kFew ? kSmallestOfFew : kSmallest;
      if (candidate.sizing.font > 0 && candidate.sizing.font * share < smallest) break;
      // A wider sheet makes both the matrices and the texts around them smaller.
      const double worth = candidate.worth + 2.35 * std::log(share);
      if (worth <= most) break;
      const int height = width * 9 / 16;
      const auto rows = break_rows(boxes, room_of(width), height - header(width), kGaps);
      if (!rows || worth - kBreak * rows->breaks <= most) continue;
      most = worth - kBreak * rows->breaks;
      best = StoryLayout{width, height, candidate.sizing, lines, *rows, kGaps};
    }
  }
  return best;
}

/// What no sheet of 16 : 9 holds becomes as high as it must be.
StoryLayout high_sheet(const Story& story, std::size_t largest, Typesetter& type,
                       const std::function<double(int width)>& header) {
  StoryLayout layout;
  layout.gaps = kGaps;
  layout.sizing = colored(largest).back().sizing;
  layout.lines = lay_lines(story, layout.sizing, type);
  const std::vector<LineBox> boxes = boxes_of(layout.lines);
  double widest = room_of(kWidths[std::size(kWidths) - 1]);
  for (const LineBox& box : boxes) widest = std::max(widest, box.width);
  layout.width = static_cast<int>(std::ceil(widest)) + 2 * kStoryMargin;
  layout.rows =
      break_rows(boxes, room_of(layout.width), std::numeric_limits<double>::max(), kGaps).value();
  layout.height = static_cast<int>(std::ceil(layout.rows.height + header(layout.width)));
  return layout;
}

}  // namespace

StoryLayout lay_out_story(const Story& story, Typesetter& type,
                          const std::function<double(int width)>& header) {
  const std::size_t largest = largest_extent(story);
  if (largest <= kMostNumbered) {
    if (auto layout = best_of(numbered(story, largest, type), story, type, header)) return *layout;
  }
  if (auto layout = best_of(colored(largest), story, type, header)) return *layout;
  return high_sheet(story, largest, type, header);
}

std::vector<StoryPlace> drawn_terms(const Story& story, const Rows& rows) {
  std::vector<StoryPlace> places;
  const std::size_t lines =
      std::min(story.revealed.value_or(story.lines.size()), story.lines.size());
  for (std::size_t line = 0; line < lines; ++line) {
    const bool first = std::find(rows.first.begin(), rows.first.end(), line) != rows.first.end();
    const std::size_t skipped = story.lines[line].continues && !first ? 1 : 0;
    for (std::size_t term = skipped; term < story.lines[line].terms.size(); ++term)
      places.push_back({line, term});
  }
  return places;
}

}  // namespace attn_viz::figure
