// heatmap --style overlay: files that appear, pictures that are found or not, and errors.
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "support/cli_pixels.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

constexpr char kPatches[] = R"({"patches": {"rows": 1, "columns": 2, "image": "p.png"},
  "embeddings": [[1, 0], [0, 1]], "attention": {"weights": "identity"}})";

std::vector<std::string> overlay(const std::string& file, std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"heatmap", file, "-o", "out", "--style", "overlay"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

}  // namespace

TEST_CASE("overlay: the sample's picture is found beside it; PNG, SVG and PDF") {
  const TemporaryFolder folder;
  CHECK(folder.run(overlay(sample("cat.json"), {"--format", "png,svg,pdf"})).code == 0);
  CHECK(folder.list("out") == std::vector<std::string>{"layer0-head0-overlay-query25.pdf",
                                                       "layer0-head0-overlay-query25.png",
                                                       "layer0-head0-overlay-query25.svg"});
  CHECK(decode_png(folder.read("out/layer0-head0-overlay-query25.png")).width > 800);
  const std::string svg = folder.read("out/layer0-head0-overlay-query25.svg");
  CHECK(svg.find("data:image/png;base64,") != std::string::npos);
}

TEST_CASE("overlay: the same bytes from the document and from its trace with --image") {
  const TemporaryFolder folder;
  REQUIRE(folder.run({"run", sample("vit-class-token.json"), "-o", "t", "--no-heatmaps"}).code ==
          0);
  const std::vector<std::string> more{"--query",      "[CLS]",    "--query",   "mean",
                                      "--overlay-by", "bilinear", "--opacity", "0.8"};
  REQUIRE(folder.run(overlay(sample("vit-class-token.json"), more)).code == 0);
  const std::string direct = folder.read("out/layer0-head0-overlay.png");
  CHECK(folder.run(overlay("t/vit-class-token/trace.json", more)) ==
        Run{4, "",
            "attn-viz: t/vit-class-token/cat.png: cannot be read: No such file or directory\n"
            "  hint: the picture stands beside the document; elsewhere it is given with --image "
            "FILE\n"});
  auto with_image = more;
  with_image.insert(with_image.end(), {"--image", sample("cat.png")});
  REQUIRE(folder.run(overlay("t/vit-class-token/trace.json", with_image)).code == 0);
  CHECK(folder.read("out/layer0-head0-overlay.png") == direct);
}

TEST_CASE("overlay: pictures that are missing, are none, or are not named") {
  const TemporaryFolder folder;
  folder.write("a.json", kPatches);
  CHECK(folder.run(overlay("a.json")).code == 4);
  folder.write("p.png", "not a picture");
  CHECK(folder.run(overlay("a.json")) ==
        Run{3, "", "attn-viz: p.png: expected a PNG or JPEG picture\n"});
  CHECK(folder.run(overlay("a.json", {"--image", "none.png"})) ==
        Run{4, "", "attn-viz: none.png: cannot be read: No such file or directory\n"});
  const std::string cat = read_bytes(sample("cat.png"));
  folder.write("p.png", std::string_view(cat).substr(0, cat.size() / 2));
  const Run cut = folder.run(overlay("a.json"));
  CHECK(cut.code == 3);
  CHECK(cut.err.substr(0, 43) == "attn-viz: p.png: the PNG cannot be read: re");
  folder.write("b.json",
               R"({"patches": {"rows": 1, "columns": 2}, "embeddings": [[1, 0], [0, 1]]})");
  CHECK(folder.run(overlay("b.json")) ==
        Run{3, "",
            "attn-viz: b.json: the patches have no image to lay weights over\n"
            "  hint: give the picture with --image FILE, or name it in the document: \"patches\": "
            "{…, \"image\": \"cat.png\"}\n"});
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out"));
}

TEST_CASE("overlay: a document on standard input has its picture in the working folder") {
  const TemporaryFolder folder;
  folder.write("p.png", read_bytes(sample("cat.png")));
  CHECK(folder.run(overlay("-"), kPatches).code == 0);
  CHECK(folder.list("out") == std::vector<std::string>{"layer0-head0-overlay-query1.png"});
}

TEST_CASE("overlay: options and their errors") {
  const TemporaryFolder folder;
  const std::string cat = sample("cat.json");
  const auto error = [&](std::vector<std::string> more) {
    const Run run = folder.run(overlay(cat, std::move(more)));
    return std::to_string(run.code) + " " + run.err;
  };
  CHECK(error({"--opacity", "2"}) ==
        "2 attn-viz: --opacity: expected a number from 0 to 1, got \"2\"\n");
  CHECK(error({"--opacity", "nan"}).substr(0, 1) == "2");
  CHECK(error({"--overlay-by", "cells"}) ==
        "2 attn-viz: --overlay-by: unknown interpolation \"cells\"; expected one of cell, "
        "bilinear\n  hint: did you mean \"cell\"?\n");
  CHECK(error({"--query", "0", "--key", "0"}) ==
        "2 attn-viz: --key: a map is of queries or of keys, not of both\n"
        "  hint: leave out --query or --key\n");
  CHECK(error({"--query", "50"}).find("there is no query \"50\"") != std::string::npos);
  CHECK(error({"--layer", "1"}).substr(0, 1) == "3");
  CHECK(folder.run({"heatmap", cat, "-o", "out", "--opacity", "0.5"}) ==
        Run{2, "", "attn-viz: --opacity: not for heatmaps\n  hint: add --style overlay\n"});
  CHECK(folder.run(overlay(sample("three-tokens.json"))).code == 3);
  CHECK(folder.list().empty());
}

TEST_CASE(
    "overlay: maps of self attention distillation, over the picture that the document names") {
  const TemporaryFolder folder;
  const std::string sad = sample("self-attention-distillation.json");
  CHECK(folder.run(overlay(sad)) == Run{0, "out: sum_power-overlay.png\n", ""});
  CHECK(folder.run(overlay(sad, {"--step", "student", "--format", "svg"})) ==
        Run{0, "out: student-overlay.svg\n", ""});
  // A trace stands elsewhere; the picture is given.
  REQUIRE(folder.run({"run", sad, "-o", "t", "--no-heatmaps"}).code == 0);
  const std::string direct = folder.read("out/sum_power-overlay.png");
  const std::string trace = "t/self-attention-distillation/trace.json";
  CHECK(folder.run(overlay(trace)).code == 4);
  CHECK(folder.run(overlay(trace, {"--image", sample("cat.png")})).code == 0);
  CHECK(folder.read("out/sum_power-overlay.png") == direct);
}

TEST_CASE("overlay: weights and maps of other mechanisms on maps") {
  const TemporaryFolder folder;
  const auto drawn = [&](const std::string& name, std::vector<std::string> more = {}) {
    return folder.run(overlay(sample(name), std::move(more))).out;
  };
  CHECK(drawn("criss-cross-attention.json", {"--query", "5,16"}) ==
        "out: recurrence0-overlay-query116.png, recurrence1-overlay-query116.png\n");
  CHECK(drawn("criss-cross-attention.json", {"--step", "output"}) == "out: output-overlay.png\n");
  CHECK(drawn("strip-attention.json", {"--key", "3"}) ==
        "out: columns-overlay-key3.png, rows-overlay-key3.png\n");
  CHECK(drawn("strip-attention.json", {"--query", "5,16"}) ==
        "out: columns-overlay-query116.png, rows-overlay-query116.png\n");
  CHECK(drawn("mixed-pooling.json", {"--step", "long_range/*_convolution/*"}) ==
        "out: convolved-overlay.png\n");
  CHECK(
      folder.run(overlay(sample("mixed-pooling.json"), {"--step", "long_range/*/kernel"})) ==
      Run{2, "",
          "attn-viz: --step: none of the 2 steps of \"long_range/*/kernel\" holds feature maps or "
          "weights of patches, to lay over a picture\n"
          "  hint: draw other steps with --style heatmap\n"});
  CHECK(drawn("attention-fusion.json") ==
        "out: upsampled-overlay.png, gate-values-overlay.png, output-overlay.png\n");
  CHECK(drawn("spatial-pyramid-pooling.json") == "out: pooled-overlay.png\n");
}

TEST_CASE(
    "overlay, lines and stories: what has no patches, maps or heads is refused in its words") {
  const TemporaryFolder folder;
  const auto fault = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.begin(), {"heatmap", sample(name), "-o", "out"});
    const Run run = folder.run(more);
    CHECK(run.out == "");
    const auto begin = run.err.find(".json: ");
    return std::to_string(run.code) + " " +
           run.err.substr(begin == std::string::npos ? 0 : begin + 7);
  };
  const char* sad = "self-attention-distillation.json";
  const std::string maps =
      "  hint: run draws its maps, and --style overlay lays them over their picture\n";
  const std::string results = "  hint: run draws its results, and --step NAME any of its steps\n";
  CHECK(
      fault(sad, {"--story"}) ==
      "3 a story is told of a head of attention; the mechanism \"self-attention-distillation\" has "
      "no heads\n" +
          maps);
  CHECK(fault("recurrence.json", {"--frames"}) ==
        "3 a story is told of a head of attention; the mechanism \"recurrence\" has no heads\n" +
            results);
  CHECK(fault(sad, {"--style", "lines"}) ==
        "3 lines join tokens by weights; the mechanism \"self-attention-distillation\" has none\n" +
            maps);
  CHECK(fault("recurrence.json", {"--style", "overlay"}) ==
        "3 an overlay lays weights of patches or feature maps over a picture; the mechanism "
        "\"recurrence\" has neither\n" +
            results);
  CHECK(fault("adaptive-pooling.json", {}) ==
        "3 the mechanism \"adaptive-pooling\" has no weights; expected the name of a step, one of "
        "input/maps, output\n  hint: choose one with --step\n");
  CHECK(fault(sad, {"--style", "overlay", "--query", "0"}) ==
        "2 attn-viz: --query: maps have no queries, keys or heads\n"
        "  hint: leave it out, or choose weights with --step\n");
  CHECK(fault("cat.json", {"--style", "overlay", "--step", "scores"}) ==
        "2 attn-viz: --step: expected weights of patches, or feature maps, to lay over a picture\n"
        "  hint: draw other steps with --style heatmap\n");
  CHECK(fault("lane-losses.json", {"--style", "overlay"}) ==
        "3 there is no image to lay the maps over\n"
        "  hint: give the picture with --image FILE, or name it in the document: \"image\": "
        "\"cat.png\"\n");
  CHECK(folder.list().empty());
}
