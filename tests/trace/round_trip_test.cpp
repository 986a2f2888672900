// What is written reads back to the same bits.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "attn_viz/core/random.hpp"
#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::kInfinity;

std::string written(const Trace& trace) {
  std::string text;
  write_trace(trace, [&](std::string_view piece) { text += piece; });
  return text;
}

/// Where two traces differ, or "".
std::string difference(const Trace& a, const Trace& b) {
  if (a.generator != b.generator || a.title != b.title) return "head";
  if (a.dtype != b.dtype) return "dtype";
  if (!(a.settings == b.settings)) return "settings";
  if (a.axes.size() != b.axes.size() || a.steps.size() != b.steps.size()) return "sizes";
  for (std::size_t i = 0; i < a.axes.size(); ++i) {
    if (a.axes[i].name != b.axes[i].name || a.axes[i].labels != b.axes[i].labels ||
        a.axes[i].grid != b.axes[i].grid || a.axes[i].image != b.axes[i].image) {
      return "axis " + a.axes[i].name;
    }
  }
  for (std::size_t i = 0; i < a.steps.size(); ++i) {
    const Step &x = a.steps[i], &y = b.steps[i];
    if (x.id != y.id || x.symbol != y.symbol || x.op != y.op || x.equation != y.equation ||
        x.inputs != y.inputs) {
      return "step " + x.id;
    }
    if (x.role != y.role) return "role of " + x.id;
    if (!(x.place == y.place)) return "place of " + x.id;
    if (!(x.attributes == y.attributes)) return "attributes of " + x.id;
    if (!(x.findings == y.findings)) return "findings of " + x.id;
    if (!x.values.same_bits(y.values)) return "values of " + x.id;
  }
  return "";
}

/// The trace is read back from its text, and another strict parser accepts the text.
void check_round_trip(const Trace& trace) {
  const std::string text = written(trace);
  CHECK(nlohmann::json::accept(text));
  CHECK(difference(read_trace(text), trace) == "");
}

Step step_of(std::string id, Tensor values) {
  return {.id = std::move(id),
          .role = Role::kHidden,
          .place = {},
          .symbol = "X",
          .op = "future-operation",
          .equation = {},
          .inputs = {},
          .attributes = {},
          .findings = {},
          .values = std::move(values)};
}

Trace empty_trace(DType dtype) {
  Trace trace;
  trace.generator = "attn-viz test";
  trace.title = "t";
  trace.dtype = dtype;
  return trace;
}

TEST_CASE("trace: values of every kind and rank come back to the same bits") {
  for (const DType dtype : test::kDTypes) {
    Trace trace = empty_trace(dtype);
    Random random(9, "bits");
    const std::vector<std::vector<std::size_t>> shapes{
        {}, {1}, {7}, {1, 1}, {3, 5}, {40, 300}, {2, 3, 4}, {3, 1, 2}, {1, 1, 1}, {2, 2, 2, 3}};
    for (const auto& shape : shapes) {
      std::vector<Axis> axes;
      for (const std::size_t size : shape) axes.push_back(Axis{size});
      Tensor values(dtype, axes);
      dispatch(dtype, [&](auto zero) {
        using T = decltype(zero);
        for (T& value : values.values<T>()) {
          do {
            if constexpr (sizeof(T) == 8) {
              value = std::bit_cast<T>(random.bits());
            } else {
              value = std::bit_cast<T>(static_cast<std::uint32_t>(random.bits()));
            }
          } while (!std::isfinite(value));
          const double choice = random.uniform();
          if (choice < 0.1) value = -std::numeric_limits<T>::infinity();
          if (choice > 0.9) value = random.uniform() < 0.5 ? T{-0.0} : T{0};
          if (choice > 0.4 && choice < 0.5) {
            value = std::numeric_limits<T>::denorm_min() * static_cast<T>(random.bits() & 1023);
          }
        }
      });
      trace.steps.push_back(step_of("step" + shape_text(shape), std::move(values)));
    }
    check_round_trip(trace);
  }
}

TEST_CASE("trace: the extremes of both types come back") {
  using Wide = std::numeric_limits<double>;
  using Narrow = std::numeric_limits<float>;
  Trace wide = empty_trace(DType::kFloat64);
  wide.steps.push_back(step_of("a", test::matrix({{Wide::max(), Wide::lowest(), Wide::min()},
                                                  {Wide::denorm_min(), -0.0, -kInfinity}})));
  check_round_trip(wide);
  Trace narrow = empty_trace(DType::kFloat32);
  narrow.steps.push_back(step_of(
      "a",
      Tensor({Axis{2}, Axis{3}}, Buffer<float>{Narrow::max(), Narrow::lowest(), Narrow::min(),
                                               Narrow::denorm_min(), -0.0F, -Narrow::infinity()})));
  check_round_trip(narrow);
}

TEST_CASE("trace: empty dimensions come back") {
  for (const DType dtype : test::kDTypes) {
    Trace trace = empty_trace(dtype);
    const std::vector<std::vector<std::size_t>> shapes{{0},       {0, 3},    {3, 0},
                                                       {2, 0, 3}, {0, 2, 3}, {2, 3, 0}};
    for (const auto& shape : shapes) {
      std::vector<Axis> axes;
      for (const std::size_t size : shape) axes.push_back(Axis{size});
      trace.steps.push_back(step_of("step" + shape_text(shape), Tensor(dtype, axes)));
    }
    check_round_trip(trace);
  }
}

TEST_CASE("trace: odd labels, titles and ids come back") {
  Trace trace = empty_trace(DType::kFloat64);
  trace.title = "a \"title\"\nwith \\ and \x01";
  trace.axes.push_back({.name = "token",
                        .labels = {"\"", "\\", "\n\t\r\b\x1f", "😀👩‍👩‍👧", "", " ",
                                   "é", "مرحبا", "</script>"},
                        .grid = std::pair<std::size_t, std::size_t>(3, 3),
                        .image = "a \"b\".png"});
  trace.axes.push_back({.name = "context", .labels = {"null"}, .grid = std::nullopt, .image = {}});
  Step step = step_of("id/with \"quotes\"/~",
                      Tensor({Axis{9, "token"}, Axis{1, "context"}}, Buffer<double>(9, 0.5)));
  step.symbol = "α′";
  step.equation = "A = \"x\"";
  trace.steps.push_back(step);
  check_round_trip(trace);
}

TEST_CASE("trace: settings, attributes and findings come back") {
  Trace trace = empty_trace(DType::kFloat64);
  trace.settings =
      Attributes{{"flag", false},
                 {"number", 0.1},
                 {"minus zero", -0.0},
                 {"text", "none"},
                 {"inner", Attributes{{"a", Attributes{{"deep", std::vector<double>{1, 2.5, -3}}}},
                                      {"flags", std::vector<bool>{true, false, true}},
                                      {"texts", std::vector<std::string>{"a", "\"b\""}},
                                      {"empty", Attributes{}}}}};
  trace.steps.push_back(step_of("a", test::matrix({{1}})));
  Step step = step_of("b", test::matrix({{2}}));
  step.inputs = {0, 0};
  step.attributes = Attributes{{"window", std::vector<double>{32, 4}},
                               {"padding", std::vector<bool>{false}},
                               {"none", std::vector<double>{}}};
  step.findings = Attributes{{"empty_rows", std::vector<double>{0, 3}}, {"odd", "one"}};
  trace.steps.push_back(step);
  check_round_trip(trace);
}

TEST_CASE("trace: every role and every key of a place come back") {
  Trace trace = empty_trace(DType::kFloat64);
  for (std::size_t i = 0; i < std::size(kRoleNames); ++i) {
    Step step = step_of(std::string(kRoleNames[i]), test::matrix({{1}}));
    step.role = static_cast<Role>(i);
    trace.steps.push_back(step);
  }
  using Change = void (*)(Place&);
  const std::pair<const char*, Change> changes[]{
      {R"("place": {})", [](Place&) {}},
      {R"("place": {"side": "encoder"})", [](Place& at) { at.side = Place::Side::kEncoder; }},
      {R"("place": {"side": "decoder"})", [](Place& at) { at.side = Place::Side::kDecoder; }},
      {R"("place": {"layer": 0})", [](Place& at) { at.layer = 0; }},
      {R"("place": {"block": "self"})", [](Place& at) { at.block = Place::Block::kSelf; }},
      {R"("place": {"block": "cross"})", [](Place& at) { at.block = Place::Block::kCross; }},
      {R"("place": {"head": 11})", [](Place& at) { at.head = 11; }},
      {R"("place": {"branch": "a \"b\"/\\"})", [](Place& at) { at.branch = "a \"b\"/\\"; }},
      {R"("place": {"pass": 3})", [](Place& at) { at.pass = 3; }},
      {R"("place": {"side": "decoder", "layer": 1, "block": "cross", "head": 2, "branch": "1", "pass": 0})",
       [](Place& at) {
         at.side = Place::Side::kDecoder;
         at.layer = 1;
         at.block = Place::Block::kCross;
         at.head = 2;
         at.branch = "1";
         at.pass = 0;
       }},
  };
  for (const auto& [text, change] : changes) {
    Step step = step_of(text, test::matrix({{1}}));
    change(step.place);
    trace.steps.push_back(step);
    CHECK(written(trace).find(text) != std::string::npos);
  }
  check_round_trip(trace);
}

TEST_CASE("trace: an empty trace comes back") {
  check_round_trip(empty_trace(DType::kFloat32));
}

TEST_CASE("trace: exact text of a small trace") {
  Trace trace = empty_trace(DType::kFloat64);
  trace.title = "Tom chases Jerry";
  trace.settings =
      Attributes{{"mechanism", "attention"}, {"attention", Attributes{{"heads", 1.0}}}};
  trace.axes.push_back({.name = "token",
                        .labels = {"Tom", "Jerry"},
                        .grid = std::pair<std::size_t, std::size_t>(1, 2),
                        .image = "cat.png"});
  Step x = step_of("input/embeddings",
                   Tensor({Axis{2, "token"}, Axis{2}}, Buffer<double>{1, -0.0, 0.1, 1e300}));
  x.op = "input";
  x.role = Role::kInput;
  trace.steps.push_back(x);
  Step s = step_of("layer0/head1/masked_scores",
                   Tensor({Axis{2, "token"}, Axis{2, "token"}},
                          Buffer<double>{1, -kInfinity, -kInfinity, -kInfinity}));
  s.op = "mask-scores";
  s.role = Role::kScores;
  s.place.layer = 0;
  s.place.head = 1;
  s.symbol = "S";
  s.equation = "S = X where M, else −∞";
  s.inputs = {0, 0};
  s.attributes = Attributes{{"scale", 0.5}, {"window", std::vector<double>{1, 0}}};
  s.findings = Attributes{{"empty_rows", std::vector<double>{1}}};
  trace.steps.push_back(s);
  Step b = step_of("b", Tensor({Axis{2}}, Buffer<double>{1, 2}));
  trace.steps.push_back(b);
  trace.steps.push_back(
      step_of("c", Tensor({Axis{2}, Axis{1}, Axis{2}}, Buffer<double>{1, 2, 3, 4})));
  trace.steps.push_back(step_of("d", Tensor(std::vector<Axis>{}, Buffer<double>{7})));
  CHECK(written(trace) == R"({
  "format": "attn-viz trace",
  "version": 2,
  "generator": "attn-viz test",
  "title": "Tom chases Jerry",
  "dtype": "float64",
  "settings": {"mechanism": "attention", "attention": {"heads": 1}},
  "axes": {
    "token": {"labels": ["Tom", "Jerry"], "grid": [1, 2], "image": "cat.png"}
  },
  "steps": [
    {
      "id": "input/embeddings", "symbol": "X", "op": "input",
      "role": "input", "place": {},
      "inputs": [],
      "axes": ["token", null], "shape": [2, 2],
      "data": [
        [1, -0.0],
        [0.1, 1e+300]
      ]
    },
    {
      "id": "layer0/head1/masked_scores", "symbol": "S", "op": "mask-scores",
      "role": "scores", "place": {"layer": 0, "head": 1},
      "equation": "S = X where M, else −∞",
      "inputs": ["input/embeddings", "input/embeddings"],
      "attributes": {"scale": 0.5, "window": [1, 0]},
      "empty_rows": [1],
      "axes": ["token", "token"], "shape": [2, 2],
      "data": [
        [1, null],
        [null, null]
      ]
    },
    {
      "id": "b", "symbol": "X", "op": "future-operation",
      "role": "hidden", "place": {},
      "inputs": [],
      "axes": [null], "shape": [2],
      "data": [1, 2]
    },
    {
      "id": "c", "symbol": "X", "op": "future-operation",
      "role": "hidden", "place": {},
      "inputs": [],
      "axes": [null, null, null], "shape": [2, 1, 2],
      "data": [
        [[1, 2]],
        [[3, 4]]
      ]
    },
    {
      "id": "d", "symbol": "X", "op": "future-operation",
      "role": "hidden", "place": {},
      "inputs": [],
      "axes": [], "shape": [],
      "data": 7
    }
  ]
}
)");
}

TEST_CASE("trace: a large step is written in pieces of bounded size") {
  Trace trace = empty_trace(DType::kFloat64);
  trace.steps.push_back(step_of("large", test::random_tensor({2000, 2000}, "large")));
  std::size_t largest = 0, total = 0, pieces = 0;
  std::string text;
  write_trace(trace, [&](std::string_view piece) {
    largest = std::max(largest, piece.size());
    total += piece.size();
    ++pieces;
    text += piece;
  });
  CHECK(total > 70'000'000);
  CHECK(largest < 2'000'000);
  CHECK(pieces > 40);
  CHECK(difference(read_trace(text), trace) == "");
}

}  // namespace
}  // namespace attn_viz
