// "qk_norm", "sink", "evaluation" and "normalize": how they are read, and the exact texts of their
// errors.
#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/recompute.hpp"

namespace attn_viz {
namespace {

Trace attention_trace(const std::string& attention) {
  return run_attention(
      read_document(R"({"embeddings": [[1, 0, 2, 1], [0, 1, 1, 1], [1, 1, 0, 2]], "attention": {)" +
                        attention + "}}",
                    "three"));
}

Attributes recorded_settings(const std::string& attention) {
  return attention_trace(attention).settings.get<Attributes>("attention");
}

std::string attention_refusal(const std::string& attention) {
  return test::error_of([&] { attention_trace(attention); });
}

TEST_CASE("score tricks: names and objects") {
  CHECK(recorded_settings(R"("qk_norm": "l2")").get<Attributes>("qk_norm") ==
        Attributes{{"type", "l2"}});
  CHECK(recorded_settings(R"("qk_norm": {"type": "l2", "gain": 3})").get<Attributes>("qk_norm") ==
        Attributes{{"type", "l2"}, {"gain", 3.0}});
  CHECK(recorded_settings(R"("qk_norm": {"type": "l2", "gain": 3})").get<double>("scale") == 3);
  CHECK(
      recorded_settings(R"("qk_norm": {"type": "rms", "epsilon": 0.5, "key_gain": [1, 2, 3, 4]})")
          .get<Attributes>("qk_norm") ==
      Attributes{{"type", "rms"}, {"epsilon", 0.5}, {"query_gain", "none"}, {"key_gain", "given"}});
  CHECK(recorded_settings(R"("sink": 0.5)").get<double>("sink") == 0.5);
  CHECK(recorded_settings(R"("heads": 2, "sink": [0.5, 1])").get<std::vector<double>>("sink") ==
        std::vector<double>{0.5, 1});
  CHECK(recorded_settings(R"("evaluation": "online")").get<std::string>("evaluation") == "online");
  // What is not set is not told, so that older traces keep their bytes.
  for (const char* key : {"qk_norm", "sink", "evaluation"}) {
    CHECK(recorded_settings(R"("evaluation": "plain")").find(key) == nullptr);
  }
  const Trace gains = attention_trace(
      R"("heads": 2, "qk_norm": {"type": "rms", "query_gain": [[1, 2], [3, 4]], "key_gain": [5, 6]})");
  CHECK(gains.find("layer0/head1/query_gain")->values.at(1) == 4);
  CHECK(gains.find("layer0/head1/key_gain")->values.at(1) == 6);
  CHECK(test::first_other_step(gains) == "");
}

TEST_CASE("score tricks: errors") {
  CHECK(attention_refusal(R"("qk_norm": "layer")") ==
        "/attention/qk_norm: unknown norm \"layer\"; expected one of l2, rms");
  CHECK(attention_refusal(R"("qk_norm": {"type": "l2", "epsilon": 1})")
            .find("/attention/qk_norm/epsilon: ") == 0);
  CHECK(attention_refusal(R"("qk_norm": {"type": "rms", "gain": 1})")
            .find("/attention/qk_norm/gain: ") == 0);
  CHECK(attention_refusal(R"("qk_norm": {"type": "rms", "epsilon": -1})") ==
        "/attention/qk_norm/epsilon: expected a number ≥ 0, got -1");
  CHECK(attention_refusal(R"("qk_norm": {"type": "l2", "gain": [1, 2]})") ==
        "/attention/qk_norm/gain: expected one number, since there is one head; got 2");
  CHECK(
      attention_refusal(R"("scale": 2, "qk_norm": {"type": "l2", "gain": 1})") ==
      "/attention/qk_norm/gain: the gain takes the place of the scale; expected one or the other");
  CHECK(attention_refusal(R"("qk_norm": {"type": "rms", "query_gain": [1, 2, 3]})") ==
        "/attention/qk_norm/query_gain: expected shape [4] (head size), got [3]");
  CHECK(attention_refusal(R"("heads": 2, "qk_norm": {"type": "rms", "key_gain": [[1, 2]]})") ==
        "/attention/qk_norm/key_gain: expected shape [2, 2] (heads × head size), got [1, 2]");
  CHECK(attention_refusal(R"("sink": "one")") ==
        "/attention/sink: expected a number, or a list of them, one for each head, got \"one\"");
  CHECK(attention_refusal(R"("heads": 4, "sink": [1, 2])") ==
        "/attention/sink: expected a number, or 4 numbers, one for each head; got 2");
  CHECK(attention_refusal(R"("sink": 1, "normalize": "sparsemax")") ==
        "/attention/sink: a sink needs the normaliser softmax, got sparsemax");
  CHECK(attention_refusal(R"("evaluation": "fast")") ==
        "/attention/evaluation: unknown evaluation \"fast\"; expected one of plain, online");
  CHECK(attention_refusal(R"("evaluation": "online", "normalize": "relu")") ==
        "/attention/evaluation: online evaluation needs the normaliser softmax, got relu");
  CHECK(attention_refusal(R"("evaluation": "online", "sink": 1)") ==
        "/attention/evaluation: online evaluation has no sink; expected one or the other");
  CHECK(attention_refusal(R"("qk_nrom": "l2")").find("did you mean \"qk_norm\"?") !=
        std::string::npos);
  CHECK(attention_refusal(R"("softcap": 0)") == "/attention/softcap: expected a number > 0, got 0");
}

TEST_CASE("normalisers: every name and its constants reach the step") {
  const auto weights = [](const std::string& normalize) {
    const Trace trace = attention_trace("\"normalize\": " + normalize);
    CHECK(test::first_other_step(trace) == "");
    return *trace.find("layer0/head0/weights");
  };
  for (const std::string_view name : kNormalizerNames) {
    CHECK(weights(std::string("\"").append(name).append("\"")).op == name);
  }
  CHECK(weights(R"({"type": "softmax", "temperature": 2})").attributes ==
        Attributes{{"temperature", 2.0}});
  CHECK(weights(R"("entmax")").attributes == Attributes{{"alpha", 1.5}});
  CHECK(weights(R"({"type": "entmax", "alpha": 3})").attributes == Attributes{{"alpha", 3.0}});
  CHECK(weights(R"({"type": "sigmoid", "bias": -1})").attributes == Attributes{{"bias", -1.0}});
  CHECK(weights(R"({"type": "sigmoid", "bias": "-log-keys"})").attributes ==
        Attributes{{"bias", "-log-keys"}});
  CHECK(weights(R"({"type": "sample", "temperature": 0.5, "seed": 9})").attributes ==
        Attributes{{"seed", 9.0}, {"stream", "layer0/head0"}, {"temperature", 0.5}});
}

TEST_CASE("normalisers: errors") {
  const std::string at = "/attention/normalize";
  const std::string names =
      "expected one of softmax, relu, relu-mean, relu-normalized, sigmoid, softmax-off-by-one, "
      "sparsemax, entmax, hardmax, sample";
  CHECK(attention_refusal(R"("normalize": "sparse-max")") ==
        at + ": unknown normaliser \"sparse-max\"; " + names +
            "\n  hint: did you mean \"sparsemax\"?");
  CHECK(attention_refusal(R"("normalize": {"type": "entmax", "alpha": 1})") ==
        at + "/alpha: expected a number > 1, got 1\n  hint: alpha 1 is softmax");
  CHECK(attention_refusal(R"("normalize": {"type": "sigmoid", "bias": "log"})") ==
        at + "/bias: expected a number or \"-log-keys\", got \"log\"");
  CHECK(attention_refusal(R"("normalize": {"type": "sample", "seed": 0.5})") ==
        at + "/seed: expected a whole number ≥ 0, got 0.5");
  CHECK(attention_refusal(R"("normalize": {"type": "softmax", "temperature": 0})") ==
        at + "/temperature: expected a number > 0, got 0");
  CHECK(attention_refusal(R"("normalize": {"type": "relu", "bias": 1})").find(at + "/bias: ") == 0);
}

}  // namespace
}  // namespace attn_viz
