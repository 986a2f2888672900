// explain from the command line, and whether its LaTeX compiles.
#include <cstdlib>

#include "catch.hpp"
#include "support/cli_program.hpp"
#include "support/latex.hpp"

namespace attn_viz {
namespace {

using test::sample;
using test::TemporaryFolder;

test::Run explain(std::vector<std::string> arguments, const std::string& input = {}) {
  arguments.insert(arguments.begin(), "explain");
  return test::run(arguments, {.input = input});
}

TEST_CASE("explain: prints what the files of the tests say") {
  const test::Run run = explain({sample("three-tokens.json"), "--query", "yellow", "--key", "red"});
  CHECK(run.code == 0);
  CHECK(run.err == "");
  CHECK(run.out == test::read_bytes(ATTN_VIZ_TEST_DATA "/explain/three-tokens-en.txt"));
  const test::Run chinese = explain({sample("three-tokens.json"), "--query", "2", "--key", "0",
                                     "--lang", "zh", "--format", "latex"});
  CHECK(chinese.out == test::read_bytes(ATTN_VIZ_TEST_DATA "/explain/three-tokens-zh.tex"));
}

TEST_CASE("explain: from a trace as from its document, from standard input, into a file") {
  const TemporaryFolder folder;
  CHECK(folder.run({"run", sample("three-tokens.json"), "-o", "out", "--no-heatmaps"}).code == 0);
  const std::vector<std::string> question{"--query", "yellow", "--key", "red", "--digits", "2"};
  const auto of = [&](const std::string& file, const std::string& input = {}) {
    std::vector<std::string> arguments{"explain", file};
    arguments.insert(arguments.end(), question.begin(), question.end());
    return folder.run(arguments, input);
  };
  const test::Run document = of(sample("three-tokens.json"));
  CHECK(document.code == 0);
  CHECK(of("out/three-tokens/trace.json") == document);
  CHECK(of("-", folder.read("out/three-tokens/trace.json")) == document);
  CHECK(folder
            .run({"explain", sample("three-tokens.json"), "--query", "yellow", "--key", "red",
                  "--digits", "2", "-o", "yellow.txt"})
            .out == "");
  CHECK(folder.read("yellow.txt") == document.out);
}

TEST_CASE("explain: settings of the command line apply") {
  const test::Run run = explain({sample("three-tokens.json"), "--normalize", "sparsemax", "--step",
                                 "layer0/head0/weights", "--cell", "2,0"});
  CHECK(run.code == 0);
  CHECK(run.out.find("A = sparsemax(S_scaled)") != std::string::npos);
}

TEST_CASE("explain: what is asked must be one thing, and there") {
  const auto refused = [](std::vector<std::string> arguments, const std::string& message) {
    arguments.insert(arguments.begin(), sample("three-tokens.json"));
    const test::Run run = explain(arguments);
    CHECK(run.code == 2);
    CHECK(run.out == "");
    CHECK(run.err == "attn-viz: " + message + "\n");
  };
  refused({},
          "nothing is asked\n"
          "  hint: name a query, --query Jerry, or a cell, --step ID --cell I,J");
  refused({"--cell", "0,0"}, "--cell needs --step\n  hint: name the step: --step ID");
  refused({"--step", "layer0/head0/weights", "--cell", "0,0", "--query", "0"},
          "--cell asks about one cell of one step\n"
          "  hint: leave out --query, --key, --layer and --head");
  refused({"--step", "layer0/head0/weights", "--query", "0", "--head", "1"},
          "--step names the weights already\n  hint: leave out --layer and --head");
  refused({"--cell", "0;1", "--step", "x"},
          "--cell: expected I,J, an index for each axis, got \"0;1\"");
  refused({"--query", "0", "--digits", "16"},
          "--digits: expected a whole number from 0 to 15, got \"16\"");
  refused({"--query", "0", "--format", "latx"},
          "--format: unknown format \"latx\"; expected one of text, markdown, latex\n"
          "  hint: did you mean \"latex\"?");
}

TEST_CASE("explain: what is not in the file is an error of code 3, as in show and heatmap") {
  const auto refused = [](std::vector<std::string> arguments, const std::string& message) {
    arguments.insert(arguments.begin(), sample("three-tokens.json"));
    const test::Run run = explain(arguments);
    CHECK(run.code == 3);
    CHECK(run.out == "");
    CHECK(run.err == "attn-viz: " + sample("three-tokens.json") + message + "\n");
  };
  refused({"--query", "0", "--step", "layer0/head0/wieghts"},
          ": --step: there is no step \"layer0/head0/wieghts\"\n"
          "  hint: did you mean layer0/head0/weights?");
  refused({"--query", "0", "--head", "1"},
          ": there are no weights of layer 0, head 1\n"
          "  hint: the weights are layer0/head0/weights; name them with --step");
  refused(
      {"--step", "layer0/head0/weights", "--cell", "3,0"},
      ": --cell: expected the indices of a cell of layer0/head0/weights, whose shape is [3, 3]");
  refused({"--query", "yelow"},
          ": --query: there is no token \"yelow\"; expected a label or an index from 0 to 2\n"
          "  hint: did you mean yellow?");
}

TEST_CASE("explain: LaTeX compiles as it stands") {
  // A plain one; Chinese labels; odd characters in formulas; brackets over many terms.
  const std::vector<std::pair<std::string, std::string>> samples{{"three-tokens", "yellow"},
                                                                 {"tom-chase-jerry", "杰瑞"},
                                                                 {"online-softmax", "0"},
                                                                 {"entmax", "1"},
                                                                 {"performer", "0"}};
  for (const auto& [language, compiler] :
       {std::pair<std::string, std::string>{"en", "pdflatex"}, {"zh", "xelatex"}}) {
    if (!test::is_installed(compiler)) {
      WARN(compiler + " is not installed: its documents were not compiled");
      continue;
    }
    for (const auto& [name, query] : samples) {
      CAPTURE(compiler, name);
      const test::Run run = explain(
          {sample(name + ".json"), "--query", query, "--format", "latex", "--lang", language});
      CHECK(run.code == 0);
      CHECK(test::compile_latex(compiler, run.out) == "");
    }
  }
}

}  // namespace
}  // namespace attn_viz
