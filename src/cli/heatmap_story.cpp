#include "cli/heatmap_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "attn_viz/core/files.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/figure/animation.hpp"
#include "cli/arguments.hpp"
#include "cli/heatmap.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

constexpr std::size_t kLongestDelay = 60'000;

/// The number of a layer or head: a story is told of one.
std::size_t one_of(const std::string& option, const std::optional<std::string>& text) {
  const auto number = parse_number<std::size_t>(text.value_or("0"));
  if (!number) throw bad_value(option, "one whole number for a story", *text);
  return *number;
}

/// "frame-01" of the first of 8, "frame-001" of the first of 100.
std::string frame_name(std::size_t index, std::size_t count) {
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(count).size());
  return fmt::format("frame-{:0{}}", index + 1, digits);
}

/// The PNGs as one that moves; the last stands longest.
std::string animation_of(const std::vector<std::string>& pngs, std::size_t delay) {
  std::vector<figure::AnimationFrame> frames;
  for (const std::string& png : pngs) frames.push_back({png, delay});
  frames.back().milliseconds = 3 * delay;
  return figure::animate(frames);
}

/// The frames in every format, and frames.png.
void draw_frames(const figure::Story& story, const HeatmapRequest& request, DrawnStory& drawn) {
  const std::filesystem::path folder = request.output;
  const std::vector<figure::Format>& formats = request.formats;
  const std::vector<figure::Story> frames = figure::frames_of(story);
  const std::size_t count = frames.size();
  std::vector<std::string> pngs(count);
  std::vector<std::vector<char32_t>> missing(count);
  const std::size_t share = (count + parallel_width() - 1) / parallel_width();
  parallel_for(count, share, [&](std::size_t first, std::size_t last) {
    figure::Painter painter(request.fonts);
    for (std::size_t i = first; i < last; ++i) {
      for (const figure::Format format : formats) {
        figure::Picture picture = painter.paint(frames[i], format, request.dpi);
        write_file(folder / fmt::format("{}.{}", frame_name(i, count), name_of(format)),
                   picture.bytes);
        missing[i] = picture.missing_glyphs;
        if (format == figure::Format::kPng) pngs[i] = std::move(picture.bytes);
      }
      if (request.story.animation && pngs[i].empty()) {
        pngs[i] = painter.paint(frames[i], figure::Format::kPng, request.dpi).bytes;
      }
    }
  });
  drawn.missing_glyphs = missing[0];  // the same for all: every text of the story
  for (const figure::Format format : formats) {
    const auto name = [&](std::size_t i) {
      return fmt::format("{}.{}", frame_name(i, count), name_of(format));
    };
    drawn.files += (drawn.files.empty() ? "" : ", ") + name(0);
    if (count > 1) drawn.files += " to " + name(count - 1);
  }
  if (!request.story.animation) return;
  write_file(folder / "frames.png", animation_of(pngs, request.story.delay));
  drawn.files += ", frames.png";
}

}  // namespace

void add_story_options(Command& command, StoryRequest& request) {
  command.keep("--story", &request.sheet,
               "The whole computation of one head on one sheet: story.png");
  command.keep("--frames", &request.frames,
               "The same, revealed step by step: frame-01.png, …, and frames.png, which moves");
  command.text("--animation", "NAME", "Of --frames: apng (default) or none",
               [&request](const std::string& text) {
                 constexpr std::string_view kKnown[] = {"apng", "none"};
                 request.animation = expect_name("--animation", "animation", text, kKnown) == 0;
               });
  command.text("--delay", "MS", "How long a frame stands (default 1500; the last, three times)",
               [&request](const std::string& text) {
                 const auto delay = parse_number<std::size_t>(text);
                 if (!delay || *delay < 20 || *delay > kLongestDelay) {
                   throw bad_value("--delay", "milliseconds from 20 to 60000", text);
                 }
                 request.delay = *delay;
               });
  command.text("--block", "NAME", "Of --story and --frames: self (default), cross or encoder",
               [&request](const std::string& text) {
                 constexpr std::string_view kKnown[] = {"self", "cross", "encoder"};
                 using Block = figure::StoryOptions::Block;
                 constexpr Block kBlocks[] = {Block::kSelf, Block::kCross, Block::kEncoder};
                 request.block = kBlocks[expect_name("--block", "block", text, kKnown)];
               });
}

DrawnStory draw_story(const Trace& trace, const HeatmapRequest& request) {
  figure::StoryOptions options;
  options.block = request.story.block;
  options.layer = one_of("--layer", request.selection.steps.layer);
  options.head = one_of("--head", request.selection.steps.head);
  options.query = one_query(request.selection, "a story");
  options.look = request.look;
  figure::Story story = figure::story_of(trace, options);
  if (request.look.title) story.title = *request.look.title;
  make_folder(request.output);
  DrawnStory drawn;
  if (request.story.sheet) {
    drawn.missing_glyphs = paint_figures({{"story", story}}, request.formats, request.output,
                                         request.dpi, request.fonts)
                               .missing_glyphs;
    for (const figure::Format format : request.formats) {
      drawn.files += fmt::format("{}story.{}", drawn.files.empty() ? "" : ", ", name_of(format));
    }
  }
  if (request.story.frames) draw_frames(story, request, drawn);
  return drawn;
}

}  // namespace attn_viz::cli
