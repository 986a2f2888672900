// worksheet: from the sheet to the checked answers.
#include "catch.hpp"
#include "support/cli_program.hpp"
#include "support/latex.hpp"

namespace attn_viz::test {
namespace {

const char* const kTitled = R"({"title": "A: b", "embeddings": [[1, 0], [0, 1], [1, 1]]})";

TEST_CASE("worksheet: the key's answers are right, for many seeds and both forms") {
  const TemporaryFolder folder;
  folder.write("d.json", kTitled);
  for (const std::string seed : {"0", "1", "2", "3", "4294967295"}) {
    const Run made =
        folder.run({"worksheet", "d.json", "--blank", "query,scores,weights,output", "--seed", seed,
                    "--key", "-o", "key.md", "--document", "s.json", "--answers", "s.csv"});
    CHECK(made == Run{0, "", ""});
    const Run checked = folder.run({"check", "s.csv", "--document", "s.json"});
    CHECK(checked.code == 0);
    CHECK(checked.out.rfind("s.csv: everything is right\n", 0) == 0);
  }
  // The answers of one student are not those of another.
  folder.run(
      {"worksheet", "d.json", "--blank", "scores", "--seed", "1", "--document", "other.json"});
  CHECK(folder.run({"check", "s.csv", "--document", "other.json"}).code == 1);
}

TEST_CASE("worksheet: the JSON form is an answer sheet that says what is open") {
  const TemporaryFolder folder;
  folder.write("d.json", kTitled);
  const Run sheet =
      folder.run({"worksheet", "d.json", "--blank", "scores,output", "--answers", "form.json"});
  CHECK(sheet.code == 0);
  CHECK(sheet.out.rfind("# A: b\n\nName: ", 0) == 0);
  CHECK(folder.run({"check", "form.json"}) ==
        Run{3, "", "attn-viz: form.json: /steps: expected at least one step that is answered\n"});
  std::string form = folder.read("form.json");
  const auto fill_in = [&](const std::string& row) {
    const std::string open = "[\"?\", \"?\", \"?\"]";
    form.replace(form.find(open), open.size(), row);
    folder.write("form.json", form);
  };
  fill_in("[1, 0, 1]");
  CHECK(folder.run({"check", "form.json"}).err ==
        "attn-viz: form.json: /steps/layer0~1head0~1scores/1/0: expected a number, got \"?\"\n");
  fill_in("[0, 1, 1]");
  fill_in("[1, 1, 3]");
  const Run checked = folder.run({"check", "form.json"});
  CHECK(checked.code == 1);
  CHECK(checked.out.find("form.json: 0 right, 1 wrong\n") == 0);
  CHECK(checked.out.find("expected 2, got 3") != std::string::npos);
}

TEST_CASE("worksheet: the solved JSON form is right, with masks, in stacks and in three axes") {
  for (const std::string name : {"causal", "transformer-block", "online-softmax"}) {
    CAPTURE(name);
    const TemporaryFolder folder;
    REQUIRE(folder
                .run({"worksheet", sample(name + ".json"), "--blank",
                      name == "online-softmax" ? "online_accumulator,output" : "*scores,weights",
                      "--key", "--answers", "key.json"})
                .code == 0);
    CHECK(folder.run({"check", "key.json"}).code == 0);
  }
}

TEST_CASE("worksheet: LaTeX compiles as it stands, with labels of any kind") {
  const TemporaryFolder folder;
  folder.write("d.json", R"({"title": "汤姆 & 50% of $x$ #1 {a} ~^\\_",
      "tokens": ["汤姆_1", "a&b%", "C\\D^~|`*<x>[1]"], "embeddings": [[1, 0], [0, 1], [1, 1]],
      "attention": {"heads": 2, "mask": {"causal": true}}})");
  for (const std::string compiler : {"pdflatex", "xelatex"}) {
    if (!is_installed(compiler)) {
      WARN(compiler + " is not installed: its documents were not compiled");
      continue;
    }
    for (const std::string& file : {std::string("d.json"), sample("transformer-block.json")}) {
      for (const bool solved : {false, true}) {
        CAPTURE(compiler, file, solved);
        std::vector<std::string> arguments{
            "worksheet", file, "--blank", "masked_scores,weights,output", "--format", "latex"};
        if (file != "d.json") arguments[3] = "weights,normalized,layer1/output";
        if (solved) arguments.push_back("--key");
        const Run sheet = folder.run(arguments);
        REQUIRE(sheet.code == 0);
        CHECK(compile_latex(compiler, sheet.out, true) == "");
      }
    }
  }
}

TEST_CASE("worksheet: errors") {
  const TemporaryFolder folder;
  folder.write("d.json", kTitled);
  folder.write("open.csv", "step,row,values\nlayer0/head0/scores,0,?,?,?\n");
  CHECK(folder.run({"worksheet", "d.json", "--blank", "embeddings"}) ==
        Run{3, "",
            "attn-viz: d.json: input/embeddings: expected a computed step to leave blank, got a "
            "given one\n"});
  CHECK(folder.run({"worksheet", "d.json", "--blank", ","}).code == 2);
  CHECK(folder.run({"check", "open.csv"}) ==
        Run{2, "",
            "attn-viz: open.csv: a table of answers needs the document that it belongs to\n"
            "  hint: attn-viz check open.csv --document DOCUMENT.json\n"});
  folder.write("masked.csv", "layer0/head0/scores,0,1,masked,0\n");
  CHECK(folder.run({"check", "masked.csv", "--document", "d.json"}).err ==
        "attn-viz: masked.csv: line 1: layer0/head0/scores has no masked cells; expected a number "
        "or ?\n");
  CHECK(folder.run({"check", "open.csv", "--document", "d.json"}) ==
        Run{3, "", "attn-viz: open.csv: expected at least one step that is answered\n"});
}

}  // namespace
}  // namespace attn_viz::test
