// Broken traces: exact errors, with the place.
#include <nlohmann/json.hpp>

#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using Json = nlohmann::json;
using test::error_of;

Json good() {
  return Json::parse(R"({
    "format": "attn-viz trace", "version": 2, "generator": "g", "title": "t", "dtype": "float64",
    "settings": {}, "axes": {"token": {"labels": ["a", "b"], "grid": [1, 2]}},
    "steps": [
      {"id": "x", "symbol": "X", "op": "input", "role": "input", "place": {}, "inputs": [],
       "axes": ["token", null], "shape": [2, 3], "data": [[1, 2, 3], [4, 5, 6]]},
      {"id": "s", "symbol": "S", "op": "scale", "role": "scores",
       "place": {"layer": 1, "head": 0}, "equation": "S = scale · X", "inputs": ["x"],
       "attributes": {"scale": 1}, "axes": ["token", null], "shape": [2, 3],
       "data": [[1, 2, 3], [4, 5, 6]]}]})");
}

/// What the reader says of the good trace after one change at a JSON pointer.
std::string changed(const std::string& pointer, const Json& value) {
  Json trace = good();
  trace[Json::json_pointer(pointer)] = value;
  return error_of([&] { read_trace(trace.dump()); });
}

std::string without(const std::string& parent, const std::string& key) {
  Json trace = good();
  trace[Json::json_pointer(parent)].erase(key);
  return error_of([&] { read_trace(trace.dump()); });
}

TEST_CASE("trace: the trace that the next tests break is good") {
  CHECK(changed("/title", "other") == "no error");
  const Trace trace = read_trace(good().dump());
  CHECK(trace.steps[1].inputs == std::vector<StepId>{0});
  CHECK(trace.steps[0].values.axes()[0].name == "token");
  CHECK(trace.find("s") == &trace.steps[1]);
  CHECK(trace.find("t") == nullptr);
  CHECK(trace.axis("token") == trace.axes.data());
  CHECK(trace.axis("context") == nullptr);
}

TEST_CASE("trace: another format or version is refused") {
  CHECK(changed("/format", "trace") == "/format: expected \"attn-viz trace\", got \"trace\"");
  CHECK(changed("/version", 3) == "/version: expected 1 or 2, got 3");
  CHECK(changed("/version", "1") == "/version: expected a number, got \"1\"");
  CHECK(changed("/dtype", "float16") ==
        "/dtype: expected \"float64\" or \"float32\", got \"float16\"");
  CHECK(without("", "format") == "the key \"format\" is missing; it is required");
  CHECK(without("", "version") == "the key \"version\" is missing; it is required");
  CHECK(without("", "dtype") == "the key \"dtype\" is missing; it is required");
  CHECK(without("", "steps") == "the key \"steps\" is missing; it is required");
  CHECK(changed("/step", Json::array()) == "/step: unknown key\n  hint: did you mean \"steps\"?");
  CHECK(error_of([] { read_trace("[1]"); }) == "expected an object, got [1]");
}

TEST_CASE("trace: steps must be steps") {
  CHECK(changed("/steps", 1) == "/steps: expected a list, got 1");
  CHECK(changed("/steps", {1, 2}) == "/steps: expected a list of steps, got [1, 2]");
  CHECK(changed("/steps/1", 3) == "/steps/1: expected an object, got 3");
  for (const char* key :
       {"id", "role", "place", "symbol", "op", "inputs", "axes", "shape", "data"}) {
    CHECK(without("/steps/1", key) ==
          "/steps/1: the key \"" + std::string(key) + "\" is missing; it is required");
  }
  CHECK(changed("/steps/1/id", "x") == "/steps/1/id: the step \"x\" is repeated");
  CHECK(changed("/steps/1/id", 1) == "/steps/1/id: expected a text, got 1");
}

TEST_CASE("trace: a role must be known") {
  CHECK(
      changed("/steps/1/role", "weight") ==
      "/steps/1/role: unknown role \"weight\"; expected one of input, parameter, position, query, "
      "key, value, mask, bias, scores, weights, output, features, state, gate, maps, hidden, "
      "logits, probabilities, choice, loss, statistic\n  hint: did you mean \"weights\"?");
  CHECK(changed("/steps/1/role", 3) == "/steps/1/role: expected a text, got 3");
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i) {
    Json trace = good();
    trace["steps"][1]["role"] = std::string(kRoleNames[i]);
    const Role role = read_trace(trace.dump()).steps[1].role;
    CHECK(role == static_cast<Role>(i));
    CHECK(name_of(role) == kRoleNames[i]);
  }
}

TEST_CASE("trace: a place has its own keys alone") {
  const Trace trace = read_trace(good().dump());
  Place place;
  CHECK(trace.steps[0].place == place);
  place.layer = 1;
  place.head = 0;
  CHECK(trace.steps[1].place == place);

  CHECK(changed("/steps/1/place", 3) == "/steps/1/place: expected an object, got 3");
  CHECK(changed("/steps/1/place/heads", 0) ==
        "/steps/1/place/heads: unknown key\n  hint: did you mean \"head\"?");
  CHECK(changed("/steps/1/place/token", 0) ==
        "/steps/1/place/token: unknown key\n"
        "  hint: known keys here: side, layer, block, head, branch, pass");
  CHECK(changed("/steps/1/place/side", "left") ==
        "/steps/1/place/side: expected \"encoder\" or \"decoder\", got \"left\"");
  CHECK(changed("/steps/1/place/block", "both") ==
        "/steps/1/place/block: expected \"self\" or \"cross\", got \"both\"");
  CHECK(changed("/steps/1/place/branch", 1) == "/steps/1/place/branch: expected a text, got 1");
  for (const std::string key : {"layer", "head", "pass"}) {
    const std::string at = "/steps/1/place/" + key;
    CHECK(changed(at, -1) == at + ": expected a whole number ≥ 0, got -1");
    CHECK(changed(at, 0.5) == at + ": expected a whole number ≥ 0, got 0.5");
    CHECK(changed(at, "0") == at + ": expected a whole number ≥ 0, got \"0\"");
  }
}

TEST_CASE("trace: version 1 is read, and its steps get roles and places") {
  Json old = good();
  old["version"] = 1;
  old["steps"][1]["id"] = "layer1/cross/head2/scaled_scores";
  for (Json& step : old["steps"]) {
    step.erase("role");
    step.erase("place");
  }
  const Trace trace = read_trace(old.dump());
  CHECK(trace.steps[0].role == Role::kInput);
  CHECK(trace.steps[0].place == Place{});
  CHECK(trace.steps[1].role == Role::kScores);
  Place place;
  place.layer = 1;
  place.block = Place::Block::kCross;
  place.head = 2;
  CHECK(trace.steps[1].place == place);

  // What it may say of them is not part of it.
  old["steps"][1]["role"] = "loss";
  old["steps"][1]["place"] = 5;
  const Trace odd = read_trace(old.dump());
  CHECK(odd.steps[1].role == Role::kScores);
  CHECK(odd.steps[1].place == place);
  CHECK(odd.steps[1].findings.empty());
}

TEST_CASE("trace: an input must be an earlier step") {
  CHECK(changed("/steps/1/inputs/0", "y") ==
        "/steps/1/inputs: expected the ids of earlier steps, got \"y\"");
  CHECK(changed("/steps/1/inputs/0", "s") ==
        "/steps/1/inputs: expected the ids of earlier steps, got \"s\"");
  CHECK(changed("/steps/0/inputs", {"s"}) ==
        "/steps/0/inputs: expected the ids of earlier steps, got \"s\"");
  CHECK(changed("/steps/1/inputs", {0}) ==
        "/steps/1/inputs: expected a list of texts, got [0]\n  hint: write \"1\" "
        "for a label, not 1");
}

TEST_CASE("trace: data must nest to their shape") {
  CHECK(changed("/steps/1/shape", {3, 2}) == "/steps/1/data: expected shape [3, 2], got [2, 3]");
  CHECK(changed("/steps/1/shape", {6}) ==
        "/steps/1/data: expected numbers of shape [6], got numbers of shape [2, 3]");
  CHECK(changed("/steps/1/data/1", {4, 5}) ==
        "/steps/1/data/1: expected a row of 3 like row 0, got 2");
  CHECK(changed("/steps/1/data/1/2", "6") == "/steps/1/data/1/2: expected a number, got \"6\"");
  CHECK(changed("/steps/1/data", Json::array()) == "/steps/1/data: expected shape [2, 3], got [0]");
  CHECK(changed("/steps/1/data", 5) == "/steps/1/data: expected numbers of shape [2, 3], got 5");
}

TEST_CASE("trace: a shape is a list of whole numbers") {
  CHECK(changed("/steps/1/shape", "2x3") == "/steps/1/shape: expected a list, got \"2x3\"");
  CHECK(changed("/steps/1/shape", {2.5, 3}) ==
        "/steps/1/shape: expected a list of whole numbers ≥ 0, got [2.5, 3]");
  CHECK(changed("/steps/1/shape", {-2, 3}) ==
        "/steps/1/shape: expected a list of whole numbers ≥ 0, got [-2, 3]");
  CHECK(changed("/steps/1/shape", {1e300, 3}) ==
        "/steps/1/shape: expected a list of whole numbers ≥ 0, got [1e+300, 3]");
  CHECK(changed("/steps/1/shape", Json::parse("[[2, 3]]")) ==
        "/steps/1/shape: expected a list of whole numbers ≥ 0, got numbers of shape [1, 2]");
}

TEST_CASE("trace: what is empty must nest to its shape, too") {
  const auto empty = [](const std::string& shape, const std::string& data) {
    Json trace = good();
    trace["steps"][1]["shape"] = Json::parse(shape);
    trace["steps"][1]["data"] = Json::parse(data);
    trace["steps"][1]["axes"] = Json::array();
    for (std::size_t i = 0; i < Json::parse(shape).size(); ++i) {
      trace["steps"][1]["axes"].push_back(nullptr);
    }
    return error_of([&] { read_trace(trace.dump()); });
  };
  CHECK(empty("[0, 3]", "[]") == "no error");
  CHECK(empty("[2, 0]", "[[], []]") == "no error");
  CHECK(empty("[2, 0, 3]", "[[], []]") == "no error");
  CHECK(empty("[2, 0]", "[]") == "/steps/1/data: expected shape [2, 0], got [0]");
  CHECK(empty("[3, 0]", "[[], []]") == "/steps/1/data: expected shape [3, 0], got [2, 0]");
  CHECK(empty("[0]", "[1]") == "/steps/1/data: expected shape [0], got [1]");
  CHECK(empty("[0, 3]", "[[1, 2, 3]]") == "/steps/1/data: expected shape [0, 3], got [1, 3]");
  CHECK(empty("[]", "[]") == "/steps/1/data: expected a number, got an empty list");
  CHECK(empty("[]", "5") == "no error");
}

TEST_CASE("trace: numbers must be finite, and null stands for a masked score alone") {
  std::string text = good().dump();
  text.replace(text.find("[4,5,6]"), 7, "[4,NaN,6]");
  CHECK(error_of([&] { read_trace(text); }).substr(0, 53) ==
        "/steps/0/data/1/1: expected a finite number, got NaN\n");
  text.replace(text.find("NaN"), 3, "1e999");
  CHECK(error_of([&] { read_trace(text); }) ==
        "/steps/0/data/1/1: this number overflows; expected one finite in float64");
  CHECK(changed("/steps/0/data/1/1", nullptr) == "/steps/0/data/1/1: expected a number, got null");
  CHECK(changed("/steps/1/data/1/1", nullptr) == "/steps/1/data/1/1: expected a number, got null");
  Json masked = good();
  masked["steps"][1]["op"] = "mask-scores";
  masked["steps"][1]["data"][1][1] = nullptr;
  CHECK(read_trace(masked.dump()).steps[1].values.at(1, 1) == -test::kInfinity);
  Json narrow = good();
  narrow["dtype"] = "float32";
  narrow["steps"][0]["data"][0][0] = 1e39;
  CHECK(error_of([&] { read_trace(narrow.dump()); }).substr(0, 49) ==
        "/steps/0/data: value 1e+39 overflows float32; exp");
}

TEST_CASE("trace: axes must be known and as long as their labels") {
  CHECK(changed("/steps/1/axes/0", "tokens") ==
        "/steps/1/axes: expected an axis of 2 labels, got \"tokens\"");
  CHECK(changed("/steps/1/axes/1", "token") ==
        "/steps/1/axes: expected an axis of 3 labels, got \"token\"");
  CHECK(changed("/steps/1/axes", {nullptr}) ==
        "/steps/1/axes: expected a list of 2 axis names or null, got [null]");
  CHECK(changed("/steps/1/axes", {3, 4}) ==
        "/steps/1/axes: expected a list of 2 axis names or null, got [3, 4]");
  CHECK(changed("/steps/1/axes", {"token", true}) ==
        "/steps/1/axes: expected an axis of 3 labels, got true");
  CHECK(changed("/axes/token", {{"labels", {"a"}}}) ==
        "/steps/0/axes: expected an axis of 2 labels, got \"token\"");
  CHECK(changed("/axes/token/grid", {2, 2}) ==
        "/axes/token/grid: expected [rows, columns] of 2 patches, got [2, 2]");
  CHECK(changed("/axes/token/grid", {0.5, 4}) ==
        "/axes/token/grid: expected [rows, columns] of 2 patches, got [0.5, 4]");
  CHECK(changed("/axes/token/grid", {-1, -2}) ==
        "/axes/token/grid: expected [rows, columns] of 2 patches, got [-1, -2]");
  CHECK(changed("/axes/token/color", 1).substr(0, 30) == "/axes/token/color: unknown key");
  CHECK(without("/axes/token", "labels") ==
        "/axes/token: the key \"labels\" is missing; it is required");
}

TEST_CASE("trace: attributes hold constants") {
  CHECK(changed("/steps/1/attributes/scale", nullptr) ==
        "/steps/1/attributes/scale: expected a constant: true, false, a number, a text, a list of "
        "one kind, or an object, got null");
  CHECK(changed("/steps/1/attributes/scale", Json::parse("[[1], [2]]")).substr(0, 27) ==
        "/steps/1/attributes/scale: ");
  CHECK(changed("/steps/1/attributes/scale", {"a", 1}) ==
        "/steps/1/attributes/scale/1: expected a text, got 1");
}

TEST_CASE("trace: comment and $schema are ignored") {
  CHECK(changed("/comment", "x") == "no error");
  CHECK(changed("/$schema", "x") == "no error");
  Json trace = good();
  trace["steps"][1]["comment"] = "x";
  trace["steps"][1]["$schema"] = "x";
  trace["steps"][1]["attributes"]["comment"] = "x";
  CHECK(read_trace(trace.dump()).steps[1].findings.empty());
}

TEST_CASE("trace: a document that is a trace says so") {
  const auto says = [](const char* text) { return is_trace(attn_viz::json::parse(text)); };
  CHECK(says(R"({"format": "attn-viz trace"})"));
  CHECK(says(R"({"a": 1, "format": "attn-viz trace"})"));
  CHECK_FALSE(says(R"({"format": "another"})"));
  CHECK_FALSE(says(R"({"format": 1})"));
  CHECK_FALSE(says(R"({"embeddings": [[1]]})"));
  CHECK_FALSE(says(R"([1])"));
  CHECK_FALSE(says(R"("attn-viz trace")"));
}

TEST_CASE("trace: ids tell layer, head and step") {
  const auto name = [](const char* id) { return parse_step_id(id); };
  CHECK(name("layer1/head12/weights").layer == 1);
  CHECK(name("layer1/head12/weights").head == 12);
  CHECK(name("layer1/head12/weights").step == "weights");
  CHECK(name("layer0/concat").layer == 0);
  CHECK_FALSE(name("layer0/concat").head);
  CHECK(name("layer0/concat").step == "concat");
  for (const char* odd : {"input/embeddings", "layer/x", "layer1", "layerx/y", "layer1x/y",
                          "layer-1/y", "", "layer99999999999999999999999/y"}) {
    CAPTURE(odd);
    CHECK_FALSE(name(odd).layer);
    CHECK(name(odd).step == odd);
  }
}

}  // namespace
}  // namespace attn_viz
