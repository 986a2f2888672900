// Pictures as vectors, by the program: what pdftotext finds, lines between tokens, fonts.
#include <cstdio>
#include <memory>
#include <string>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

constexpr char kManyScripts[] = R"({
  "title": "Weights < 1 & more: 注意力",
  "tokens": ["<b>", "שלום", "العربية", "注意力", "👩‍🔬", "a\nb"],
  "embeddings": [[1, 0], [0, 1], [1, 1], [2, 1], [0, 2], [1, 2]]
})";

/// What pdftotext reads, without the marks of direction that it adds.
std::string text_of_pdf(const TemporaryFolder& folder, const std::string& name) {
  const std::string command =
      "pdftotext -enc UTF-8 '" + (folder.path() / name).string() + "' - 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string text;
  char block[4096];
  for (std::size_t size; pipe && (size = fread(block, 1, sizeof block, pipe.get())) > 0;)
    text.append(block, size);
  for (const std::string mark : {"\u202A", "\u202B", "\u202C", "\u200E", "\u200F"})
    for (std::size_t at; (at = text.find(mark)) != std::string::npos;) text.erase(at, mark.size());
  return text;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

}  // namespace

TEST_CASE("vector pictures: pdftotext finds every text, in every script") {
  const TemporaryFolder folder;
  folder.write("a.json", kManyScripts);
  REQUIRE(folder.run({"run", "a.json", "-o", "out", "--format", "pdf"}).code == 0);
  REQUIRE(folder.run({"heatmap", "a.json", "-o", "lines", "--style", "lines", "--format", "pdf"})
              .code == 0);
  for (const std::string name :
       {"out/a/heatmaps/layer0-head0-weights.pdf", "lines/layer0-lines.pdf"}) {
    CAPTURE(name);
    const std::string text = text_of_pdf(folder, name);
    CHECK(contains(text, "Weights < 1 & more: 注意力"));
    CHECK(contains(text, "queries"));
    CHECK(contains(text, "keys"));
    // As a row and as a column.
    for (const char* label : {"<b>", "שלום", "العربية", "👩‍🔬", "a↵b"}) {
      CAPTURE(label, text);
      CHECK(count(text, label) == 2);
    }
    CHECK(count(text, "注意力") == 3);
  }
  CHECK(contains(text_of_pdf(folder, "out/a/heatmaps/layer0-head0-weights.pdf"), "weight, 0 to 1"));
  CHECK(contains(text_of_pdf(folder, "lines/layer0-lines.pdf"), "head 0"));
}

TEST_CASE("vector pictures: lines for each layer, with the chosen heads and query") {
  const TemporaryFolder folder;
  CHECK(folder
            .run({"heatmap", sample("encoder-decoder.json"), "-o", "out", "--style", "lines",
                  "--format", "svg"})
            .code == 0);
  CHECK(folder.list("out") == std::vector<std::string>{"encoder-layer0-lines.svg",
                                                       "layer0-cross-lines.svg",
                                                       "layer0-lines.svg"});
  CHECK(folder
            .run({"heatmap", sample("alice.json"), "-o", "out", "--style", "lines", "--format",
                  "svg", "--head", "1", "--query", "sitting"})
            .code == 0);
  const std::string svg = folder.read("out/layer0-lines.svg");
  CHECK(contains(svg, ">head 1</text>"));
  CHECK_FALSE(contains(svg, ">head 0</text>"));
  CHECK(contains(svg, "Layer 0: weights, of query 8 (&quot;sitting&quot;)"));
}

TEST_CASE("vector pictures: wrong words are told") {
  const TemporaryFolder folder;
  folder.write("a.json", kManyScripts);
  auto error_of = [&](std::vector<std::string> more, int code = 2) {
    more.insert(more.begin(), {"heatmap", "a.json", "-o", "out"});
    const Run run = folder.run(more);
    CHECK(run.code == code);
    return run.err;
  };
  CHECK(error_of({"--style", "line"}) ==
        "attn-viz: --style: unknown style \"line\"; expected one of heatmap, lines, "
        "overlay\n"
        "  hint: did you mean \"lines\"?\n");
  CHECK(contains(error_of({"--query", "9", "--style", "lines"}, 3),
                 "there is no query \"9\"; expected an index from 0 to 5 or a label"));
  CHECK(contains(error_of({"--head", "3", "--style", "lines"}, 3), "head"));
  CHECK(error_of({"--font", "DejaVu Sanz"}) ==
        "attn-viz: --font: no font of the family \"DejaVu Sanz\" is installed\n"
        "  hint: did you mean \"DejaVu Sans\"?\n");
  CHECK(contains(error_of({"--font", "Qqqqqqqqqq"}), "fc-list : family"));
}

TEST_CASE("vector pictures: --font sets all texts, letter case ignored") {
  const TemporaryFolder folder;
  folder.write("a.json", kManyScripts);
  const std::vector<std::string> options = {"a.json",           "-o",       "out",        "--font",
                                            "dejavu SANS mono", "--format", "svg,pdf,png"};
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"run"}, {"heatmap", "--style", "lines"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), options.begin(), options.end());
    REQUIRE(folder.run(arguments).code == 0);
    const std::string place = command[0] == "run" ? "out/a/heatmap" : "out/layer0-lines";
    const std::string svg = folder.read(place + ".svg");
    CHECK(contains(svg, "font-family=\"'DejaVu Sans Mono',monospace\""));
    CHECK_FALSE(contains(svg, "font-family=\"'DejaVu Sans',"));
    CHECK(contains(folder.read(place + ".pdf"), "DejaVuSansMono"));
  }
  REQUIRE(folder.run({"run", "a.json", "-o", "plain"}).code == 0);
  CHECK(folder.read("plain/a/heatmap.png") != folder.read("out/a/heatmap.png"));
}

TEST_CASE("vector pictures: a missing glyph is reported once, by name, over all inputs") {
  const TemporaryFolder folder;
  const std::string document =
      "{\"tokens\": [\"x\U0001F130\uFFF9\"], \"embeddings\": [[1]], \"title\": \"\U00012000\"}";
  for (const char* name : {"a.json", "b.json", "c.json"}) folder.write(name, document);
  const Run run = folder.run({"run", "a.json", "b.json", "c.json", "-o", "out"});
  CHECK(run.code == 0);
  CHECK(count(run.err, "warning") == 1);
  CHECK(contains(run.err, "a.json and 2 other inputs: no installed font has"));
  CHECK(count(run.err, "(U+12000 CUNEIFORM SIGN A)") == 1);
}
