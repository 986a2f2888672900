// `heatmap` as a user calls it: files, what it prints, errors; pixels against the trace's numbers.
#include <cmath>
#include <nlohmann/json.hpp>

#include "attn_viz/figure/paint.hpp"
#include "attn_viz/figure/selected.hpp"
#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "support/cli_pixels.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;
using Json = nlohmann::json;
using Paths = std::vector<std::string>;
namespace figure = attn_viz::figure;

namespace {

constexpr char kTwoHeads[] =
    R"({"title": "two", "tokens": ["x", "y", "z"], "embeddings": [[1, 0], [0, 1], [1, 1]],
        "attention": {"heads": 2, "mask": {"causal": true}}})";

Run heatmap(const TemporaryFolder& folder, std::vector<std::string> options,
            const std::string& input = {}) {
  std::vector<std::string> arguments{"heatmap", "a.json", "-o", "out"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return folder.run(arguments, input);
}

/// Draws with options, and compares each cell with the number of the trace that belongs there.
/// @param number  of the drawn row and column; −∞ where it is masked
template <class Number>
std::size_t wrong_cells(const std::string& document, const std::vector<std::string>& options,
                        const figure::Selection& selection, const figure::Look& look,
                        const std::string& name, Number number) {
  const TemporaryFolder folder;
  folder.write("a.json", document);
  REQUIRE(folder.run({"run", "a.json", "-o", "run", "--no-heatmaps"}).code == 0);
  REQUIRE(heatmap(folder, options).code == 0);
  const std::string text = folder.read("run/a/trace.json");
  const Json numbers = Json::parse(text);
  const attn_viz::Trace trace = attn_viz::read_trace(text);
  for (const figure::NamedFigure& each : figure::selected_heatmaps(trace, selection, look)) {
    if (each.name != name) continue;
    const figure::Layout layout = figure::lay_out(each.figure);
    const figure::Cells& cells = layout.panels.at(0);
    const Pixels pixels = decode_png(folder.read("out/" + name + ".png"));
    REQUIRE(pixels.width == layout.width);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < cells.rows; ++i)
      for (std::size_t j = 0; j < cells.columns; ++j) {
        const double value = number(numbers, i, j);
        const figure::Rgb want = std::isinf(value) ? figure::palette_of(look.theme).masked
                                                   : color_of(each.figure.scale, value, look.theme);
        const std::size_t inset = std::min(cells.cell_width, cells.cell_height) >= 10 ? 2 : 0;
        wrong += !(pixels.at(cells.left + j * cells.cell_width + inset,
                             cells.top + i * cells.cell_height + inset) == want);
      }
    return wrong;
  }
  FAIL("no figure " << name);
  return 1;
}

/// A weight of layer 0, −∞ where its score is null.
double weight(const Json& trace, const std::string& head, std::size_t query, std::size_t key) {
  const auto step = [&](const std::string& name) -> const Json& {
    for (const Json& each : trace["steps"])
      if (each["id"] == "layer0/" + head + "/" + name) return each["data"];
    throw std::runtime_error("no step " + name);
  };
  if (step("masked_scores")[query][key].is_null()) return -HUGE_VAL;
  return step("weights")[query][key];
}

}  // namespace

TEST_CASE("heatmap: files and what is printed") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  CHECK(heatmap(folder, {}) ==
        Run{0, "out: heatmap.png, layer0-head0-weights.png, layer0-head1-weights.png\n", ""});
  CHECK(folder.list("out") ==
        Paths{"heatmap.png", "layer0-head0-weights.png", "layer0-head1-weights.png"});
  CHECK(heatmap(folder, {"-o", "deep/er", "--head", "1", "--format", "svg,pdf"}).code == 2);
  const Run deep =
      folder.run({"heatmap", "a.json", "-o", "deep/er", "--head", "1", "--format", "svg,pdf"});
  CHECK(deep == Run{0, "deep/er: layer0-head1-weights.svg, layer0-head1-weights.pdf\n", ""});
  CHECK(folder.run({"heatmap", "a.json", "-o", "q", "--quiet"}) == Run{0, "", ""});
}

TEST_CASE("heatmap: a document, its trace and standard input give the same pictures") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  REQUIRE(folder.run({"run", "a.json", "-o", "run"}).code == 0);
  REQUIRE(heatmap(folder, {}).code == 0);
  REQUIRE(folder.run({"heatmap", "run/a/trace.json", "-o", "traced"}).code == 0);
  REQUIRE(folder.run({"heatmap", "-", "-o", "piped"}, kTwoHeads).code == 0);
  for (const std::string& file : folder.list("out")) {
    CHECK((folder.read("out/" + file) == folder.read("traced/" + file)));
    CHECK((folder.read("out/" + file) == folder.read("piped/" + file)));
  }
  // The same as `run` draws, but for the folders.
  CHECK((folder.read("out/heatmap.png") == folder.read("run/a/heatmap.png")));
  CHECK((folder.read("out/layer0-head0-weights.png") ==
         folder.read("run/a/heatmaps/layer0-head0-weights.png")));
}

TEST_CASE("heatmap: settings go before those of a document, and not for a trace") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  CHECK(heatmap(folder, {"--heads", "1"}) == Run{0, "out: layer0-head0-weights.png\n", ""});
  REQUIRE(folder.run({"run", "a.json", "-o", "run"}).code == 0);
  const Run refused = folder.run({"heatmap", "run/a/trace.json", "-o", "x", "--heads", "1"});
  CHECK(refused.code == 2);
  CHECK(refused.err.find("a trace is already computed") != std::string::npos);
}

TEST_CASE("heatmap: pixels of a choice, across, in other colours, logarithmic") {
  figure::Selection selection;
  selection.steps.head = "1";
  selection.queries = {"z,y"};
  figure::Look look;
  look.transpose = true;
  look.theme = figure::Theme::kDark;
  look.map = figure::ColorMap::kInferno;
  look.scale = figure::ScaleChoice::kLog;
  CHECK(wrong_cells(kTwoHeads,
                    {"--head", "1", "--query", "z,y", "--transpose", "--theme", "dark",
                     "--colormap", "inferno", "--color-scale", "log"},
                    selection, look, "layer0-head1-weights",
                    [](const Json& trace, std::size_t i, std::size_t j) {
                      return weight(trace, "head1", j == 0 ? 2 : 1, i);
                    }) == 0);
}

TEST_CASE("heatmap: pixels of the mean of heads, on a canvas, in print") {
  figure::Selection selection;
  selection.average_heads = true;
  selection.top = 2;
  figure::Look look;
  look.theme = figure::Theme::kPrint;
  look.canvas = {500, 400};
  look.scale = figure::ScaleChoice::kAuto;
  const auto mean = [](const Json& trace, std::size_t i, std::size_t j) {
    const double a = weight(trace, "head0", i, j), b = weight(trace, "head1", i, j);
    return std::isinf(a) ? a : (a + b) / 2;
  };
  CHECK(wrong_cells(kTwoHeads,
                    {"--average", "heads", "--top", "2", "--theme", "print", "--size", "500x400",
                     "--color-scale", "auto"},
                    selection, look, "layer0-mean-weights", mean) == 0);
}

TEST_CASE("heatmap: a resolution and a size give so many pixels") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  REQUIRE(heatmap(folder, {"--size", "640x480", "--dpi", "192"}).code == 0);
  for (const std::string& file : folder.list("out")) {
    const Pixels pixels = decode_png(folder.read("out/" + file));
    CHECK(pixels.width == 1280);
    CHECK(pixels.height == 960);
  }
}

TEST_CASE("heatmap: without labels, what the caption should say is printed") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  CHECK(heatmap(folder, {"--no-labels", "--head", "0", "--key", "0"}) ==
        Run{0,
            "out: layer0-head0-weights.png\n"
            "layer0-head0-weights: Layer 0, head 0: weights    A = softmax(S_masked); weight, 0 "
            "to 1; 1 of 3 keys; these keys have 0.64 of the weight.\n",
            ""});
}

TEST_CASE("heatmap: errors name what is wrong and what there is") {
  const TemporaryFolder folder;
  folder.write("a.json", kTwoHeads);
  const auto refused = [&](const std::vector<std::string>& options, int code,
                           const std::string& err) {
    const Run run = heatmap(folder, options);
    CHECK(run == Run{code, "", "attn-viz: " + err + "\n"});
    CHECK(folder.list() == Paths{"a.json"});
  };
  refused({"--step", "wieghts"}, 3,
          "a.json: unknown step \"wieghts\"; expected one of input/embeddings, mask, W_Q, W_K, "
          "W_V, query, key, value, scores, masked_scores, weights, output, concat, "
          "W_O, attention_output\n  hint: did you mean \"weights\"?");
  refused({"--head", "2"}, 3,
          "a.json: there is no head 2 with a step \"weights\"; expected 0 to 1");
  refused({"--layer", "a"}, 2,
          "--layer: expected numbers and ranges such as 0, 0-2 or 0,2-3, got \"a\"");
  refused({"--query", "w"}, 3,
          "a.json: there is no query \"w\"; expected an index from 0 to 2, a range such as 0-2, or "
          "a label");
  refused({"--top", "0"}, 2, "--top: expected a whole number from 1 to 1000000000, got \"0\"");
  refused({"--digits", "x"}, 2, "--digits: expected a whole number from 0 to 12, got \"x\"");
  refused({"--theme", "drak"}, 2,
          "--theme: unknown theme \"drak\"; expected one of light, dark, print\n"
          "  hint: did you mean \"dark\"?");
  for (const char* size : {"0", "10x", "x10", "100x30", "40000", "3e2", "100x100x100", "-100"})
    refused({std::string("--size=") + size}, 2,
            "--size: expected WIDTHxHEIGHT or WIDTH in pixels, each from 40 to 32767, got \"" +
                std::string(size) + "\"");
  refused({"--dpi", "72"}, 2, "--dpi: expected a whole number from 96 to 1200, got \"72\"");
  refused({"--dpi", "200", "--format", "pdf"}, 2,
          "--dpi: SVG and PDF have no pixels; a resolution is for png");
  const Run small = heatmap(folder, {"--size", "60x50", "--head", "0"});
  CHECK(small.code == 2);
  CHECK(small.err.find("layer0-head0-weights: the figure does not fit into 60 × 50 pixels") !=
        std::string::npos);
}
