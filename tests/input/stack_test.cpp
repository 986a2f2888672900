// "layers", "output" and what stands before patches: read, refused, and under options.
#include <string>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz {
namespace {

/// A document of two tokens of two numbers with further keys.
Problem read_stack(const std::string& keys, const Overrides& overrides = {}) {
  return read_document("{\"embeddings\": [[1, 0], [0, 1]], " + keys + "}", "title", overrides);
}

/// What reading or running it says.
std::string stack_refusal(const std::string& keys, const Overrides& overrides = {}) {
  return test::error_of([&] { run_attention(read_stack(keys, overrides)); });
}

std::string layer(const std::string& keys) {
  return stack_refusal("\"layers\": [{}, {" + keys + "}]");
}

TEST_CASE("layers: what is given is read") {
  const Problem problem = read_stack(R"("layers": [
      {"attention": {"heads": 2}, "residual": true, "layer_norm": "pre",
       "feed_forward": {"random": 3, "hidden": 5, "gated": true, "activation": "silu"}},
      {"attention": "none", "cross_attention": {}, "residual": 0.5,
       "layer_norm": {"position": "post", "type": "rms", "epsilon": 0.001, "gain": [1, 2],
                      "bias": [[1, 2]]}}])");
  REQUIRE(problem.layers.size() == 2);
  const LayerSettings &first = problem.layers[0], &second = problem.layers[1];
  CHECK(first.attention->heads == 2);
  CHECK(first.residual == 1.0);
  CHECK(first.layer_norm.position == NormPosition::kPre);
  CHECK(first.layer_norm.epsilon == 1e-5);
  CHECK(first.feed_forward->random->seed == 3);
  CHECK(first.feed_forward->hidden == 5u);
  CHECK(first.feed_forward->gated);
  CHECK(first.feed_forward->activation == Activation::kSilu);
  CHECK_FALSE(second.attention.has_value());
  CHECK(second.cross_attention.has_value());
  CHECK(second.residual == 0.5);
  CHECK(second.layer_norm.type == NormType::kRms);
  CHECK(second.layer_norm.epsilon == 0.001);
  CHECK(second.layer_norm.gain->rank() == 1);
  CHECK(second.layer_norm.bias->rank() == 2);
  CHECK_FALSE(read_stack(R"("layers": [{"residual": false}])").layers[0].residual.has_value());
}

TEST_CASE("layers: wrong keys and names") {
  CHECK(stack_refusal(R"("layers": [], "attention": {})") ==
        "/layers: expected either attention or layers, got both");
  CHECK(stack_refusal(R"("layers": [])") ==
        "/layers: expected a list of layers, got an empty list");
  CHECK(stack_refusal(R"("layers": {})") == "/layers: expected a list of layers, got an object");
  CHECK(layer(R"("atention": {})") ==
        "/layers/1/atention: unknown key\n  hint: did you mean \"attention\"?");
  CHECK(layer(R"("attention": {"head": 2})") ==
        "/layers/1/attention/head: unknown key\n  hint: did you mean \"heads\"?");
  CHECK(layer(R"("attention": "full")") ==
        "/layers/1/attention: expected an object or \"none\", got \"full\"");
  CHECK(layer(R"("attention": "none")") ==
        "/layers/1: expected attention, cross_attention or feed_forward, got none of them");
  CHECK(layer(R"("residual": "yes")") ==
        "/layers/1/residual: expected true, false, or a number that multiplies the sub-layer, got "
        "\"yes\"");
  CHECK(layer(R"("layer_norm": "prae")") ==
        "/layers/1/layer_norm: unknown position of the layer norm \"prae\"; expected one of none, "
        "pre, post\n  hint: did you mean \"pre\"?");
  CHECK(layer(R"("layer_norm": true)") ==
        "/layers/1/layer_norm: expected \"none\", \"pre\", \"post\", or an object with "
        "\"position\", got true");
  CHECK(layer(R"("layer_norm": {"type": "rms"})") ==
        "/layers/1/layer_norm: the key \"position\" is missing; it is required");
  CHECK(layer(R"("layer_norm": {"position": "pre", "type": "batch"})") ==
        "/layers/1/layer_norm/type: unknown layer norm \"batch\"; expected one of layer, rms");
  CHECK(layer(R"("layer_norm": {"position": "pre", "epsilon": 0})") ==
        "/layers/1/layer_norm/epsilon: expected a number > 0, got 0");
  CHECK(layer(R"("feed_forward": {})") ==
        "/layers/1/feed_forward: the key \"W_1\" is missing; it is required");
  CHECK(layer(R"("feed_forward": {"W_1": [[1], [1]], "b_2": [1]})") ==
        "/layers/1/feed_forward: the key \"W_2\" is missing; it is required");
  CHECK(layer(R"("feed_forward": {"W_1": [[1], [1]], "b_gate": [1]})") ==
        "/layers/1/feed_forward: the key \"W_gate\" is missing; it is required");
  CHECK(layer(R"("feed_forward": {"random": 1, "hidden": 0})") ==
        "/layers/1/feed_forward/hidden: expected a whole number ≥ 1, got 0");
  CHECK(layer(R"("feed_forward": {"random": 1, "W_1": [[1]]})") ==
        "/layers/1/feed_forward/W_1: unknown key\n"
        "  hint: known keys here: random, hidden, gated, activation, window");
  CHECK(layer(R"("feed_forward": {"random": 1, "activation": "gulu"})") ==
        "/layers/1/feed_forward/activation: unknown activation \"gulu\"; expected one of relu, "
        "gelu, gelu-tanh, silu, tanh, identity\n  hint: did you mean \"gelu\"?");
}

TEST_CASE("layers: wrong sizes, by the layer") {
  CHECK(layer(R"("attention": {"weights": {"W_Q": [[1, 2, 3]]}})") ==
        "/layers/1/attention/weights/W_Q: expected shape [2, 3] (embedding × head size), got "
        "[1, 3]");
  CHECK(layer(R"("residual": true, "attention": {"weights": {"W_O": [[1], [1]]}})") ==
        "/layers/1/residual: expected attention to give as many numbers as it reads (2), got 1");
  CHECK(layer(R"("residual": true, "feed_forward": {"W_1": [[1], [1]]})") ==
        "/layers/1/residual: expected feed_forward to give as many numbers as it reads (2), got 1");
  CHECK(layer(R"("feed_forward": {"W_1": [[1, 2]]})") ==
        "/layers/1/feed_forward/W_1: expected shape [2, 1] (embedding × hidden size), got [1, 2]\n"
        "  hint: it looks transposed; attn-viz uses row vectors, Q = X W_Q");
  CHECK(layer(R"("feed_forward": {"W_1": [[1], [1]], "b_1": [1, 2]})") ==
        "/layers/1/feed_forward/b_1: expected shape [1] (hidden size), got [2]");
  CHECK(layer(R"("feed_forward": {"W_1": [[1], [1]], "W_gate": [[1, 2], [3, 4]]})") ==
        "/layers/1/feed_forward/W_gate: expected shape [2, 1] (embedding × hidden size), got "
        "[2, 2]");
  CHECK(layer(R"("feed_forward": {"W_1": [[1, 1], [1, 1]], "W_2": [[1]]})") ==
        "/layers/1/feed_forward/W_2: expected shape [2, 1] (hidden size × output size), got "
        "[1, 1]");
  CHECK(layer(R"("feed_forward": {"W_1": [[1], [1]], "W_2": [[1]], "b_2": [1, 2]})") ==
        "/layers/1/feed_forward/b_2: expected shape [1] (output size), got [2]");
  CHECK(layer(R"("layer_norm": {"position": "post", "gain": [1]})") ==
        "/layers/1/layer_norm/gain: expected shape [2] (embedding), got [1]");
  CHECK(layer(R"("layer_norm": {"position": "post", "bias": [[1, 2], [3, 4]]})") ==
        "/layers/1/layer_norm/bias: expected shape [1, 2] (sub-layers × embedding), got [2, 2]");
}

TEST_CASE("layers: a context and those who read it") {
  CHECK(layer(R"("cross_attention": {})") ==
        "/layers/1/cross_attention: expected a context to attend to, got none\n"
        "  hint: give the document a \"context\"");
  CHECK(stack_refusal(R"("context": {"embeddings": [[1, 2]]}, "layers": [{}])") ==
        "/context: expected a layer that attends to the context, got none\n"
        "  hint: give a layer \"cross_attention\": {}");
  CHECK(stack_refusal(
            R"("context": {"embeddings": [[1, 2]], "layers": [{"cross_attention": {}}]})") ==
        "/context/layers/0/cross_attention: an encoder has no cross-attention: it reads the "
        "context alone");
  CHECK(
      stack_refusal(R"("context": {"embeddings": [[1, 2]], "values": [[1, 2]], "layers": [{}]})") ==
      "/context/layers: expected either values or layers (their output is the values), got both");
  CHECK(stack_refusal(R"("context": {"embeddings": [[1, 2]], "layers": [
                   {"attention": {"mask": {"padding": [true, true]}}}]})") ==
        "/context/layers/0/attention/mask/padding: expected 1 entries, one for each key, got 2");
  CHECK(stack_refusal(R"("context": {"embeddings": [[1, 2, 3]], "layers": [{}]},
                   "layers": [{"cross_attention": {}}])") ==
        "/layers/0/cross_attention/weights: W_K is missing, and the identity does not fit: it "
        "would make 2 numbers of 3 (heads 1, size 2)\n  hint: give W_K with shape [3, 2]");
}

TEST_CASE("output: what is given is read, what does not fit is refused") {
  const Problem problem =
      read_stack(R"("output": {"W": [[1], [2]], "b": [3], "labels": ["a"], "pool": "mean"})");
  CHECK(problem.output->w->shape() == std::vector<std::size_t>{2, 1});
  CHECK(problem.output->labels == std::vector<std::string>{"a"});
  CHECK(problem.output->pool == Pool::kMean);

  CHECK(stack_refusal(R"("output": {"w": [[1]]})") ==
        "/output/w: unknown key\n  hint: did you mean \"W\"?");
  CHECK(stack_refusal(R"("output": {"W": [[1, 2, 3]]})") ==
        "/output/W: expected shape [2, 3] (embedding × labels), got [1, 3]");
  CHECK(stack_refusal(R"("output": {"W": [[1], [2]], "b": [1, 2]})") ==
        "/output/b: expected shape [1] (labels), got [2]");
  CHECK(stack_refusal(R"("output": {"labels": ["a"]})") ==
        "/output/labels: expected 2 labels (one for each number in a row; there is no W), got 1");
  CHECK(stack_refusal(R"("output": {"W": [[1, 0], [0, 1]], "labels": ["a"]})") ==
        "/output/labels: expected 2 labels (one for each column of /output/W), got 1");
  CHECK(stack_refusal(R"("output": {"pool": "max"})") ==
        "/output/pool: unknown pool \"max\"; expected one of none, mean, class");
  CHECK(stack_refusal(R"("patches": {"rows": 1, "columns": 2}, "output": {"pool": "class"})") ==
        "/output/pool: expected patches with a class token, got none\n"
        "  hint: give \"class_token\" in /patches, or use the pool \"mean\"");
}

TEST_CASE("patches: a class token and registers stand before them") {
  const Problem problem = read_stack(R"("patches": {"rows": 2, "columns": 1, "class_token": [5, 6],
                          "registers": [[7, 8], [9, 10]]})");
  CHECK(problem.axis.labels ==
        std::vector<std::string>{"[CLS]", "[REG 0]", "[REG 1]", "0,0", "1,0"});
  CHECK(problem.axis.extra == 3);
  CHECK(test::mismatch(problem.embeddings, test::matrix({{5, 6}, {7, 8}, {9, 10}, {1, 0}, {0, 1}}),
                       0) == "");
  CHECK(read_stack(R"("patches": {"rows": 2, "columns": 1})").axis.extra == 0);
  CHECK(stack_refusal(R"("patches": {"rows": 2, "columns": 1, "class_token": [1]})") ==
        "/patches/class_token: expected 2 numbers, as in a row of the embeddings, got 1");
  CHECK(stack_refusal(R"("patches": {"rows": 2, "columns": 1, "registers": [[1, 2, 3]]})") ==
        "/patches/registers: expected 2 numbers, as in a row of the embeddings, got 3");
}

TEST_CASE("options: they hold for every layer; masks for the sequence alone") {
  const std::string keys = R"("context": {"embeddings": [[1, 2]], "layers": [{}]},
      "layers": [{"cross_attention": {}}, {"feed_forward": {"random": 4}}])";
  Overrides overrides;
  overrides.heads = 2;
  overrides.causal = true;
  overrides.random_weights = true;
  overrides.seed = 9;
  const Problem problem = read_stack(keys, overrides);
  const AttentionSettings& encoder = *problem.context->layers[0].attention;
  const AttentionSettings& cross = *problem.layers[0].cross_attention;
  for (const AttentionSettings* settings :
       {&encoder, &cross, &*problem.layers[0].attention, &*problem.layers[1].attention}) {
    CHECK(settings->heads == 2);
    CHECK(std::get<RandomWeights>(settings->weights).seed == 9);
  }
  CHECK(problem.layers[1].feed_forward->random->seed == 9);
  CHECK(problem.layers[0].attention->mask.causal);
  CHECK_FALSE(cross.mask.causal);
  CHECK_FALSE(encoder.mask.causal);

  Overrides seed;
  seed.seed = 1;
  CHECK(stack_refusal(R"("layers": [{}])", seed) ==
        "--seed: expected random weights, but they are not random\n  hint: add --weights random");
  CHECK(read_stack(keys, seed).layers[1].feed_forward->random->seed == 1);
}

TEST_CASE("layers: more memory than allowed is refused before any work") {
  const Problem wide =
      read_stack(R"("layers": [{"feed_forward": {"random": 1, "hidden": 4000000000}}])");
  CHECK(test::error_of([&] { run_attention(wide); }) ==
        "/layers/0/feed_forward: 2 rows through a hidden size of 4000000000 would need 298.0 GiB; "
        "the limit is 8.0 GiB\n"
        "  hint: take fewer tokens or layers, smaller sizes, or --dtype float32");
  const Problem deep = read_stack(R"("layers": [{}, {}, {}])");
  CHECK(test::error_code_of([&] { run_attention(deep, 600); }) == 5);
  CHECK(test::error_code_of([&] { run_attention(deep, 6000); }) == 0);
}

}  // namespace
}  // namespace attn_viz
