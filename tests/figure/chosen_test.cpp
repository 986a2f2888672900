// Chosen steps become figures: what stands side by side, under which names.
#include "attn_viz/figure/chosen.hpp"

#include <string>
#include <vector>

#include "attn_viz/core/json.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "attn_viz/trace/select.hpp"
#include "catch.hpp"
#include "support/errors.hpp"

namespace attn_viz::figure {
namespace {

Trace trace_of(const std::string& text) {
  const json::Node document = json::parse(text);
  return run_attention(read_document(json::Value(document, ""), "title", {}));
}

const Trace& stack() {
  static const Trace trace = trace_of(R"({
    "tokens": ["a", "b"], "embeddings": [[1, 0], [0, 1]],
    "context": {"tokens": ["x", "y", "z"], "embeddings": [[1, 0], [0, 1], [1, 1]]},
    "layers": [{"attention": {"heads": 2}, "cross_attention": {}},
               {"attention": {"heads": 2, "mask": {"causal": true}}}]})");
  return trace;
}

std::vector<Figure> figures(const StepQuery& query, const ChosenOptions& options = {}) {
  return chosen_figures(stack(), select_steps(stack(), query), options);
}

TEST_CASE("chosen: layers and heads of one step stand in one figure, other kinds in others") {
  const std::vector<Figure> all = figures({});
  REQUIRE(all.size() == 2);
  CHECK(all[0].panels.size() == 4);
  CHECK(all[0].panels_per_row == 2);
  CHECK(all[0].panels[3].title == "layer 1, head 1");
  CHECK(all[0].subtitle == "2 layers, 2 heads: weights");
  CHECK(all[0].columns.labels == std::vector<std::string>{"a", "b"});
  CHECK(all[1].panels.size() == 1);
  CHECK(all[1].subtitle == "Layer 0, cross-attention, head 0: weights    A = softmax(S_scaled)");
  CHECK(all[1].columns.labels == std::vector<std::string>{"x", "y", "z"});
  // Masked cells come along.
  REQUIRE(all[0].panels[2].scores);
  CHECK(all[0].panels[2].scores->at(0, 1) < -1e300);
}

TEST_CASE("chosen: one head, one query") {
  const std::vector<Figure> one =
      figures({.step = "weights", .layer = "1", .head = "0"}, {.query = "b", .auto_scale = false});
  REQUIRE(one.size() == 1);
  CHECK(one[0].rows.labels == std::vector<std::string>{"b"});
  CHECK(one[0].panels[0].values.rows() == 1);
  const Step& weights = *stack().find("layer1/head0/weights");
  CHECK(one[0].panels[0].values.at(0, 1) == weights.values.at(1, 1));
  CHECK(one[0].scale.low == 0);
  CHECK(one[0].scale.high == 1);
}

TEST_CASE("chosen: what has no values or no queries") {
  const auto error = [](const StepQuery& query, const ChosenOptions& options) {
    return test::error_of([&] { figures(query, options); });
  };
  CHECK(error({.step = "layer0/W_O"}, {.query = "a"}) ==
        "layer0/W_O: its rows are no queries, so none of them can be chosen");
  CHECK(error({.step = "scores"}, {.query = "c"}) ==
        "there is no query \"c\"; expected an index from 0 to 1 or a label\n"
        "  hint: did you mean \"a\"?");
  Trace empty;
  empty.steps.push_back({.id = "nothing",
                         .role = Role::kHidden,
                         .place = {},
                         .symbol = "X",
                         .op = "input",
                         .equation = {},
                         .inputs = {},
                         .attributes = {},
                         .findings = {},
                         .values = Tensor()});
  CHECK(test::error_of([&] { chosen_figures(empty, {&empty.steps[0]}); }) ==
        "nothing: it has no values to draw");
}

}  // namespace
}  // namespace attn_viz::figure
