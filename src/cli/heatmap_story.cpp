#include "cli/heatmap_story.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <optional>

#include "attn_viz/core/files.hpp"
#include "attn_viz/core/parallel.hpp"
#include "attn_viz/figure/animation.hpp"
#include "cli/arguments.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

constexpr std::size_t kLongestDelay = 60'000;

/// The frames in every format, and the PNGs once more as one that moves.
std::vector<char32_t> draw_frames(const figure::Story& story, const StoryRequest& request,
                                  const std::vector<figure::Format>& formats,
                                  const std::filesystem::path& folder) {
  const std::vector<figure::Story> frames = figure::frames_of(story);
  const std::size_t digits = std::max<std::size_t>(2, std::to_string(frames.size()).size());
  std::vector<std::string> pngs(frames.size());
  std::vector<char32_t> missing;
  const std::size_t share = (frames.size() + parallel_width() - 1) / parallel_width();
  parallel_for(frames.size(), share, [&](std::size_t first, std::size_t last) {
    figure::Painter painter;
    for (std::size_t i = first; i < last; ++i) {
      const auto write = [&](figure::Format format, const std::string& bytes) {
        write_file(folder / fmt::format("frame-{:0{}}.{}", i + 1, digits, name_of(format)), bytes);
      };
      for (const figure::Format format : formats) {
        figure::Picture picture = painter.paint(frames[i], format);
        write(format, picture.bytes);
        if (i == 0) missing = picture.missing_glyphs;
        if (format == figure::Format::kPng) pngs[i] = std::move(picture.bytes);
      }
      if (request.animation && pngs[i].empty()) {
        pngs[i] = painter.paint(frames[i], figure::Format::kPng).bytes;
      }
    }
  });
  if (request.animation) {
    std::vector<figure::AnimationFrame> moving;
    for (const std::string& png : pngs) moving.push_back({png, request.delay});
    moving.back().milliseconds = 3 * request.delay;
    write_file(folder / "frames.png", figure::animate(moving));
  }
  return missing;
}

}  // namespace

void add_story_options(CLI::App& command, StoryRequest& request) {
  add_flag(command, "--story", request.sheet,
           "The whole computation of one head on one sheet: story.png");
  add_flag(command, "--frames", request.frames,
           "The same, revealed step by step: frame-01.png, …, and frames.png, which moves");
  add_text_option(command, "--animation", "NAME", "Of --frames: apng (default) or none",
                  [&request](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"apng", "none"};
                    request.animation = expect_name("--animation", "animation", text, kKnown) == 0;
                  });
  add_text_option(command, "--delay", "MS",
                  "How long a frame stands (default 1500; the last, three times)",
                  [&request](const std::string& text) {
                    const auto delay = parse_number<std::size_t>(text);
                    if (!delay || *delay < 20 || *delay > kLongestDelay) {
                      throw bad_value("--delay", "milliseconds from 20 to 60000", text);
                    }
                    request.delay = *delay;
                  });
  add_text_option(command, "--block", "NAME",
                  "Of --story and --frames: self (default), cross or encoder",
                  [&request](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"self", "cross", "encoder"};
                    using Block = figure::StoryOptions::Block;
                    constexpr Block kBlocks[] = {Block::kSelf, Block::kCross, Block::kEncoder};
                    request.block = kBlocks[expect_name("--block", "block", text, kKnown)];
                  });
}

std::vector<char32_t> draw_story(const Trace& trace, const StoryRequest& request,
                                 const figure::StoryOptions& options,
                                 const std::vector<figure::Format>& formats,
                                 const std::string& folder) {
  figure::StoryOptions chosen = options;
  chosen.block = request.block;
  const figure::Story story = figure::story_of(trace, chosen);
  std::vector<char32_t> missing;
  if (request.sheet) missing = write_figures({{"story", story}}, formats, folder);
  if (request.frames) {
    const std::vector<char32_t> more = draw_frames(story, request, formats, folder);
    std::vector<char32_t> all;
    std::set_union(missing.begin(), missing.end(), more.begin(), more.end(),
                   std::back_inserter(all));
    missing = std::move(all);
  }
  return missing;
}

}  // namespace attn_viz::cli
