// The trace as a contract: ids, order, shapes and numbers that slides and scripts depend on.
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "support/cli_program.hpp"
#include "support/cli_trace.hpp"

using namespace attn_viz::test;
using nlohmann::json;
using Ids = std::vector<std::string>;

namespace {

json trace_of(const std::string& document, const std::vector<std::string>& options = {}) {
  const TemporaryFolder folder;
  folder.write("a.json", document);
  std::vector<std::string> arguments{"run", "a.json", "-o", "out", "--no-heatmaps"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  REQUIRE(folder.run(arguments) == Run{0, "out/a: trace.json\n", ""});
  return read_trace_file(folder.path() / "out/a/trace.json");
}

json trace_of_sample(const std::string& name) {
  return trace_of(read_bytes(sample(name)));
}

Ids ids(const json& trace) {
  Ids ids;
  for (const json& step : trace["steps"]) ids.push_back(step["id"]);
  return ids;
}

/// All numbers of nested lists; null as −∞.
void flatten(const json& nested, std::vector<double>& numbers) {
  if (nested.is_array()) {
    for (const json& element : nested) flatten(element, numbers);
  } else {
    numbers.push_back(nested.is_null() ? -HUGE_VAL : nested.get<double>());
  }
}

/// "/2/0: expected 0.5, got 0.4" for the first number that is off by more than `tolerance`, or "".
std::string difference(const json& got, const json& expected, double tolerance,
                       const std::string& place = {}) {
  if (expected.is_array()) {
    if (!got.is_array() || got.size() != expected.size()) return place + ": another shape";
    for (std::size_t i = 0; i < expected.size(); ++i) {
      std::string found =
          difference(got[i], expected[i], tolerance, place + "/" + std::to_string(i));
      if (!found.empty()) return found;
    }
    return {};
  }
  const bool equal = expected.is_null() || got.is_null()
                         ? expected == got
                         : std::abs(got.get<double>() - expected.get<double>()) <=
                               tolerance * std::max(1.0, std::abs(expected.get<double>()));
  return equal ? "" : place + ": expected " + expected.dump() + ", got " + got.dump();
}

/// What holds for every trace: known keys, a role and a place, inputs that come earlier, data of
/// the stated shape.
void expect_sound(const json& trace) {
  CHECK(trace["format"] == "attn-viz trace");
  CHECK(trace["version"] == 2);
  CHECK(trace["generator"] == "attn-viz 0.1.0");
  std::set<std::string> earlier;
  for (const json& step : trace["steps"]) {
    const std::string id = step["id"];
    CAPTURE(id);
    for (const json& input : step["inputs"]) CHECK(earlier.count(input) == 1);
    CHECK(earlier.insert(id).second);
    const bool given = step["op"] == "input" || step["op"] == "parameter";
    CHECK(step.contains("equation") != given);
    CHECK(step["inputs"].empty() == given);
    CHECK(step["role"].is_string());
    CHECK(step["place"].is_object());
    CHECK(step["axes"].size() == step["shape"].size());
    const json* level = &step["data"];
    for (std::size_t axis = 0; axis < step["shape"].size(); ++axis) {
      REQUIRE(level->size() == step["shape"][axis]);
      const json& name = step["axes"][axis];
      if (!name.is_null()) {
        CHECK(trace["axes"][std::string(name)]["labels"].size() == level->size());
      }
      level = &(*level)[0];
    }
    std::vector<double> numbers;
    flatten(step["data"], numbers);
    const bool may_mask = id.find("masked_scores") != std::string::npos;
    for (const double number : numbers) {
      if (!std::isfinite(number) && !(may_mask && number < 0)) FAIL_CHECK("a number is not finite");
    }
  }
}

}  // namespace

TEST_CASE("trace: the running example, number by number") {
  const json trace = trace_of_sample("three-tokens.json");
  expect_sound(trace);
  CHECK(trace["title"] == "Three colours: red looks at red and yellow alike, the others at yellow");
  CHECK(trace["dtype"] == "float64");
  CHECK(trace["axes"] == json{{"token", {{"labels", {"red", "green", "yellow"}}}}});

  // √2 / 2 and the softmax of its multiples; for the first row, e^(√½) / (2 e^(√½) + 1).
  const double scale = 0.7071067811865475;
  const std::vector<std::pair<std::string, json>> expected{
      {"input/embeddings", {{1, 0}, {0, 1}, {1, 1}}},
      {"layer0/head0/W_Q", {{1, 0}, {0, 2}}},
      {"layer0/head0/W_K", {{1, 1}, {0, 1}}},
      {"layer0/head0/W_V", {{1, 0}, {2, 1}}},
      {"layer0/head0/query", {{1, 0}, {0, 2}, {1, 2}}},
      {"layer0/head0/key", {{1, 1}, {0, 1}, {1, 2}}},
      {"layer0/head0/value", {{1, 0}, {2, 1}, {3, 1}}},
      {"layer0/head0/scores", {{1, 0, 1}, {2, 2, 4}, {3, 2, 5}}},
      {"layer0/head0/scaled_scores",
       {{scale, 0, scale}, {2 * scale, 2 * scale, 4 * scale}, {3 * scale, 2 * scale, 5 * scale}}},
      {"layer0/head0/weights",
       {{0.4011120926797859, 0.1977758146404282, 0.4011120926797859},
        {0.16357910081201152, 0.16357910081201152, 0.672841798375977},
        {0.17837015472760462, 0.08794873877550645, 0.733681106496889}}},
      {"layer0/head0/output",
       {{2, 0.5988879073202141},
        {2.509262697563966, 0.8364208991879886},
        {2.5553109517692847, 0.8216298452723955}}},
      {"layer0/concat",
       {{2, 0.5988879073202141},
        {2.509262697563966, 0.8364208991879886},
        {2.5553109517692847, 0.8216298452723955}}},
      {"layer0/W_O", {{1, 0}, {0, 1}}},
      {"layer0/attention_output",
       {{2, 0.5988879073202141},
        {2.509262697563966, 0.8364208991879886},
        {2.5553109517692847, 0.8216298452723955}}},
  };
  REQUIRE(trace["steps"].size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto& [id, numbers] = expected[i];
    CAPTURE(id);
    CHECK(trace["steps"][i]["id"] == id);
    CHECK(difference(trace["steps"][i]["data"], numbers, 4e-16) == "");
  }
  const double e = std::exp(std::sqrt(0.5));
  CHECK(data(trace, "layer0/head0/weights")[0][0] == Approx(e / (2 * e + 1)).epsilon(1e-15));
}

TEST_CASE("trace: a step says what it is, what it was computed from, and how") {
  const json trace = trace_of_sample("three-tokens.json");
  const json scaled = step(trace, "layer0/head0/scaled_scores");
  CHECK(scaled["op"] == "scale");
  CHECK(scaled["symbol"] == "S_scaled");
  CHECK(scaled["role"] == "scores");
  CHECK(scaled["place"] == json{{"layer", 0}, {"head", 0}});
  CHECK(scaled["equation"] == "S_scaled = scale · S");
  CHECK(scaled["inputs"] == json{"layer0/head0/scores"});
  CHECK(scaled["attributes"] == json{{"scale", 0.7071067811865475}});
  CHECK(scaled["axes"] == json{"token", "token"});
  CHECK(scaled["shape"] == json{3, 3});
  const json query = step(trace, "layer0/head0/query");
  CHECK(query["role"] == "query");
  CHECK(query["equation"] == "Q = X W_Q");
  CHECK(query["inputs"] == json{"input/embeddings", "layer0/head0/W_Q"});
  CHECK_FALSE(query.contains("attributes"));
  CHECK(query["axes"] == json{"token", nullptr});
}

TEST_CASE("trace: everything that may apply, in the contract's order") {
  const std::string document = R"({"embeddings": [[1, 2]],
    "context": {"embeddings": [[1, 0], [0, 1]], "values": [[1, 0], [0, 2]]},
    "attention": {"heads": 2, "softcap": 5, "bias": [[1, 2]], "mask": {"causal": true},
      "scale": 2, "weights": {"W_Q": [[1, 0], [0, 1]], "W_K": [[1, 0], [0, 1]],
      "W_V": [[1, 0], [0, 1]], "W_O": [[1, 0], [0, 1]], "b_Q": [1, 1], "b_K": [0, 0],
      "b_V": [0, 1], "b_O": [0, 0]}}})";
  const json trace = trace_of(document);
  expect_sound(trace);
  Ids expected{"input/embeddings", "input/context", "input/values"};
  Ids got = ids(trace);
  // The mask is the same for all heads, so it stands before them.
  expected.push_back("layer0/mask");
  for (const char* head : {"layer0/head0/", "layer0/head1/"}) {
    for (const char* name : {"W_Q", "W_K", "W_V", "b_Q", "b_K", "b_V", "bias", "query", "key",
                             "value", "scores", "scaled_scores", "capped_scores", "biased_scores",
                             "masked_scores", "weights", "output"}) {
      expected.push_back(std::string(head) + name);
    }
  }
  for (const char* name : {"concat", "W_O", "b_O", "attention_output"}) {
    expected.push_back("layer0/" + std::string(name));
  }
  CHECK(got == expected);
  CHECK(data(trace, "layer0/head0/masked_scores")[0][1].is_null());
  CHECK(data(trace, "layer0/head0/weights") == json({{1, 0}}));
  // q = 1 + 1, k = 1: 2·2 = 4, capped 5 tanh(4 / 5), and the bias 1.
  CHECK(difference(data(trace, "layer0/head0/biased_scores")[0][0], 5 * std::tanh(0.8) + 1,
                   1e-15) == "");
}

TEST_CASE("trace: a row that sees no key has weights 0 and output 0, and is named") {
  const json trace =
      trace_of(R"({"embeddings": [[1], [2]], "attention": {"mask": {"allow": [[1, 1], [0, 0]]}}})");
  expect_sound(trace);
  CHECK(step(trace, "layer0/head0/weights")["empty_rows"] == json{1});
  CHECK(data(trace, "layer0/head0/weights")[1] == json{0, 0});
  CHECK(data(trace, "layer0/attention_output")[1] == json{0});
  CHECK(data(trace, "layer0/head0/masked_scores")[1] == json{nullptr, nullptr});
}

TEST_CASE("trace: defaults of a document with nothing but embeddings") {
  const json trace = trace_of(R"({"embeddings": [[1, 2, 2, 4], [0, 0, 0, 0]]})");
  expect_sound(trace);
  CHECK(trace["title"] == "a");
  CHECK(trace["axes"]["token"]["labels"] == json{"0", "1"});
  CHECK(trace["settings"] == json::parse(R"({"mechanism": "attention", "attention": {
      "heads": 1, "head_size": 4, "value_size": 4, "score": "scaled-dot-product", "scale": 0.5,
      "softcap": "none", "bias": "none", "mask": "none",
      "normalize": {"type": "softmax", "temperature": 1}, "position": "none",
      "weights": "identity"}})"));
  CHECK(data(trace, "layer0/head0/weights")[1] == json{0.5, 0.5});
}

TEST_CASE("trace: patches have a grid and labels \"row,column\"") {
  const json trace = trace_of(R"({"embeddings": [[1], [2], [3], [4], [5], [6]],
      "patches": {"rows": 2, "columns": 3, "image": "a.png"}})");
  CHECK(trace["axes"]["token"] == json{{"labels", {"0,0", "0,1", "0,2", "1,0", "1,1", "1,2"}},
                                       {"grid", {2, 3}},
                                       {"image", "a.png"}});
}

TEST_CASE("trace: texts keep every character") {
  const std::string title = "quote \" slash \\ line\n tab\t bell\u0007 中文 👩‍🔬 e\u0301";
  const json trace =
      trace_of(json{{"title", title}, {"tokens", {title}}, {"embeddings", {{1}}}}.dump());
  CHECK(trace["title"] == title);
  CHECK(trace["axes"]["token"]["labels"] == json{title});
}

// ---- samples ----

TEST_CASE("samples: each runs without a warning, and its trace is sound") {
  const TemporaryFolder folder;
  std::size_t samples = 0;
  for (const auto& entry : std::filesystem::directory_iterator(sample(""))) {
    if (entry.path().extension() != ".json") continue;
    const std::string name = entry.path().stem().string();
    CAPTURE(name);
    const Run got = folder.run({"run", entry.path().string(), "-o", "out"});
    const json trace = read_trace_file(folder.path() / "out" / name / "trace.json");
    expect_sound(trace);
    CHECK(got.code == 0);
    CHECK(got.err.empty());
    CHECK(got.out.rfind("out/" + name + ": trace.json, heatmap.png, ", 0) == 0);
    ++samples;
  }
  CHECK(samples >= 6);
}

TEST_CASE("samples: Tom, Chase and Jerry have the weights and outputs of the table") {
  const json trace = trace_of_sample("tom-chase-jerry.json");
  CHECK(trace["axes"]["token"]["labels"] == json{"汤姆", "追逐", "杰瑞"});
  CHECK(trace["axes"]["context"]["labels"] == json{"Tom", "Chase", "Jerry"});
  CHECK(difference(data(trace, "layer0/head0/weights"),
                   {{0.6, 0.2, 0.2}, {0.2, 0.7, 0.1}, {0.3, 0.2, 0.5}}, 1e-12) == "");
  CHECK(difference(data(trace, "layer0/attention_output"), {{0.8, 0.4}, {0.3, 0.8}, {0.8, 0.7}},
                   1e-12) == "");
}

TEST_CASE("samples: the two heads share one table") {
  const json trace = trace_of_sample("two-heads.json");
  const double third = 1.0 / 3;
  CHECK(difference(data(trace, "layer0/head0/weights")[1], {third, third, third}, 1e-15) == "");
  CHECK(difference(data(trace, "layer0/head1/weights")[0], {third, third, third}, 1e-15) == "");
  CHECK(difference(data(trace, "layer0/attention_output"),
                   {{2, 10.0 / 3}, {2, 3.786986}, {2, 3.786986}}, 1e-6) == "");
}

namespace {

/// The weight that a word gives another one, by their labels, rounded to two decimals.
double weight(const json& trace, const std::string& head, const std::string& query,
              const std::string& key) {
  const json& labels = trace["axes"]["token"]["labels"];
  const auto place = [&](const std::string& label) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] == label) return i;
    }
    throw std::runtime_error("no label " + label);
  };
  const json weights = data(trace, "layer0/" + head + "/weights");
  return std::round(100 * weights[place(query)][place(key)].get<double>()) / 100;
}

}  // namespace

TEST_CASE("samples: the pairs that the samples' README names have the weights that it gives") {
  const json alice = trace_of_sample("alice.json");
  CHECK(weight(alice, "head0", "of", "by") == 0.39);
  CHECK(weight(alice, "head0", "very", "her") == 0.30);
  CHECK(weight(alice, "head0", "was", "to") == 0.30);
  CHECK(weight(alice, "head1", "sitting", "by") == 0.26);
  CHECK(weight(alice, "head1", "by", "her") == 0.23);
  const json moon = trace_of_sample("moonlight.json");
  CHECK(weight(moon, "head0", "疑", "是") == 0.38);
  CHECK(weight(moon, "head0", "前", "月") == 0.24);
  CHECK(weight(moon, "head0", "光", "月") == 0.22);
  CHECK(weight(moon, "head1", "地", "上") == 0.42);
  CHECK(weight(moon, "head1", "月", "霜") == 0.33);
  CHECK(weight(moon, "head1", "床", "前") == 0.31);
}
