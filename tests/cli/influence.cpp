// influence: files and errors; its numbers and texts are tested in tests/analysis.
#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

const char* const kTwoTokens = R"({"tokens": ["a", "b"], "embeddings": [[1], [2]]})";
const char* const kRecurrence =
    R"({"mechanism": "recurrence", "tokens": ["a", "b"], "embeddings": [[1], [2]]})";
const char* const kPatches = R"({"patches": {"rows": 2, "columns": 2},
                                 "embeddings": [[1], [2], [3], [4]]})";

TEST_CASE("influence: several mechanisms become one picture") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoTokens);
  folder.write("r.json", kRecurrence);
  const Run run = folder.run({"influence", "a.json", "r.json", "-o", "out"});
  CHECK(run.code == 0);
  CHECK(run.err == "");
  CHECK(run.out.rfind("a: layer0/attention_output by input/embeddings\n", 0) == 0);
  CHECK(run.out.find("r: recurrence/hidden by input/embeddings\n") != std::string::npos);
  CHECK(folder.list("out") == std::vector<std::string>{"influence.png"});
}

TEST_CASE("influence: where inputs are patches, also a map") {
  const TemporaryFolder folder;
  folder.write("p.json", kPatches);
  CHECK(folder.run({"influence", "p.json", "-o", "out"}).code == 0);
  CHECK(folder.list("out") == std::vector<std::string>{"influence-map.png", "influence.png"});
  CHECK(
      folder.run({"influence", "p.json", "-o", "one", "--query", "1,1", "--format", "svg"}).code ==
      0);
  CHECK(folder.list("one") == std::vector<std::string>{"influence.svg"});
}

TEST_CASE("influence: inputs that differ are said to") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoTokens);
  folder.write("p.json", kPatches);
  CHECK(folder.run({"influence", "a.json", "p.json"}).err ==
        "attn-viz: warning: a.json and p.json have different inputs; the scale is the same all the "
        "same\n");
}

TEST_CASE("influence: errors say what there is") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoTokens);
  const Run step = folder.run({"influence", "a.json", "--to", "outputt"});
  CHECK(step.code != 0);
  CHECK(step.err.find("outputt") != std::string::npos);
  CHECK(folder.run({"influence", "a.json", "--to", "query", "--from", "key"}) ==
        Run{3, "",
            "attn-viz: a.json: layer0/head0/query: expected a step that is computed from "
            "\"layer0/head0/key\"; this one is not\n"});
  const Run query = folder.run({"influence", "a.json", "--query", "c"});
  CHECK(query.code == 3);
  CHECK(query.err.find("\"c\"") != std::string::npos);
  CHECK(folder.run({"influence", "a.json", "--color-scale", "unit"}) ==
        Run{2, "",
            "attn-viz: --color-scale: unknown scale \"unit\"; expected one of auto, each, log\n"});
}

/// A text with one part of it exchanged.
std::string with(std::string text, const std::string& part, const std::string& by) {
  const std::size_t at = text.find(part);
  REQUIRE(at != std::string::npos);
  return text.replace(at, part.size(), by);
}

TEST_CASE("influence and cost: a trace from elsewhere is refused, not trusted") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoTokens);
  REQUIRE(folder.run({"run", "a.json", "-o", "out", "--no-heatmaps"}).code == 0);
  const std::string trace = folder.read("out/a/trace.json");
  folder.write("t.json", with(trace, R"("op": "softmax")", R"("op": "nonsense")"));
  const Run unknown{3, "",
                    "attn-viz: t.json: layer0/head0/weights: unknown operation \"nonsense\"\n"};
  CHECK(folder.run({"influence", "t.json"}) == unknown);
  CHECK(folder.run({"cost", "t.json"}) == unknown);
  const std::string two = R"(["layer0/head0/query", "layer0/head0/key"])";
  folder.write("t.json", with(trace, two, R"(["layer0/head0/query"])"));
  CHECK(folder.run({"influence", "t.json"}) ==
        Run{3, "", "attn-viz: t.json: layer0/head0/scores: expected at least 2 inputs, got 1\n"});
}

TEST_CASE("influence: mechanisms with one title are told apart by their files") {
  const TemporaryFolder folder;
  const std::string titled = with(kTwoTokens, "\"tokens\"", R"("title": "Same", "tokens")");
  folder.write("a.json", titled);
  folder.write("b.json", with(titled, "[[1], [2]]", R"([[1], [2]], "attention": {"scale": 2})"));
  const std::string out = folder.run({"influence", "a.json", "b.json"}).out;
  CHECK(out.find("a: layer0/attention_output by input/embeddings\n") != std::string::npos);
  CHECK(out.find("b: layer0/attention_output by input/embeddings\n") != std::string::npos);
}

TEST_CASE("influence: no label breaks a line or speaks to the terminal") {
  const TemporaryFolder folder;
  folder.write("a.json", R"({"tokens": ["a\nb", "\u001b[31m"], "embeddings": [[1], [2]]})");
  const std::string out = folder.run({"influence", "a.json"}).out;
  CHECK(out.find("a↵b") != std::string::npos);
  CHECK(out.find('\x1b') == std::string::npos);
}

}  // namespace
}  // namespace attn_viz::test
