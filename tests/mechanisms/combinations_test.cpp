// Settings together: every sample is a program that computes itself again, and what cannot go
// together says so.
#include <filesystem>
#include <string>

#include "attn_viz/core/files.hpp"
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/run.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/recompute.hpp"
#include "support/tasks.hpp"

namespace attn_viz::test {
namespace {

/// A document of three tokens of four numbers with these settings of attention.
std::string attention(const std::string& settings) {
  return R"({"embeddings": [[1, 0, 2, 1], [0, 1, 0, -1], [1, 1, 0.5, 0]], "attention": {)" +
         settings + "}}";
}

TEST_CASE("samples: every step is given again by its operation, inputs and attributes") {
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() != ".json") continue;
    const std::string document = read_file(entry.path().string());
    INFO(entry.path());
    CHECK(first_other_step(run_document(document)) == "");
    CHECK(first_other_step(run_document(document, DType::kFloat32)) == "");
  }
}

TEST_CASE("combinations: settings that meet in one head compute themselves again") {
  for (const char* settings :
       {R"("differential": {"lambda": 0.4}, "head_size": 2, "position": "rope")",
        R"("differential": {"lambda": 0.4}, "position": "alibi", "mask": {"causal": true})",
        R"("heads": 2, "talking_heads": {"scores": [[1, 0.5], [0, 1]]}, "position": "rope")",
        R"("heads": 2, "qk_norm": "l2", "position": "rope", "sink": [0, 1])",
        R"("heads": 2, "key_value_heads": 2, "position": "alibi", "evaluation": "online")",
        R"("position": {"type": "relative", "keys": [[1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 0, 0]]},
           "normalize": "sparsemax", "softcap": 3, "bias": [[0, 1, 2], [1, 0, 1], [2, 1, 0]])",
        R"("approximation": "linear", "position": "rope", "mask": {"causal": true})",
        R"("position": "sinusoidal", "normalize": "entmax", "mask": {"pattern": "sinks"})"}) {
    INFO(settings);
    CHECK(first_other_step(run_document(attention(settings))) == "");
  }
}

TEST_CASE("combinations: RoPE turns each half of differential attention by itself") {
  const Trace trace = run_document(
      attention(R"("differential": {"lambda": 0.4}, "head_size": 2, "position": "rope")"));
  const Step* rotated = trace.find("layer0/head0/rotated_query_2");
  REQUIRE(rotated != nullptr);
  CHECK(trace.steps[rotated->inputs[0]].id == "layer0/head0/query_2");
  CHECK(rotated->values.columns() == 2);
}

TEST_CASE("combinations: what cannot go together is refused") {
  const auto refused = [](const std::string& settings) {
    return error_of([&] { run_document(attention(settings)); });
  };
  CHECK(refused(R"("differential": {"lambda": 0.4}, "qk_norm": "l2")") ==
        "/attention/differential: differential attention has no qk_norm, sink or online "
        "evaluation; expected one or the other");
  CHECK(
      refused(R"("heads": 2, "talking_heads": {"weights": [[1, 0], [0, 1]]},
                   "evaluation": "online")") ==
      "/attention/evaluation: talking heads have no online evaluation; expected one or the other");
  CHECK(refused(R"("evaluation": "online", "position": {"type": "relative",
                   "keys": [[0, 0, 0, 0]], "values": [[1, 0, 0, 0]]})") ==
        "/attention/evaluation: online evaluation has no relative values; expected one or the "
        "other");
  for (const auto& [settings, place] :
       {std::pair(R"("qk_norm": "l2")", "/attention/qk_norm"),
        std::pair(R"("sink": 1)", "/attention/sink"),
        std::pair(R"("evaluation": "online")", "/attention/evaluation"),
        std::pair(R"("position": "alibi")", "/attention/position"),
        std::pair(R"("differential": {"lambda": 0.4})", "/attention/differential"),
        std::pair(R"("mask": {"pattern": "sinks"})", "/attention/mask/pattern")}) {
    const std::string error = refused(std::string(R"("approximation": "linear", )") + settings);
    INFO(error);
    CHECK(error.rfind(std::string(place) + ": ", 0) == 0);
  }
}

// ---- positions in stacks ----

TEST_CASE("stack: positions are added once, before the first layer") {
  const Trace trace = run_document(R"({"embeddings": [[1, 0], [0, 1]],
      "layers": [{"attention": {"position": "sinusoidal"}, "residual": true}, {}]})");
  const Step* query = trace.find("layer0/head0/query");
  REQUIRE(query != nullptr);
  CHECK(trace.steps[query->inputs[0]].id == "input/positioned");
  CHECK(trace.find("input/positions")->values.at(1, 0) == Approx(0.8414709848078965));
  CHECK(
      error_of([] {
        run_document(
            R"({"embeddings": [[1, 0]], "layers": [{}, {"attention": {"position": "sinusoidal"}}]})");
      }) ==
      "/layers/1/attention/position: positions are added to the embeddings, before the first "
      "layer\n  hint: give it in /layers/0/attention, or \"add_to\": \"queries-and-keys\" here");
}

TEST_CASE("stack: an encoder adds positions of its own to the context") {
  const Trace trace = run_document(R"({"embeddings": [[1, 0], [0, 1]],
      "context": {"embeddings": [[1, 1], [0, 2], [3, 0]],
                  "layers": [{"attention": {"position": {"type": "learned",
                              "table": [[0, 1], [1, 0], [1, 1]]}}}]},
      "layers": [{"cross_attention": {}}]})");
  CHECK(trace.find("input/positions") == nullptr);
  const Step* positioned = trace.find("input/context_positioned");
  REQUIRE(positioned != nullptr);
  CHECK(positioned->values.at(2, 0) == 4);
  CHECK(trace.steps[trace.find("encoder/layer0/head0/query")->inputs[0]].id ==
        "input/context_positioned");
  CHECK(trace.find("input/context_position_table") != nullptr);
}

TEST_CASE("stack: 2-D positions have no place for a class token") {
  CHECK(error_of([] {
          run_document(R"({"patches": {"rows": 1, "columns": 2, "class_token": [0, 0, 0, 0]},
              "embeddings": [[1, 0, 0, 0], [0, 1, 0, 0]],
              "attention": {"position": "sinusoidal-2d"}})");
        }) ==
        "/attention/position: \"sinusoidal-2d\" has no place for a class token or registers\n"
        "  hint: take \"learned\", or leave them out");
}

}  // namespace
}  // namespace attn_viz::test
