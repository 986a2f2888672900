// patchify: pictures as documents, and everything that can go wrong.
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "support/cli_pixels.hpp"
#include "support/cli_program.hpp"
#include "support/picture_files.hpp"

using namespace attn_viz::test;
using nlohmann::json;

namespace {

/// Levels that are all different, [height, width, 3].
std::vector<std::uint8_t> levels(std::size_t height, std::size_t width) {
  std::vector<std::uint8_t> rgb(3 * height * width);
  for (std::size_t i = 0; i < rgb.size(); ++i) rgb[i] = static_cast<std::uint8_t>(7 * i % 256);
  return rgb;
}

std::string picture(std::size_t height, std::size_t width) {
  return png_file(width, height, levels(height, width));
}

/// The document of a.png, on standard output.
json document_of(const TemporaryFolder& folder, std::vector<std::string> options) {
  options.insert(options.begin(), {"patchify", "a.png"});
  const Run run = folder.run(options);
  CHECK(run.err == "");
  REQUIRE(run.code == 0);
  return json::parse(run.out);
}

}  // namespace

TEST_CASE("patchify: 5 × 10 pixels are 50 vectors of 3 numbers") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(5, 10));
  const json document = document_of(folder, {"--patch", "1"});
  CHECK(document["patches"] == json{{"rows", 5}, {"columns", 10}, {"image", "a.png"}});
  const auto rgb = levels(5, 10);
  REQUIRE(document["embeddings"].size() == 50);
  for (std::size_t i = 0; i < rgb.size(); ++i) {
    CHECK(document["embeddings"][i / 3][i % 3].get<double>() == rgb[i] / 255.0);
  }
  // Pixels 13 and 27 are (1, 3) and (2, 7).
  folder.write("a.json", document.dump());
  REQUIRE(folder.run({"run", "a.json", "-o", "out", "--no-heatmaps"}).code == 0);
  const json trace = json::parse(folder.read("out/a/trace.json"));
  CHECK(trace["axes"]["token"]["labels"][13] == "1,3");
  CHECK(trace["axes"]["token"]["labels"][27] == "2,7");
}

TEST_CASE("patchify: a patch is a row, its pixels row by row") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(4, 6));
  const json rows = document_of(folder, {"--patch", "2"})["embeddings"];
  const auto rgb = levels(4, 6);
  REQUIRE(rows.size() == 6);
  for (std::size_t patch = 0; patch < 6; ++patch) {
    REQUIRE(rows[patch].size() == 12);
    for (std::size_t k = 0; k < 12; ++k) {
      const std::size_t row = patch / 3 * 2 + k / 6, column = patch % 3 * 2 + k / 3 % 2;
      CHECK(rows[patch][k].get<double>() == rgb[(row * 6 + column) * 3 + k % 3] / 255.0);
    }
  }
}

TEST_CASE("patchify: grey, decimals, another size, a class token, an embedding") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(2, 4));
  const json grey = document_of(folder, {"--patch", "2", "--gray", "--digits", "2"});
  CHECK(grey["embeddings"][0].size() == 4);
  const auto rgb = levels(2, 4);
  const double luma = (0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]) / 255;
  CHECK(grey["embeddings"][0][0] == std::round(100 * luma) / 100);

  const json small = document_of(folder, {"--patch", "1", "--resize", "2x1"});
  CHECK(small["patches"]["columns"] == 2);
  const double mean = (rgb[0] + rgb[3] + rgb[12] + rgb[15]) / 4.0 / 255;
  CHECK(std::abs(small["embeddings"][0][0].get<double>() - mean) < 1e-15);
  CHECK(small["patches"]["image"] == "a.png");

  const json token = document_of(folder, {"--patch", "2", "--class-token", "--embed", "5"});
  CHECK(token["patches"]["class_token"] == json{0, 0, 0, 0, 0});
  CHECK(token["embeddings"][1].size() == 5);
  const json other = document_of(folder, {"--patch", "2", "--embed", "5", "--seed", "1"});
  CHECK(token["embeddings"] != other["embeddings"]);
  CHECK(token["embeddings"] ==
        document_of(folder, {"--patch", "2", "--embed", "5", "--seed", "0"})["embeddings"]);
  CHECK(token["comment"].get<std::string>().find("random matrix E, 12 × 5, seed 0") !=
        std::string::npos);
}

TEST_CASE("patchify: E is linear, with the same matrix for every patch and picture") {
  const TemporaryFolder folder;
  folder.write("a.png", png_file(2, 1, {255, 0, 0, 0, 255, 0}));
  const json both = document_of(folder, {"--patch", "1", "--embed", "4"})["embeddings"];
  folder.write("a.png", png_file(1, 1, {255, 255, 0}));
  const json sum = document_of(folder, {"--patch", "1", "--embed", "4"})["embeddings"];
  for (std::size_t c = 0; c < 4; ++c) {
    const double parts = both[0][c].get<double>() + both[1][c].get<double>();
    CHECK(std::abs(sum[0][c].get<double>() - parts) < 1e-15);
  }
}

TEST_CASE("patchify: the image's path is relative to the document, and overlays find it") {
  const TemporaryFolder folder;
  folder.write("pictures/a.png", picture(4, 4));
  folder.write("documents/empty", "");
  const std::string file = "documents/a.json";
  CHECK(folder.run({"patchify", "pictures/a.png", "--patch", "2", "-o", file}) ==
        Run{0, "documents/a.json: 4 patches of 12 numbers\n", ""});
  CHECK(json::parse(folder.read(file))["patches"]["image"] == "../pictures/a.png");
  CHECK(folder.run({"heatmap", file, "-o", "out", "--style", "overlay"}).code == 0);
  CHECK(folder.run({"run", file, "-o", "out"}).code == 0);
}

TEST_CASE("patchify: sides that are no multiple of the patch") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(5, 7));
  CHECK(folder.run({"patchify", "a.png", "--patch", "2"}) ==
        Run{3, "",
            "attn-viz: a.png: patches of 2 × 2 pixels do not divide a picture of 7 × 5 pixels "
            "(width × height)\n"
            "  hint: add --crop (to 6 × 4) or --pad (to 8 × 6), or --resize\n"});
  const char* warning =
      "attn-viz: warning: the document names no image, because the patches do not cover the "
      "picture "
      "as it is\n"
      "  hint: --save-picture FILE.png writes the picture that they cover, for overlays\n";
  const Run cropped = folder.run({"patchify", "a.png", "--patch", "2", "--crop"});
  CHECK(cropped.err == warning);
  CHECK(json::parse(cropped.out)["patches"] == json{{"rows", 2}, {"columns", 3}});
  const Run padded = folder.run({"patchify", "a.png", "--patch", "2", "--pad"});
  CHECK(padded.err == warning);
  const json rows = json::parse(padded.out)["embeddings"];
  REQUIRE(rows.size() == 12);
  for (std::size_t k = 0; k < 12; ++k) {  // the last patch has one pixel of the picture
    const auto rgb = levels(5, 7);
    CHECK(rows[11][k] == (k < 3 ? rgb[(4 * 7 + 6) * 3 + k] / 255.0 : 0));
  }
  CHECK(folder.run({"patchify", "a.png", "--patch", "8", "--crop"}) ==
        Run{3, "",
            "attn-viz: a.png: patches of 8 × 8 pixels do not divide a picture of 7 × 5 pixels "
            "(width × height)\n"
            "  hint: take smaller patches, --resize, or --pad (to 8 × 8)\n"});
  // The picture that the patches cover.
  const json saved = document_of(folder, {"--patch", "2", "--crop", "--save-picture", "cut.png"});
  CHECK(saved["patches"]["image"] == "cut.png");
  const auto cut = decode_png(folder.read("cut.png"));
  CHECK(cut.width == 6);
  CHECK(cut.height == 4);
}

TEST_CASE("patchify: more patches than run takes are written with a warning") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(1, 1));
  const Run run =
      folder.run({"patchify", "a.png", "--patch", "1", "--gray", "--resize", "200x200"});
  CHECK(run.code == 0);
  CHECK(run.err ==
        "attn-viz: warning: 40000 patches: their attention weights alone would take 12 GiB, more "
        "than "
        "the 8 that run allows\n  hint: take larger patches, or --resize\n");
  folder.write("b.json", run.out);
  CHECK(folder.run({"run", "b.json", "-o", "out"}).code == 5);
}

TEST_CASE("patchify: standard input has no name") {
  const TemporaryFolder folder;
  const Run run = folder.run({"patchify", "-", "--patch", "1"}, picture(1, 2));
  CHECK(run.code == 0);
  const json document = json::parse(run.out);
  CHECK(document["patches"] == json{{"rows", 1}, {"columns", 2}});
  CHECK(document["title"] == "a picture: 1 × 2 pixels");
  CHECK(document["comment"] ==
        "a picture: a row for each pixel; red, green and blue from 0 to 1. Made by attn-viz "
        "patchify.");
}

TEST_CASE("patchify: grey, 16 bits, transparent pictures and JPEGs are read") {
  const TemporaryFolder folder;
  const PngKind deep{.color_type = PNG_COLOR_TYPE_GRAY, .depth = 16};
  folder.write("a.png", png_file(1, 1, {0x80, 0x80}, deep));
  CHECK(document_of(folder, {"--patch", "1"})["embeddings"][0][2] == 128 / 255.0);
  const PngKind transparent{.color_type = PNG_COLOR_TYPE_RGB_ALPHA};
  folder.write("a.png", png_file(1, 1, {10, 20, 30, 0}, transparent));
  CHECK(document_of(folder, {"--patch", "1"})["embeddings"][0] == json{1, 1, 1});
  folder.write("a.png", jpeg_file(8, 8, std::vector<std::uint8_t>(64, 100), 1));
  CHECK(document_of(folder, {"--patch", "8", "--gray", "--digits", "1"})["embeddings"][0][0] ==
        0.4);
}

TEST_CASE("patchify: errors leave no file") {
  const TemporaryFolder folder;
  folder.write("a.png", picture(2, 2));
  const auto error = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"patchify", "a.png", "-o", "a.json"});
    const Run run = folder.run(options);
    CHECK(run.out == "");
    return std::to_string(run.code) + " " + run.err;
  };
  CHECK(error({"--patch", "0"}) ==
        "2 attn-viz: --patch: expected a whole number of pixels from 1 to 1048576, got \"0\"\n");
  CHECK(error({"--patch", "1.5"}).substr(0, 1) == "2");
  CHECK(error({"--patch", "1", "--resize", "10"}) ==
        "2 attn-viz: --resize: expected WIDTHxHEIGHT in pixels, such as 224x224, at most 1048576 "
        "each, got \"10\"\n");
  CHECK(error({"--patch", "1", "--crop", "--pad"}) ==
        "2 attn-viz: --pad: expected --crop or --pad, not both\n");
  CHECK(error({"--patch", "1", "--seed", "1"}) ==
        "2 attn-viz: --seed: it seeds the random matrix of --embed\n");
  CHECK(error({"--patch", "1", "--digits", "0"}).substr(0, 1) == "2");
  CHECK(error({}).substr(0, 1) == "2");
  CHECK(error({"--patch", "1", "--resize", "4000x4000"}) ==
        "5 attn-viz: a.png: a document of 4000 × 4000 pixels would hold 48000000 numbers; at most "
        "10000000 can be written\n  hint: make the picture smaller with --resize\n");
  CHECK(error({"--patch", "1048576", "--pad"}).substr(0, 1) == "5");
  CHECK(error({"--patch", "2", "--embed", "100000000"}).substr(0, 1) == "5");
  folder.write("a.png", "not a picture");
  CHECK(error({"--patch", "1"}) == "3 attn-viz: a.png: expected a PNG or JPEG picture\n");
  CHECK(folder.run({"patchify", "b.png", "--patch", "1"}).code == 4);
  folder.write("a.png", picture(2, 2));
  CHECK(folder.run({"patchify", "a.png", "--patch", "1", "-o", "none/a.json"}).code == 4);
  CHECK(folder.list() == std::vector<std::string>{"a.png"});
}
