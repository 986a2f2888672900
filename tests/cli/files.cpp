// Which files a run writes, and that nothing else is left: no half of a file, no passing file.
#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;
namespace fs = std::filesystem;
using Paths = std::vector<std::string>;

namespace {

constexpr char kBad[] = R"({"embeddings": [[1], [2, 3]]})";
constexpr char kBadError[] =
    "attn-viz: bad.json: /embeddings/1: expected a row of 1 like row 0, got 2\n";

/// What a run on one document, a.json, leaves below out/a/.
Paths written(const std::string& document, const std::vector<std::string>& options,
              const std::string& summary) {
  const TemporaryFolder folder;
  folder.write("a.json", document);
  std::vector<std::string> arguments{"run", "a.json", "-o", "out"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  CHECK(folder.run(arguments) == Run{0, "out/a: " + summary + "\n", ""});
  if (!fs::exists(folder.path() / "out")) return {};
  CHECK(folder.list("out").front() == "a/");
  return folder.list("out/a");
}

}  // namespace

TEST_CASE("files: one head") {
  CHECK(written(kDocument, {}, "trace.json, heatmap.png, 1 figure in heatmaps/") ==
        Paths{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights.png", "trace.json"});
}

TEST_CASE("files: several heads") {
  CHECK(written(kDocument, {"--heads", "2"}, "trace.json, heatmap.png, 2 figures in heatmaps/") ==
        Paths{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights.png",
              "heatmaps/layer0-head1-weights.png", "trace.json"});
}

TEST_CASE("files: cross-attention") {
  CHECK(written(R"({"embeddings": [[1, 0]], "context": {"embeddings": [[1, 0], [0, 1]]}})", {},
                "trace.json, heatmap.png, 1 figure in heatmaps/") ==
        Paths{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights.png", "trace.json"});
}

TEST_CASE("files: patches have a map of the chosen query") {
  const std::string patches =
      R"({"patches": {"rows": 2, "columns": 3}, "embeddings": [[1], [2], [3], [4], [5], [6]]})";
  const std::string summary = "trace.json, heatmap.png, 2 figures in heatmaps/";
  const auto map = [](const std::string& query) {
    return Paths{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights-query" + query + ".png",
                 "heatmaps/layer0-head0-weights.png", "trace.json"};
  };
  CHECK(written(patches, {}, summary) == map("4"));  // the middle: row 1, column 1
  CHECK(written(patches, {"--query", "2"}, summary) == map("2"));
  CHECK(written(patches, {"--query", "1,2"}, summary) == map("5"));
}

TEST_CASE("files: a query that is not there writes nothing") {
  const TemporaryFolder folder;
  folder.write("a.json", R"({"patches": {"rows": 1, "columns": 2}, "embeddings": [[1], [2]]})");
  for (const char* query : {"2", "-1", "1,0", "x"}) {
    CHECK(folder.run({"run", "a.json", "-o", "out", "--query", query}) ==
          Run{3, "",
              std::string("attn-viz: a.json: there is no query \"") + query +
                  "\"; expected an index from 0 to 1 or a label (row,column)\n"});
  }
  CHECK(folder.list() == Paths{"a.json"});
}

TEST_CASE("files: a query has a map only where keys are patches") {
  const TemporaryFolder folder;
  folder.write("a.json", R"({"tokens": ["a", "b"], "embeddings": [[1], [2]]})");
  CHECK(folder.run({"run", "a.json", "-o", "out", "--query", "1"}) ==
        Run{2, "",
            "attn-viz: a.json: --query: expected keys that are patches, but none are\n"
            "  hint: leave it out, or give the document \"patches\" (rows and columns)\n"});
  CHECK(folder.list() == Paths{"a.json"});
}

TEST_CASE("files: --draw all draws every step of the trace") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  CHECK(folder.run({"run", "a.json", "-o", "out", "--draw", "all", "--causal"}) ==
        Run{0, "out/a: trace.json, heatmap.png, 16 figures in heatmaps/\n", ""});
  Paths expected{"heatmap.png", "heatmaps/", "trace.json"};
  for (const char* name :
       {"input-embeddings", "layer0-W_O", "layer0-attention_output", "layer0-concat",
        "layer0-head0-W_K", "layer0-head0-W_Q", "layer0-head0-W_V", "layer0-head0-key",
        "layer0-head0-masked_scores", "layer0-head0-output", "layer0-head0-query",
        "layer0-head0-scaled_scores", "layer0-head0-scores", "layer0-head0-value",
        "layer0-head0-weights", "layer0-mask"}) {
    expected.push_back("heatmaps/" + std::string(name) + ".png");
  }
  std::sort(expected.begin(), expected.end());
  CHECK(folder.list("out/a") == expected);
  // As many pictures as steps.
  CHECK(nlohmann::json::parse(folder.read("out/a/trace.json"))["steps"].size() == 16);
}

TEST_CASE("files: --no-trace, --no-heatmaps, both") {
  CHECK(written(kDocument, {"--no-trace"}, "heatmap.png, 1 figure in heatmaps/") ==
        Paths{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights.png"});
  CHECK(written(kDocument, {"--no-heatmaps"}, "trace.json") == Paths{"trace.json"});
  CHECK(written(kDocument, {"--no-heatmaps", "--no-trace"}, "nothing asked for").empty());
}

TEST_CASE("files: --format chooses the kinds of picture, each once") {
  CHECK(written(kDocument, {"--format", "png,svg,pdf,svg"},
                "trace.json, heatmap.png, heatmap.svg, heatmap.pdf, 3 figures in heatmaps/") ==
        Paths{"heatmap.pdf", "heatmap.png", "heatmap.svg", "heatmaps/",
              "heatmaps/layer0-head0-weights.pdf", "heatmaps/layer0-head0-weights.png",
              "heatmaps/layer0-head0-weights.svg", "trace.json"});
  CHECK(written(kDocument, {"--format", "svg"}, "trace.json, heatmap.svg, 1 figure in heatmaps/") ==
        Paths{"heatmap.svg", "heatmaps/", "heatmaps/layer0-head0-weights.svg", "trace.json"});
}

TEST_CASE("files: pictures are what their endings say") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  REQUIRE(folder.run({"run", "a.json", "-o", "out", "--format", "svg,pdf,png"}).code == 0);
  for (const std::string name : {"heatmap", "heatmaps/layer0-head0-weights"}) {
    CHECK(folder.read("out/a/" + name + ".png").substr(0, 8) == "\x89PNG\r\n\x1a\n");
    CHECK(folder.read("out/a/" + name + ".svg").find("<svg ") < 200);
    CHECK(folder.read("out/a/" + name + ".pdf").substr(0, 5) == "%PDF-");
  }
}

TEST_CASE("files: the same input gives the same bytes") {
  const TemporaryFolder folder;
  fs::copy(sample("two-heads.json"), folder.path() / "a.json");
  const std::vector<std::string> options{"--format", "png,svg,pdf", "--draw", "all"};
  const auto run_into = [&](const std::string& out) {
    std::vector<std::string> arguments{"run", "a.json", "-o", out};
    arguments.insert(arguments.end(), options.begin(), options.end());
    REQUIRE(folder.run(arguments).code == 0);
  };
  run_into("one");
  run_into("two");
  const Paths paths = folder.list("one");
  CHECK(paths == folder.list("two"));
  for (const std::string& path : paths) {
    if (path.back() == '/') continue;
    CAPTURE(path);
    CHECK((folder.read("one/" + path) == folder.read("two/" + path)));
  }
}

TEST_CASE("files: old files are replaced whole, strangers stay") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  const Paths all{"heatmap.png", "heatmaps/", "heatmaps/layer0-head0-weights.png", "notes.txt",
                  "trace.json"};
  REQUIRE(folder.run({"run", "a.json", "-o", "fresh"}).code == 0);
  folder.write("out/a/trace.json", std::string(1'000'000, 'x'));
  folder.write("out/a/heatmap.png", std::string(1'000'000, 'x'));
  folder.write("out/a/notes.txt", "mine");
  fs::create_hard_link(folder.path() / "out/a/trace.json", folder.path() / "link.json");
  REQUIRE(folder.run({"run", "a.json", "-o", "out"}).code == 0);
  CHECK(folder.list("out/a") == all);
  CHECK((folder.read("out/a/trace.json") == folder.read("fresh/a/trace.json")));
  CHECK((folder.read("out/a/heatmap.png") == folder.read("fresh/a/heatmap.png")));
  CHECK(folder.read("out/a/notes.txt") == "mine");
  // The old file was replaced, not written over.
  CHECK((folder.read("link.json") == std::string(1'000'000, 'x')));
}

TEST_CASE("files: every input stays inside of DIR") {
  const TemporaryFolder folder;
  for (const char* name : {"..json", "...", ".json", "a.b.json", "x y.json", "no-ending"}) {
    folder.write(name, kDocument);
  }
  CHECK(folder.run({"run", "..json", "...", ".json", "a.b.json", "x y.json", "no-ending", "-o",
                    "out/deep", "--no-heatmaps"}) ==
        Run{0,
            "out/deep/..json: trace.json\nout/deep/...: trace.json\nout/deep/.json: trace.json\n"
            "out/deep/a.b: trace.json\nout/deep/x y: trace.json\nout/deep/no-ending: trace.json\n",
            ""});
  CHECK(folder.list("out") ==
        Paths{"deep/", "deep/.../", "deep/.../trace.json", "deep/..json/", "deep/..json/trace.json",
              "deep/.json/", "deep/.json/trace.json", "deep/a.b/", "deep/a.b/trace.json",
              "deep/no-ending/", "deep/no-ending/trace.json", "deep/x y/", "deep/x y/trace.json"});
}

// ---- errors ----

TEST_CASE("files: one bad input among several does not stop the others") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  folder.write("bad.json", kBad);
  folder.write("c.json", kDocument);
  CHECK(folder.run({"run", "a.json", "bad.json", "c.json", "-o", "out"}) ==
        Run{3,
            "out/a: trace.json, heatmap.png, 1 figure in heatmaps/\n"
            "out/c: trace.json, heatmap.png, 1 figure in heatmaps/\n",
            kBadError});
  CHECK(folder.list("out") == Paths{"a/", "a/heatmap.png", "a/heatmaps/",
                                    "a/heatmaps/layer0-head0-weights.png", "a/trace.json", "c/",
                                    "c/heatmap.png", "c/heatmaps/",
                                    "c/heatmaps/layer0-head0-weights.png", "c/trace.json"});
}

TEST_CASE("files: of several bad inputs each is named, and the first one's code is given") {
  const TemporaryFolder folder;
  folder.write("bad.json", kBad);
  const std::string missing = "attn-viz: none.json: cannot be read: No such file or directory\n";
  CHECK(folder.run({"run", "bad.json", "none.json", "-o", "out"}) ==
        Run{3, "", kBadError + missing});
  CHECK(folder.run({"run", "none.json", "bad.json", "-o", "out"}) ==
        Run{4, "", missing + kBadError});
}

TEST_CASE("files: a bad input leaves the files of an earlier run alone") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  REQUIRE(folder.run({"run", "a.json", "-o", "out"}).code == 0);
  const Paths paths = folder.list("out");
  const std::string trace = folder.read("out/a/trace.json");
  folder.write("a.json", kBad);
  CHECK(folder.run({"run", "a.json", "-o", "out"}).code == 3);
  CHECK(folder.list("out") == paths);
  CHECK((folder.read("out/a/trace.json") == trace));
}

TEST_CASE("files: what cannot be read") {
  const TemporaryFolder folder;
  folder.write("folder/a.json", kDocument);
  CHECK(folder.run({"run", "none.json", "-o", "out"}) ==
        Run{4, "", "attn-viz: none.json: cannot be read: No such file or directory\n"});
  CHECK(folder.run({"run", "folder", "-o", "out"}) ==
        Run{4, "", "attn-viz: folder: cannot be read: Is a directory\n"});
  CHECK(folder.run({"run", "folder/a.json/b.json", "-o", "out"}) ==
        Run{4, "", "attn-viz: folder/a.json/b.json: cannot be read: Not a directory\n"});
  CHECK(folder.list() == Paths{"folder/", "folder/a.json"});
}

TEST_CASE("files: what cannot be written") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  folder.write("file", "");
  const auto error = [&](const std::string& out, const std::string& text) {
    CHECK(folder.run({"run", "a.json", "-o", out}) == Run{4, "", "attn-viz: " + text + "\n"});
  };
  // DIR, or a folder on the way to it, is a file.
  error("file", "file/a: the folder cannot be made: Not a directory");
  error("file/x", "file/x/a: the folder cannot be made: Not a directory");
  // The input's own folder is a file.
  folder.write("out1/a", "");
  error("out1", "out1/a: the folder cannot be made: Not a directory");
  // A folder stands where a file belongs: nothing half-written is left beside it.
  folder.write("out2/a/trace.json/x", "");
  error("out2", "out2/a/trace.json: cannot be written: Is a directory");
  CHECK(folder.list("out2") == Paths{"a/", "a/trace.json/", "a/trace.json/x"});
  folder.write("out3/a/heatmaps", "");
  error("out3", "out3/a/heatmaps: the folder cannot be made: Not a directory");
  folder.write("out4/a/heatmap.png/x", "");
  error("out4", "out4/a/heatmap.png: cannot be written: Is a directory");
  for (const std::string& path : folder.list()) {
    CAPTURE(path);
    CHECK(path.find(".part") == std::string::npos);
  }
}
