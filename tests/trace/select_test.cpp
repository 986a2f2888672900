// The steps that a command line means, and what it says where there are none.
#include <string>
#include <vector>

#include "attn_viz/trace/select.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::error_code_of;
using test::error_of;

/// A decoder of three layers with two heads, cross-attention in its last, and an encoder.
const Trace& decoder() {
  static const Trace trace = [] {
    Trace made;
    const auto add = [&](const std::string& id) {
      made.steps.push_back({.id = id,
                            .role = Role::kHidden,
                            .place = {},
                            .symbol = "X",
                            .op = "input",
                            .equation = {},
                            .inputs = {},
                            .attributes = {},
                            .findings = {},
                            .values = test::matrix({{1}})});
    };
    add("input/embeddings");
    for (const char* head : {"head0", "head1"})
      add(std::string("encoder/layer0/") + head + "/weights");
    for (const char* layer : {"layer0", "layer1", "layer2"}) {
      for (const char* head : {"/head0", "/head1"}) {
        add(std::string(layer) + head + "/scores");
        add(std::string(layer) + head + "/weights");
      }
      add(std::string(layer) + "/concat");
      add(std::string(layer) + "/feed_forward/hidden");
    }
    add("layer2/cross/head0/weights");
    add("output/probabilities");
    return made;
  }();
  return trace;
}

/// The ids of the steps that are found, a space between them.
std::string found(const StepQuery& query) {
  std::string ids;
  for (const Step* step : select_steps(decoder(), query)) {
    ids += (ids.empty() ? "" : " ") + step->id;
  }
  return ids;
}

TEST_CASE("select: a name means all layers and heads, in the order of the trace") {
  CHECK(found({}) ==
        "encoder/layer0/head0/weights encoder/layer0/head1/weights layer0/head0/weights "
        "layer0/head1/weights layer1/head0/weights layer1/head1/weights layer2/head0/weights "
        "layer2/head1/weights layer2/cross/head0/weights");
  CHECK(found({.step = "concat"}) == "layer0/concat layer1/concat layer2/concat");
  CHECK(found({.step = "cross/weights"}) == "layer2/cross/head0/weights");
  CHECK(found({.step = "encoder/weights", .layer = {}, .head = "1"}) ==
        "encoder/layer0/head1/weights");
  CHECK(found({.step = "input/embeddings"}) == "input/embeddings");
  CHECK(found({.step = "embeddings"}) == "input/embeddings");
  CHECK(found({.step = "hidden", .layer = "1"}) == "layer1/feed_forward/hidden");
}

TEST_CASE("select: a whole id means one step, a pattern every id or name that keeps it") {
  CHECK(found({.step = "layer1/head0/weights"}) == "layer1/head0/weights");
  CHECK(found({.step = "layer2/*/weights"}) ==
        "layer2/head0/weights layer2/head1/weights layer2/cross/head0/weights");
  CHECK(found({.step = "*prob*"}) == "output/probabilities");
  CHECK(found({.step = "[sp]cores", .layer = "0"}) == "layer0/head0/scores layer0/head1/scores");
  CHECK(found({.step = "?oncat", .layer = "2"}) == "layer2/concat");
  CHECK(select_steps(decoder(), {.step = "*"}).size() == decoder().steps.size());
}

TEST_CASE("select: layers and heads by number, range and list") {
  CHECK(found({.step = "scores", .layer = "0-1", .head = "1"}) ==
        "layer0/head1/scores layer1/head1/scores");
  CHECK(found({.step = "scores", .layer = "2,0", .head = "0"}) ==
        "layer0/head0/scores layer2/head0/scores");
  CHECK(found({.step = "concat", .layer = "0,1-2"}) == found({.step = "concat"}));
  CHECK(found({.step = "*", .layer = "1", .head = "0-0"}) ==
        "layer1/head0/scores layer1/head0/weights");
  // Numbers that overlap name a step once.
  CHECK(found({.step = "concat", .layer = "0-1,1"}) == "layer0/concat layer1/concat");
}

TEST_CASE("select: what is not there") {
  const auto error = [](const StepQuery& query) {
    return error_of([&] { select_steps(decoder(), query); });
  };
  const std::string known =
      "expected one of input/embeddings, weights, scores, concat, feed_forward/hidden, "
      "output/probabilities";
  CHECK(error({.step = "wieghts"}) ==
        "unknown step \"wieghts\"; " + known + "\n  hint: did you mean \"weights\"?");
  CHECK(error({.step = "hiden"}) ==
        "unknown step \"hiden\"; " + known + "\n  hint: did you mean \"hidden\"?");
  CHECK(error({.step = "layer0/head0/sores"}) ==
        "unknown step \"layer0/head0/sores\"; " + known +
            "\n  hint: did you mean \"layer0/head0/scores\"?");
  CHECK(error({.step = "x*"}) == "unknown step \"x*\"; " + known);
  CHECK(error({.step = "scores", .layer = {}, .head = "5"}) ==
        "there is no head 5 with a step \"scores\"; expected 0 to 1");
  CHECK(error({.step = "scores", .layer = "1-3"}) ==
        "there is no layer 3 with a step \"scores\"; expected 0 to 2");
  CHECK(error({.step = "concat", .layer = {}, .head = "0"}) ==
        "the step \"concat\" belongs to no head\n  hint: leave the head away");
  CHECK(error_code_of([] { select_steps(decoder(), {.step = "x"}); }) == 3);
  CHECK(error_code_of([] { select_steps(Trace{}, {}); }) == 3);
}

TEST_CASE("select: what is no list of numbers is a fault of the command line") {
  for (const char* list : {"", "x", "1-", "-1", "1,", ",1", "2-1", "1.5", "0 1", "1--2", "0x1",
                           "99999999999999999999999", "1;2"}) {
    CAPTURE(list);
    CHECK(error_of([&] {
            select_steps(decoder(), {.step = "scores", .layer = {}, .head = list});
          }) == "--head: expected numbers and ranges such as 0, 0-2 or 0,2-3, got \"" +
                    std::string(list) + "\"");
    CHECK(error_code_of([&] { select_steps(decoder(), {.step = "scores", .layer = list}); }) == 2);
  }
}

}  // namespace
}  // namespace attn_viz
