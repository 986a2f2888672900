// Options go before the document, as the written trace says.
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"
#include "support/cli_trace.hpp"

using namespace attn_viz::test;
using nlohmann::json;

namespace {

/// Everything is set, so that every option has something to go before.
constexpr char kAllSet[] = R"({
  "embeddings": [[1, 0, 2, 1], [0, 1, 1, 0], [1, 1, 0, 2]],
  "attention": {"heads": 1, "score": "cosine", "scale": 3, "mask": {"window": [0, 1]},
                "weights": {"random": 7}}})";

json trace_with(const std::vector<std::string>& options, const std::string& document = kAllSet) {
  const TemporaryFolder folder;
  folder.write("a.json", document);
  std::vector<std::string> arguments{"run", "a.json", "-o", "out", "--no-heatmaps"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  REQUIRE(folder.run(arguments) == Run{0, "out/a: trace.json\n", ""});
  return read_trace_file(folder.path() / "out/a/trace.json");
}

/// The settings of attention with some changed.
json changed(const json& changes) {
  json settings = {{"heads", 1},
                   {"head_size", 4},
                   {"value_size", 4},
                   {"score", "cosine"},
                   {"scale", 3},
                   {"softcap", "none"},
                   {"bias", "none"},
                   {"mask", {{"window", {0, 1}}}},
                   {"normalize", {{"type", "softmax"}, {"temperature", 1}}},
                   {"position", "none"},
                   {"weights", {{"random", 7}}}};
  settings.update(changes);
  return settings;
}

json settings(const json& trace) {
  return trace["settings"]["attention"];
}

/// Which weights are not 0, row by row: "10/11".
std::string visible(const json& weights) {
  std::string cells;
  for (const json& row : weights) {
    if (!cells.empty()) cells += '/';
    for (const json& weight : row) cells += weight == 0 ? '0' : '1';
  }
  return cells;
}

}  // namespace

TEST_CASE("overrides: without options the document decides") {
  const json trace = trace_with({});
  CHECK(settings(trace) == changed(json::object()));
  CHECK(trace["settings"]["mechanism"] == "attention");
  CHECK(trace["dtype"] == "float64");
  CHECK(visible(data(trace, "layer0/head0/weights")) == "110/011/001");
}

TEST_CASE("overrides: --heads") {
  const json trace = trace_with({"--heads", "2"});
  CHECK(settings(trace) == changed({{"heads", 2}, {"head_size", 2}, {"value_size", 2}}));
  CHECK(data(trace, "layer0/head1/query").at(0).size() == 2);
  // The same random matrix, now cut in two.
  const json whole = data(trace_with({}), "layer0/head0/W_Q");
  CHECK(data(trace, "layer0/head0/W_Q").at(3) == json{whole[3][0], whole[3][1]});
  CHECK(data(trace, "layer0/head1/W_Q").at(3) == json{whole[3][2], whole[3][3]});
}

TEST_CASE("overrides: --score, by name and by short name") {
  CHECK(settings(trace_with({"--score", "dot-product"})) == changed({{"score", "dot-product"}}));
  CHECK(settings(trace_with({"--score", "dot"})) == changed({{"score", "dot-product"}}));
  CHECK(settings(trace_with({"--score", "additive"})) == changed({{"score", "additive"}}));
  CHECK(settings(trace_with({"--score", "bilinear"})) == changed({{"score", "bilinear"}}));
  // The scale of the document stays; without one, the score has its own.
  CHECK(settings(trace_with({"--score", "scaled-dot"})) ==
        changed({{"score", "scaled-dot-product"}}));
  const json plain = trace_with({"--score", "scaled-dot-product"},
                                R"({"embeddings": [[1, 0, 2, 1]], "attention": {"score": "dot"}})");
  CHECK(settings(plain)["scale"] == 0.5);
}

TEST_CASE("overrides: another --score drops the parameters of the document's score") {
  const json trace = trace_with({"--score", "dot"}, R"({"embeddings": [[1, 2], [3, 4]],
      "attention": {"score": {"type": "bilinear", "W": [[0, 1], [1, 0]]}}})");
  CHECK(data(trace, "layer0/head0/scores") == json({{5, 11}, {11, 25}}));
  const json kept = trace_with({"--score", "bilinear"}, R"({"embeddings": [[1, 2], [3, 4]],
      "attention": {"score": {"type": "bilinear", "W": [[0, 1], [1, 0]]}}})");
  CHECK(data(kept, "layer0/head0/scores") == json({{4, 10}, {10, 24}}));
}

TEST_CASE("overrides: --scale") {
  const json trace = trace_with({"--scale", "-0.25"});
  CHECK(settings(trace) == changed({{"scale", -0.25}}));
  CHECK(step(trace, "layer0/head0/scaled_scores")["attributes"]["scale"] == -0.25);
  // A scale of 1 is no step of its own.
  CHECK(find_step(trace_with({"--scale", "1"}), "layer0/head0/scaled_scores") == nullptr);
}

TEST_CASE("overrides: --causal joins the masks of the document") {
  const json trace = trace_with({"--causal"});
  CHECK(settings(trace) == changed({{"mask", {{"causal", true}, {"window", {0, 1}}}}}));
  CHECK(visible(data(trace, "layer0/head0/weights")) == "100/010/001");
  CHECK(visible(data(trace_with({"--causal"}, R"({"embeddings": [[1], [2], [3]]})"),
                     "layer0/head0/weights")) == "100/110/111");
}

TEST_CASE("overrides: --window") {
  const json trace = trace_with({"--window", "1,0"});
  CHECK(settings(trace) == changed({{"mask", {{"window", {1, 0}}}}}));
  CHECK(visible(data(trace, "layer0/head0/weights")) == "100/110/011");
  CHECK(visible(data(trace_with({"--window", "0,4294967295"}), "layer0/head0/weights")) ==
        "111/011/001");
}

TEST_CASE("overrides: --weights and --seed") {
  CHECK(settings(trace_with({"--weights", "identity"})) == changed({{"weights", "identity"}}));
  CHECK(settings(trace_with({"--weights", "random"})) == changed(json::object()));  // keeps 7
  CHECK(settings(trace_with({"--seed", "8"})) == changed({{"weights", {{"random", 8}}}}));
  CHECK(settings(trace_with({"--weights", "random", "--seed", "4294967295"})) ==
        changed({{"weights", {{"random", 4294967295}}}}));
  const std::string given =
      R"({"embeddings": [[1]], "attention": {"weights": {"W_Q": [[2]], "W_K": [[3]]}}})";
  CHECK(settings(trace_with({}, given))["weights"] == "given");
  CHECK(settings(trace_with({"--weights", "random"}, given))["weights"] == json{{"random", 0}});
  CHECK(data(trace_with({"--weights", "identity"}, given), "layer0/head0/W_Q") == json({{1}}));
}

TEST_CASE("overrides: a seed gives its numbers, another seed others") {
  const json seven = data(trace_with({"--seed", "7"}), "layer0/head0/W_Q");
  CHECK(seven == data(trace_with({}), "layer0/head0/W_Q"));
  CHECK(seven != data(trace_with({"--seed", "8"}), "layer0/head0/W_Q"));
  CHECK(seven != data(trace_with({}), "layer0/head0/W_K"));
  // Uniform in ±√(6 / (4 + 4)).
  for (const json& row : seven) {
    for (const json& number : row) CHECK(std::abs(number.get<double>()) < std::sqrt(0.75));
  }
}

TEST_CASE("overrides: --dtype float32 rounds every number of the trace") {
  const json narrow = trace_with({"--dtype", "float32"});
  CHECK(narrow["dtype"] == "float32");
  CHECK(settings(narrow) == changed(json::object()));
  const json exact = data(trace_with({"--dtype", "float64"}), "layer0/head0/weights");
  const json rounded = data(narrow, "layer0/head0/weights");
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      CHECK(rounded[i][j].get<double>() == Approx(exact[i][j].get<double>()).epsilon(1e-5));
      // The shortest decimal that reads back to the same float32 has at most 9 digits.
      CHECK(rounded[i][j].dump().size() <= 15);
    }
  }
  CHECK(rounded != exact);
}

TEST_CASE("overrides: --normalize and --position take the defaults by name") {
  CHECK(trace_with({"--normalize", "softmax", "--position", "none"}) == trace_with({}));
}
