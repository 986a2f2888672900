// heatmap --story and --frames: which files they write, and what they refuse.
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_pixels.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

std::string text_of(std::size_t number) {
  return std::to_string(number + 100).substr(1);
}

}  // namespace

TEST_CASE("--story writes one sheet in every format") {
  const TemporaryFolder folder;
  CHECK(folder.run({"heatmap", sample("three-tokens.json"), "-o", "out", "--story", "--format",
                    "png,svg,pdf"}) == Run{0, "out: story.png, story.svg, story.pdf\n", ""});
  CHECK(folder.list("out") == std::vector<std::string>{"story.pdf", "story.png", "story.svg"});
  const Pixels sheet = decode_png(folder.read("out/story.png"));
  CHECK(sheet.width * 9 == sheet.height * 16);
}

TEST_CASE("--frames writes numbered pictures of one size, and one that moves") {
  const TemporaryFolder folder;
  CHECK(folder.run({"heatmap", sample("three-tokens.json"), "-o", "out", "--frames", "--story",
                    "--delay", "250"}) ==
        Run{0, "out: story.png, frame-01.png to frame-08.png, frames.png\n", ""});
  std::vector<std::string> expected;
  for (std::size_t k = 1; k <= 8; ++k) expected.push_back("frame-" + text_of(k) + ".png");
  expected.insert(expected.end(), {"frames.png", "story.png"});
  CHECK(folder.list("out") == expected);
  const Pixels sheet = decode_png(folder.read("out/story.png"));
  for (std::size_t k = 0; k < 8; ++k) {
    const Pixels frame = decode_png(folder.read("out/" + expected[k]));
    CHECK(frame.width == sheet.width);
    CHECK(frame.height == sheet.height);
  }
  const std::string moving = folder.read("out/frames.png");
  CHECK(decode_png(moving).rgb == decode_png(folder.read("out/frame-01.png")).rgb);
  // The first frame control: 250 thousandths.
  const std::size_t control = moving.find("fcTL");
  REQUIRE(control != std::string::npos);
  CHECK(moving.substr(control + 24, 4) == std::string("\x00\xfa\x03\xe8", 4));

  CHECK(folder.run({"heatmap", sample("three-tokens.json"), "-o", "still", "--frames", "--format",
                    "svg", "--animation", "none"}) ==
        Run{0, "still: frame-01.svg to frame-08.svg\n", ""});
  CHECK(folder.list("still").size() == 8);
  CHECK(folder.list("still").front() == "frame-01.svg");
}

TEST_CASE("--story chooses layer, head and query, and says what there is") {
  const TemporaryFolder folder;
  const auto story = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"heatmap", sample("alice.json"), "-o", "out", "--story"});
    return folder.run(options);
  };
  CHECK(story({"--head", "1", "--query", "tired", "--theme", "dark"}).code == 0);
  const auto refused = [&](const std::vector<std::string>& options, int code,
                           const std::string& message) {
    const Run run = story(options);
    INFO(run);
    CHECK(run.code == code);
    CHECK(run.err.find(message) != std::string::npos);
  };
  refused({"--head", "2"}, 3, "alice.json: there is no head 2 in layer 0; expected 0 to 1");
  refused({"--layer", "1"}, 3, "there is no layer 1; expected 0 to 0");
  refused({"--query", "nobody"}, 3, "there is no query \"nobody\"; expected an index from 0 to 11");
  refused({"--block", "cross"}, 3, "there is no head of cross-attention in this file");
  refused({"--head", "0-1"}, 2, "--head: expected one whole number for a story, got \"0-1\"");
  refused({"--block", "decoder"}, 2, "--block");
  refused({"--delay", "0"}, 2, "--delay: expected milliseconds from 20 to 60000, got \"0\"");
  refused({"--animation", "mp4"}, 2, "--animation");
}
