// show: exact text, where colours are used, what is refused.
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

constexpr char kTomChasesJerry[] =
    R"({"title": "Tom chases Jerry", "tokens": ["Tom", "chases", "Jerry"],
        "embeddings": [[1, 0], [0, 1], [1, 1]],
        "attention": {"heads": 2, "weights": "identity"}})";

constexpr char kShown[] = R"(Tom chases Jerry
Layer 0, 2 heads: weights    A = softmax(S)

        head 0                    head 1
        keys                      keys
queries     Tom  chases   Jerry       Tom  chases   Jerry
    Tom    0.42    0.16    0.42      0.33    0.33    0.33
 chases    0.33    0.33    0.33      0.16    0.42    0.42
  Jerry    0.42    0.16    0.42      0.16    0.42    0.42
)";

/// Everywhere the same, whatever the terminal of the one who tests.
const std::map<std::string, std::string> kNothing{
    {"COLUMNS", ""}, {"LINES", ""}, {"TERM", "xterm"}, {"COLORTERM", ""}, {"NO_COLOR", ""}};

Run show(std::vector<std::string> arguments, std::map<std::string, std::string> environment = {},
         unsigned short terminal_columns = 0) {
  arguments.insert(arguments.begin(), {"show", "-"});
  environment.insert(kNothing.begin(), kNothing.end());
  return run(arguments, {.input = kTomChasesJerry,
                         .folder = {},
                         .environment = environment,
                         .error_is_terminal = false,
                         .output = {},
                         .output_columns = terminal_columns});
}

std::string with_carriage_returns(const std::string& text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? "\r\n" : std::string(1, c);
  return result;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("show: a document from standard input, plain where it is piped") {
  CHECK(show({}) == Run{0, kShown, ""});
  CHECK(show({"--step", "query", "--head", "1"}) == Run{0, R"(Tom chases Jerry
Layer 0, head 1: query    Q = X W_Q

       dimension
 token   0
   Tom   0
chases   1
 Jerry   1
)",
                                                        ""});
  CHECK(show({"--query", "chases", "--head", "0", "--digits", "4"}) == Run{0, R"(Tom chases Jerry
Layer 0, head 0: weights    A = softmax(S)

        keys
queries     Tom  chases   Jerry
 chases  0.3333  0.3333  0.3333
)",
                                                                           ""});
  // Settings go before those of the document, as for run.
  CHECK(has(show({"--causal", "--heads", "1"}).out, "Jerry\n    Tom    1.00      //      //\n"));
}

TEST_CASE("show: a trace shows what its document shows") {
  const TemporaryFolder folder;
  folder.write("tom.json", kTomChasesJerry);
  REQUIRE(folder.run({"run", "tom.json", "-o", "out", "--no-heatmaps"}).code == 0);
  const Run shown = folder.run({"show", "out/tom/trace.json", "--width", "80", "--color", "never"});
  CHECK(shown == Run{0, kShown, ""});
  CHECK(folder.run({"show", "out/tom/trace.json", "--heads", "1"}) ==
        Run{2, "",
            "attn-viz: out/tom/trace.json: a trace is already computed; its settings cannot be "
            "changed\n  hint: give the document that the trace was made from\n"});
}

TEST_CASE("show: the width is that of --width, of COLUMNS, or 80") {
  const std::string narrow = show({"--width", "40"}).out;
  CHECK(has(narrow, "\n        head 0\n        keys\n"));
  CHECK(show({}, {{"COLUMNS", "40"}}).out == narrow);
  CHECK(show({"--width", "80"}, {{"COLUMNS", "40"}}).out == kShown);
  CHECK(show({}, {{"COLUMNS", "wide"}}).out == kShown);
  CHECK(show({}, {{"COLUMNS", "3"}}).out == show({"--width", "20"}).out);
}

TEST_CASE("show: colours only on a terminal, and not under NO_COLOR") {
  CHECK(has(show({"--color", "always"}).out, "\x1b[48;5;"));
  CHECK(has(show({"--color", "always"}, {{"COLORTERM", "truecolor"}}).out, "\x1b[48;2;"));
  CHECK(has(show({"--color", "always"}, {{"NO_COLOR", "1"}}).out, "\x1b[48;5;"));
  if (!machine_has_terminals()) return;
  const std::string plain = with_carriage_returns(kShown);
  CHECK(show({"--color", "never"}, {}, 80) == Run{0, plain, ""});
  CHECK(show({}, {{"NO_COLOR", "1"}}, 80) == Run{0, plain, ""});
  CHECK(show({}, {{"TERM", "dumb"}}, 80) == Run{0, plain, ""});
  const Run colored = show({}, {}, 80);
  CHECK(has(colored.out, "\x1b[48;5;"));
  CHECK(colored.out == with_carriage_returns(show({"--color", "always"}).out));
  // The terminal's own width counts, not COLUMNS.
  CHECK(show({"--color", "never"}, {{"COLUMNS", "80"}}, 40).out ==
        with_carriage_returns(show({"--width", "40"}).out));
}

TEST_CASE("show: each wrong word is named") {
  const auto error = [](const std::vector<std::string>& arguments, int code) {
    const Run wrong = show(arguments);
    CHECK(wrong.code == code);
    CHECK(wrong.out == "");
    return wrong.err;
  };
  CHECK(has(error({"--step", "wieghts"}, 3),
            "attn-viz: standard input: unknown step \"wieghts\"; expected one of input/embeddings, "
            "W_Q, W_K, W_V, query, key, value, scores, "));
  CHECK(has(error({"--step", "wieghts"}, 3), "\n  hint: did you mean \"weights\"?\n"));
  CHECK(error({"--head", "2"}, 3) ==
        "attn-viz: standard input: there is no head 2 with a step \"weights\"; expected 0 to 1\n");
  CHECK(error({"--layer", "1"}, 3) ==
        "attn-viz: standard input: there is no layer 1 with a step \"weights\"; expected 0\n");
  CHECK(error({"--head", "x"}, 2) ==
        "attn-viz: --head: expected numbers and ranges such as 0, 0-2 or 0,2-3, got \"x\"\n");
  CHECK(error({"--query", "chase"}, 3) ==
        "attn-viz: standard input: there is no query \"chase\"; expected an index from 0 to 2 or a "
        "label\n  hint: did you mean \"chases\"?\n");
  CHECK(error({"--step", "layer0/head0/W_Q", "--query", "Tom"}, 3) ==
        "attn-viz: standard input: layer0/head0/W_Q: its rows are no queries, so none of them can "
        "be chosen\n");
  CHECK(error({"--width", "19"}, 2) ==
        "attn-viz: --width: expected a whole number from 20 to 65535, got \"19\"\n");
  CHECK(error({"--digits", "18"}, 2) ==
        "attn-viz: --digits: expected a whole number from 0 to 17, got \"18\"\n");
  CHECK(error({"--color", "allways"}, 2) ==
        "attn-viz: --color: unknown choice \"allways\"; expected one of auto, always, never\n"
        "  hint: did you mean \"always\"?\n");
}

TEST_CASE("show: weights are checked before they are drawn") {
  const TemporaryFolder folder;
  folder.write("bad.json", R"({"format": "attn-viz trace", "version": 1, "generator": "x",
    "title": "", "dtype": "float64", "settings": {}, "axes": {"token": {"labels": ["a"]}},
    "steps": [{"id": "layer0/head0/scores", "symbol": "S", "op": "input", "inputs": [],
               "axes": ["token", "token"], "shape": [1, 1], "data": [[1]]},
              {"id": "layer0/head0/weights", "symbol": "A", "op": "softmax",
               "inputs": ["layer0/head0/scores"], "axes": ["token", "token"], "shape": [1, 1],
               "data": [[0.5]]}]})");
  CHECK(folder.run({"show", "bad.json"}) ==
        Run{3, "",
            "attn-viz: bad.json: layer0/head0/weights: row 0: expected weights with sum 1, got sum "
            "0.5\n"});
}

TEST_CASE("show: the map of a query over the patches of an image") {
  const Run map = run({"show", sample("cat.json"), "--query", "2,3", "--width", "90"});
  CHECK(map.err == "");
  CHECK(has(map.out, "Layer 0, head 0: weights of query patch 2,3\n\n          patch column\n"));
  CHECK(has(map.out, "\n        2  0.024  0.000  0.072 [0.087] 0.035  "));
  CHECK(has(map.out, "\nThe outlined patch is the query.\n"));
}

TEST_CASE("show: the example of docs/formats.md is what is printed") {
  const std::string docs = read_bytes(ATTN_VIZ_SOURCE_DIR "/docs/formats.md");
  const Run shown = run({"show", sample("causal.json"), "--window", "1,0", "--width", "80"});
  CHECK(shown.code == 0);
  CHECK(
      has(docs, "$ attn-viz show samples/causal.json --window 1,0 | cat\n" + shown.out + "```\n"));
}

TEST_CASE("show: --help shows every option") {
  const Run help = run({"show", "--help"});
  CHECK(help.code == 0);
  for (const char* part :
       {"FILE", "--step STEP", "--layer LIST", "--head LIST", "--query QUERY", "--digits N",
        "--width N", "--color WHEN", "--color-scale NAME", "--heads N", "--causal", "Example:\n"}) {
    CAPTURE(part);
    CHECK(has(help.out, part));
  }
}

TEST_CASE("show: every step of every kind of sample can be shown") {
  for (const char* name : {"differential", "encoder-decoder", "online-softmax", "vit-class-token",
                           "tagging-stack", "talking-heads", "performer", "graph"}) {
    CAPTURE(name);
    const Run all = run({"show", sample(std::string(name) + ".json"), "--step", "*"});
    CHECK(all.err == "");
    CHECK(all.code == 0);
    CHECK(all.out.size() > 500);
  }
}
