// "mask" with edges and patterns, from document to trace, and the exact texts of its errors.
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/recompute.hpp"

namespace attn_viz {
namespace {

/// The trace of six tokens under this mask; the tokens differ in nothing.
Trace masked_trace(const std::string& mask) {
  return run_attention(read_document(
      R"({"embeddings": [[1], [1], [1], [1], [1], [1]], "attention": {"mask": )" + mask + "}}",
      "six"));
}

std::string mask_text(const std::string& mask) {
  const Trace trace = masked_trace(mask);
  if (const std::string other = test::first_other_step(trace); !other.empty()) return other;
  const Tensor& values = trace.find("layer0/mask")->values;
  std::string text;
  for (std::size_t i = 0; i < 6; ++i) {
    if (i > 0) text += '/';
    for (std::size_t j = 0; j < 6; ++j) text += values.at(i, j) == 1 ? '1' : '.';
  }
  return text;
}

std::string mask_refusal(const std::string& mask) {
  return test::error_of([&] { masked_trace(mask); });
}

TEST_CASE("mask settings: the names alone give the examples of six tokens") {
  CHECK(mask_text(R"({"pattern": "dilated"})") == "1.1.../.1.1../1.1.1./.1.1.1/..1.1./...1.1");
  CHECK(mask_text(R"({"pattern": "strided"})") == "1...../11..../111.../.111../1.111./.1.111");
  CHECK(mask_text(R"({"pattern": "longformer"})") == "111111/111.../1111../1.111./1..111/1...11");
  CHECK(mask_text(R"({"pattern": "sinks"})") == "1...../11..../111.../1.11../1..11./1...11");
  CHECK(mask_text(R"({"pattern": {"type": "big-bird",
                      "random_keys": [[], [4], [5], [1], [2], [3]]}})") ==
        "111111/111.1./1111.1/11111./1.1111/1..111");
}

TEST_CASE("mask settings: every number of a pattern is read") {
  CHECK(mask_text(R"({"pattern": {"type": "dilated", "window": 1, "step": 3}})") ==
        "1..1../.1..1./..1..1/1..1../.1..1./..1..1");
  CHECK(mask_text(R"({"pattern": {"type": "strided", "window": 1, "stride": 3}})") ==
        "1...../.1..../..1.../1..1../.1..1./..1..1");
  CHECK(mask_text(R"({"pattern": {"type": "longformer", "window": 0, "global": [5, 1]}})") ==
        "11...1/111111/.11..1/.1.1.1/.1..11/111111");
  CHECK(mask_text(R"({"pattern": {"type": "longformer", "window": 0, "global": []}})") ==
        "1...../.1..../..1.../...1../....1./.....1");
  CHECK(mask_text(R"({"pattern": {"type": "sinks", "window": 1, "sinks": 2}})") ==
        "1...../11..../111.../11.1../11..1./11...1");
  CHECK(mask_text(R"({"pattern": {"type": "big-bird", "window": 0, "global": [], "random": 5}})") ==
        "111111/111111/111111/111111/111111/111111");
  const std::string seeded = R"({"pattern": {"type": "big-bird", "random": 1, "seed": )";
  CHECK(mask_text(seeded + "1}}") == mask_text(seeded + "1}}"));
  CHECK(mask_text(seeded + "1}}") != mask_text(seeded + "2}}"));
}

TEST_CASE("mask settings: edges, self-loops and other masks together") {
  CHECK(mask_text(R"({"edges": [[0, 5], [3, 3]]})") == ".....1/....../....../...1../....../......");
  CHECK(mask_text(R"({"edges": [[0, 5], [2, 1]], "self_loops": true, "causal": true})") ==
        "1...../.1..../.11.../...1../....1./.....1");
}

TEST_CASE("mask settings: what is resolved stands in the settings of the trace") {
  const auto mask = [](const std::string& text) {
    return masked_trace(text).settings.get<Attributes>("attention").get<Attributes>("mask");
  };
  CHECK(mask(R"({"pattern": "big-bird"})") ==
        Attributes{{"pattern", Attributes{{"type", "big-bird"},
                                          {"window", 1.0},
                                          {"global", std::vector<double>{0}},
                                          {"random", 1.0},
                                          {"seed", 0.0}}}});
  CHECK(mask(R"({"edges": [[0, 1]]})") == Attributes{{"self_loops", false}, {"edges", "given"}});
}

TEST_CASE("mask settings: errors of edges") {
  const std::string at = "/attention/mask/edges";
  CHECK(mask_refusal(R"({"edges": [[0, 1], [6, 0]]})") ==
        at + "/1/0: expected a query from 0 to 5, got 6");
  CHECK(mask_refusal(R"({"edges": [[0, 7]]})") == at + "/0/1: expected a key from 0 to 5, got 7");
  CHECK(mask_refusal(R"({"edges": [[0, 1.5]]})") ==
        at + "/0/1: expected a whole number ≥ 0, got 1.5");
  CHECK(mask_refusal(R"({"edges": [[-1, 0]]})") ==
        at + "/0/0: expected a whole number ≥ 0, got -1");
  CHECK(mask_refusal(R"({"edges": [[0, 1, 2]]})") ==
        at + ": expected a list of [query, key], got numbers of shape [1, 3]");
  CHECK(mask_refusal(R"({"edges": []})").find(at + ": expected a list of [query, key]") == 0);
  CHECK(mask_refusal(R"({"self_loops": true})") ==
        "/attention/mask/self_loops: expected edges beside self_loops");
}

TEST_CASE("mask settings: errors of patterns") {
  const std::string at = "/attention/mask/pattern";
  CHECK(mask_refusal(R"({"pattern": "stride"})") ==
        at + ": unknown pattern \"stride\"; expected one of dilated, strided, longformer, "
             "big-bird, sinks\n  hint: did you mean \"strided\"?");
  CHECK(mask_refusal(R"({"pattern": {"type": "bigbird"}})") ==
        at + "/type: unknown pattern \"bigbird\"; expected one of dilated, strided, longformer, "
             "big-bird, sinks\n  hint: did you mean \"big-bird\"?");
  CHECK(mask_refusal(R"({"pattern": 3})") ==
        at + ": expected the name of a pattern or an object with its type, got 3");
  CHECK(mask_refusal(R"({"pattern": {"type": "dilated", "stride": 2}})").find(at + "/stride: ") ==
        0);
  CHECK(mask_refusal(R"({"pattern": {"type": "dilated", "step": 0}})") ==
        at + "/step: expected a whole number ≥ 1, got 0");
  CHECK(mask_refusal(R"({"pattern": {"type": "strided", "window": -1}})") ==
        at + "/window: expected a whole number ≥ 0, got -1");
  CHECK(mask_refusal(R"({"pattern": {"type": "longformer", "global": [0, 6]}})") ==
        at + "/global/1: expected a token from 0 to 5, got 6");
  CHECK(mask_refusal(R"({"pattern": {"type": "longformer", "global": [0.5]}})") ==
        at + "/global/0: expected a whole number ≥ 0, got 0.5");
  CHECK(mask_refusal(R"({"pattern": {"type": "big-bird", "random_keys": [[1], [2]]}})") ==
        at + "/random_keys: expected 6 lists, one for each query, got 2");
  CHECK(mask_refusal(R"({"pattern": {"type": "big-bird",
                    "random_keys": [[], [], [1, 9], [], [], []]}})") ==
        at + "/random_keys/2/1: expected a key from 0 to 5, got 9");
  CHECK(mask_refusal(R"({"pattern": {"type": "big-bird", "seed": 1, "random_keys": [[1]]}})") ==
        at + "/seed: expected either random_keys or keys drawn at random");
  CHECK(mask_refusal(R"({"pattern": {"type": "big-bird", "random_keys": [[null], []]}})") ==
        at + "/random_keys/0/0: expected a whole number ≥ 0, got null");
  const auto crossed = [](const std::string& mask) {
    return test::error_of([&] {
      run_attention(read_document(R"({"embeddings": [[1]], "context": {"embeddings": [[1], [2]]},
                                      "attention": {"mask": )" +
                                      mask + "}}",
                                  "crossed"));
    });
  };
  CHECK(crossed(R"({"pattern": "sinks"})") ==
        at + ": expected as many keys as queries, got 1 queries and 2 keys");
  CHECK(crossed(R"({"edges": [[0, 1]], "self_loops": true})") ==
        "/attention/mask/self_loops: expected as many keys as queries, got 1 queries and 2 keys");
}

}  // namespace
}  // namespace attn_viz
