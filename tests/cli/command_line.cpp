// What the command line says: help, version, manners, and the exact text for each wrong word.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

struct WrongLine {
  std::vector<std::string> arguments;
  std::string error;
};

}  // namespace

TEST_CASE("command line: each wrong word is named, and nothing is written") {
  const std::vector<std::string> good{"run", "a.json", "-o", "out"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), good.begin(), good.end());
    return more;
  };
  const std::string run_help = "\n  hint: see attn-viz run --help\n";
  const std::string scores =
      "; expected one of dot-product, scaled-dot-product, additive, cosine, bilinear, gat\n";
  const WrongLine wrong[] = {
      // Subcommands and options.
      {{}, "attn-viz: a subcommand is missing\n  hint: see attn-viz --help\n"},
      {{"rnu"}, "attn-viz: unknown subcommand \"rnu\"\n  hint: did you mean run?\n"},
      {{"frobnicate"},
       "attn-viz: unknown subcommand \"frobnicate\"\n  hint: see attn-viz --help\n"},
      {{"--hlep"}, "attn-viz: unknown option \"--hlep\"\n  hint: did you mean --help?\n"},
      {{"--verison"}, "attn-viz: unknown option \"--verison\"\n  hint: did you mean --version?\n"},
      {with({"--hedas", "2"}),
       "attn-viz: unknown option \"--hedas\"\n  hint: did you mean --heads?\n"},
      {with({"--hedas=2"}),
       "attn-viz: unknown option \"--hedas\"\n  hint: did you mean --heads?\n"},
      {with({"--quite"}), "attn-viz: unknown option \"--quite\"\n  hint: did you mean --quiet?\n"},
      {{"--quite", "run", "a.json", "-o", "out"},
       "attn-viz: unknown option \"--quite\"\n  hint: did you mean --quiet?\n"},
      {with({"--wat"}), "attn-viz: unknown option \"--wat\"" + run_help},
      {with({"-x"}), "attn-viz: unknown option \"-x\"" + run_help},
      // Something missing, or too much.
      {{"run"}, "attn-viz: INPUT is required" + run_help},
      {{"run", "-o", "out"}, "attn-viz: INPUT is required" + run_help},
      {{"run", "a.json"}, "attn-viz: --output is required" + run_help},
      {{"run", "a.json", "-o"}, "attn-viz: --output: expected a value" + run_help},
      {with({"--heads"}), "attn-viz: --heads: expected a value" + run_help},
      {with({"--heads="}), "attn-viz: --heads: expected a value" + run_help},
      {with({"--heads", "1", "--heads", "2"}),
       "attn-viz: --heads: expected once, got again" + run_help},
      {with({"-o", "other"}), "attn-viz: --output: expected once, got again" + run_help},
      {with({"--causal=5"}), "attn-viz: --causal: expected no value" + run_help},
      {with({"--no-trace=no"}), "attn-viz: --no-trace: expected no value" + run_help},
      {with({"--quiet=1"}), "attn-viz: --quiet: expected no value" + run_help},
      // Values.
      {with({"--heads", "0"}), "attn-viz: --heads: expected a whole number ≥ 1, got \"0\"\n"},
      {with({"--heads", "-1"}), "attn-viz: --heads: expected a whole number ≥ 1, got \"-1\"\n"},
      {with({"--heads", "1.5"}), "attn-viz: --heads: expected a whole number ≥ 1, got \"1.5\"\n"},
      {with({"--heads=2x"}), "attn-viz: --heads: expected a whole number ≥ 1, got \"2x\"\n"},
      {with({"--score", "cosin"}), "attn-viz: --score: unknown score \"cosin\"" + scores +
                                       "  hint: did you mean \"cosine\"?\n"},
      {with({"--score", "zzz"}), "attn-viz: --score: unknown score \"zzz\"" + scores},
      {with({"--scale", "x"}), "attn-viz: --scale: expected a number, got \"x\"\n"},
      {with({"--scale", "nan"}), "attn-viz: --scale: expected a number, got \"nan\"\n"},
      {with({"--scale", "inf"}), "attn-viz: --scale: expected a number, got \"inf\"\n"},
      {with({"--scale", "1e999"}), "attn-viz: --scale: expected a number, got \"1e999\"\n"},
      {with({"--normalize", "sofmax"}),
       "attn-viz: --normalize: unknown normaliser \"sofmax\"; expected one of softmax, relu, "
       "relu-mean, relu-normalized, sigmoid, softmax-off-by-one, sparsemax, entmax, hardmax, "
       "sample\n"
       "  hint: did you mean \"softmax\"?\n"},
      {with({"--window", "1"}),
       "attn-viz: --window: expected LEFT,RIGHT, two whole numbers ≥ 0, got \"1\"\n"},
      {with({"--window", "1,-1"}),
       "attn-viz: --window: expected LEFT,RIGHT, two whole numbers ≥ 0, got \"1,-1\"\n"},
      {with({"--window", "1,2,3"}),
       "attn-viz: --window: expected LEFT,RIGHT, two whole numbers ≥ 0, got \"1,2,3\"\n"},
      {with({"--position", "ropee"}),
       "attn-viz: --position: unknown position \"ropee\"; expected one of none, sinusoidal, "
       "sinusoidal-2d, learned, floater, rope, alibi, t5, relative\n"
       "  hint: did you mean \"rope\"?\n"},
      {with({"--weights", "rand"}),
       "attn-viz: --weights: unknown weights \"rand\"; expected one of identity, random\n"
       "  hint: did you mean \"random\"?\n"},
      {with({"--seed", "-1"}),
       "attn-viz: --seed: expected a whole number from 0 to 4294967295, got \"-1\"\n"},
      {with({"--seed", "4294967296"}),
       "attn-viz: --seed: expected a whole number from 0 to 4294967295, got \"4294967296\"\n"},
      {with({"--seed", "3"}),
       "attn-viz: a.json: --seed: expected random weights, but they are not random\n"
       "  hint: add --weights random\n"},
      {with({"--dtype", "float16"}),
       "attn-viz: --dtype: unknown dtype \"float16\"; expected one of float64, float32\n"
       "  hint: did you mean \"float64\"?\n"},
      {with({"--draw", "al"}),
       "attn-viz: --draw: unknown choice \"al\"; expected one of weights, all\n"
       "  hint: did you mean \"all\"?\n"},
      {with({"--color-scale", "atuo"}),
       "attn-viz: --color-scale: unknown scale \"atuo\"; expected one of unit, auto\n"
       "  hint: did you mean \"auto\"?\n"},
      {with({"--format", "jpg"}),
       "attn-viz: --format: unknown format \"jpg\"; expected one of png, svg, pdf\n"},
      {with({"--format", "png,sgv"}),
       "attn-viz: --format: unknown format \"sgv\"; expected one of png, svg, pdf\n"
       "  hint: did you mean \"svg\"?\n"},
      {with({"--format", ","}),
       "attn-viz: --format: unknown format \"\"; expected one of png, svg, pdf\n"},
  };
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  for (const auto& [arguments, error] : wrong) {
    CHECK(folder.run(arguments) == Run{2, "", error});
  }
  CHECK(folder.list() == std::vector<std::string>{"a.json"});
}

TEST_CASE("command line: two inputs that would write into one folder are refused before any work") {
  const TemporaryFolder folder;
  for (const char* name : {"a.json", "b.json", "x/a.json", "stdin.json"}) {
    folder.write(name, kDocument);
  }
  CHECK(folder.run({"run", "b.json", "a.json", "x/a.json", "-o", "out"}) ==
        Run{2, "",
            "attn-viz: a.json and x/a.json have the same stem, so both would write a/\n"
            "  hint: rename one, or run them one after the other with different -o\n"});
  CHECK(folder.run({"run", "-", "stdin.json", "-o", "out"}, kDocument) ==
        Run{2, "",
            "attn-viz: - and stdin.json have the same stem, so both would write stdin/\n"
            "  hint: rename one, or run them one after the other with different -o\n"});
  CHECK_FALSE(std::filesystem::exists(folder.path() / "out"));
}

TEST_CASE("command line: --help shows every option and an example, on both levels") {
  const Run top = run({"--help"});
  CHECK(top.code == 0);
  CHECK(top.err == "");
  for (const char* part :
       {"-h,--help", "--version", "--quiet", "  run ", "Example:\n", "attn-viz run samples/*.json",
        "Exit codes: 0 success, 1 something is not as it should be (check), 2 wrong"}) {
    CAPTURE(part);
    CHECK(contains(top.out, part));
  }
  const Run help = run({"run", "--help"});
  CHECK(help.code == 0);
  CHECK(help.err == "");
  for (const char* part : {"INPUT",           "-o,--output DIR",
                           "--draw WHAT",     "--color-scale NAME",
                           "--query QUERY",   "--format LIST",
                           "--no-trace",      "--no-heatmaps",
                           "--heads N",       "--score NAME",
                           "--scale X",       "--normalize NAME",
                           "--causal",        "--window LEFT,RIGHT",
                           "--position NAME", "--weights NAME",
                           "--seed N",        "--dtype NAME",
                           "Example:\n",      "attn-viz run samples/alice.json -o out"}) {
    CAPTURE(part);
    CHECK(contains(help.out, part));
  }
  CHECK(run({"run", "-h"}) == help);
}

TEST_CASE("command line: the examples of the help run as they are printed") {
  const TemporaryFolder folder;
  std::filesystem::copy(sample(""), folder.path() / "samples");
  CHECK(folder.run({"run", "samples/alice.json", "-o", "out", "--causal"}) ==
        Run{0, "out/alice: trace.json, heatmap.png, 2 figures in heatmaps/\n", ""});
}

TEST_CASE("command line: --version") {
  CHECK(run({"--version"}) == Run{0, "attn-viz 0.1.0\n", ""});
}

TEST_CASE("command line: --quiet is silent on success, anywhere on the line") {
  const TemporaryFolder folder;
  folder.write("a.json", "{\"tokens\": [\"\xEF\xA3\xBF\"], \"embeddings\": [[1]]}");  // U+F8FF
  CHECK(folder.run({"--quiet", "run", "a.json", "-o", "out"}) == Run{0, "", ""});
  CHECK(folder.run({"run", "a.json", "--quiet", "-o", "out"}) == Run{0, "", ""});
}

TEST_CASE("command line: --quiet still shows errors") {
  const TemporaryFolder folder;
  CHECK(folder.run({"run", "none.json", "-o", "out", "--quiet"}) ==
        Run{4, "", "attn-viz: none.json: cannot be read: No such file or directory\n"});
}

TEST_CASE("command line: - reads standard input") {
  const TemporaryFolder folder;
  CHECK(folder.run({"run", "-", "-o", "out"}, kDocument) ==
        Run{0, "out/stdin: trace.json, heatmap.png, 1 figure in heatmaps/\n", ""});
  CHECK(folder.list("out") ==
        std::vector<std::string>{"stdin/", "stdin/heatmap.png", "stdin/heatmaps/",
                                 "stdin/heatmaps/layer0-head0-weights.png", "stdin/trace.json"});
  CHECK(folder.run({"run", "-", "-o", "out"}, "[") ==
        Run{3, "",
            "attn-viz: standard input: line 1, column 1: syntax error while parsing value - "
            "unexpected end of input; expected '[', '{', or a literal\n"});
}

TEST_CASE("command line: -- ends the options") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  folder.write("--heads", kDocument);
  CHECK(folder.run({"run", "-o", "out", "--", "a.json"}) == Run{0, kDone, ""});
  CHECK(folder.run({"run", "-o", "out", "--", "--heads"}) ==
        Run{0, "out/--heads: trace.json, heatmap.png, 1 figure in heatmaps/\n", ""});
}

TEST_CASE("command line: options may stand before, between and behind the inputs") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  folder.write("b.json", kDocument);
  const Run expected{0,
                     "out/a: trace.json, heatmap.png, 1 figure in heatmaps/\n"
                     "out/b: trace.json, heatmap.png, 1 figure in heatmaps/\n",
                     ""};
  CHECK(folder.run({"run", "a.json", "b.json", "-o", "out"}) == expected);
  CHECK(folder.run({"run", "-o", "out", "a.json", "b.json"}) == expected);
  CHECK(folder.run({"run", "a.json", "-oout", "--causal", "b.json"}) == expected);
  CHECK(folder.run({"run", "a.json", "--output=out", "b.json"}) == expected);
}

TEST_CASE("command line: colour only on a terminal, and never with NO_COLOR") {
  const TemporaryFolder folder;
  const std::vector<std::string> arguments{"run", "none.json", "-o", "out"};
  const auto error = [&](bool terminal, const std::map<std::string, std::string>& environment) {
    return run(arguments, {.input = {},
                           .folder = folder.path(),
                           .environment = environment,
                           .error_is_terminal = terminal,
                           .output = {}})
        .err;
  };
  const std::string plain = "attn-viz: none.json: cannot be read: No such file or directory";
  CHECK(error(false, {}) == plain + "\n");
  if (!machine_has_terminals()) return;
  CHECK(error(true, {{"NO_COLOR", "1"}}) == plain + "\r\n");  // the terminal adds \r
  CHECK(error(true, {}) ==
        "\x1b[1;31mattn-viz:\x1b[0m none.json: cannot be read: No such file or directory\r\n");
  CHECK(error(true, {{"NO_COLOR", ""}}) == error(true, {}));  // set to nothing is not set
}

TEST_CASE("command line: a short job shows no progress, on a terminal neither") {
  if (!machine_has_terminals()) return;
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  CHECK(run({"run", "a.json", "-o", "out"}, {.input = {},
                                             .folder = folder.path(),
                                             .environment = {},
                                             .error_is_terminal = true,
                                             .output = {}}) == Run{0, kDone, ""});
}

TEST_CASE("command line: results that cannot be printed are an error") {
  if (!std::filesystem::exists("/dev/full")) return;
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  CHECK(run({"run", "a.json", "-o", "out"}, {.input = {},
                                             .folder = folder.path(),
                                             .environment = {},
                                             .error_is_terminal = false,
                                             .output = "/dev/full"}) ==
        Run{4, "", "attn-viz: standard output: cannot be written: No space left on device\n"});
}
