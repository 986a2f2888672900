// Stacks of layers: the worked numbers of the course, ids, and what must hold for all.
#include "attn_viz/mechanisms/attention.hpp"

#include <cmath>

#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "support/problems.hpp"
#include "support/reference.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using test::ids_of;
using test::matrix;
using test::mismatch;
using test::off;
using test::problem_of;
using test::random_tensor;
using test::values_of;

/// The attention of the running example, unscaled.
AttentionSettings running_attention() {
  AttentionSettings settings;
  settings.score.type = ScoreType::kDotProduct;
  settings.weights = GivenWeights{.w_q = matrix({{1, 0}, {0, 2}}),
                                  .w_k = matrix({{1, 1}, {0, 1}}),
                                  .w_v = matrix({{1, 0}, {2, 1}})};
  return settings;
}

Problem stack_of(Tensor embeddings, std::vector<LayerSettings> layers) {
  Problem problem = problem_of(std::move(embeddings));
  problem.layers = std::move(layers);
  return problem;
}

FeedForwardSettings random_feed_forward(Activation activation = Activation::kGelu,
                                        bool gated = false) {
  FeedForwardSettings settings;
  settings.random = RandomWeights{3};
  settings.hidden = 12;
  settings.activation = activation;
  settings.gated = gated;
  return settings;
}

/// A Transformer block with random weights; six numbers, two heads.
LayerSettings block(NormPosition position, std::uint64_t seed = 5) {
  LayerSettings layer;
  layer.attention = AttentionSettings{};
  layer.attention->heads = 2;
  layer.attention->weights = RandomWeights{seed};
  layer.residual = 1;
  layer.layer_norm.position = position;
  layer.feed_forward = random_feed_forward();
  return layer;
}

const Tensor& last_values(const Trace& trace) {
  return trace.steps.back().values;
}

TEST_CASE("stack: attention, then a fully connected layer (worked)") {
  LayerSettings layer;
  layer.attention = running_attention();
  layer.feed_forward = FeedForwardSettings{};
  layer.feed_forward->w_1 = matrix({{1, -1}, {0, 1}});
  layer.feed_forward->b_1 = test::vector_of({0, -0.5});
  const Trace trace = run_attention(stack_of(matrix({{1, 0}, {0, 1}, {1, 1}}), {layer}));
  CHECK(off(values_of(trace, "layer0/feed_forward/activated"), "stack_Y") == "");
  CHECK(off(values_of(trace, "layer0/output"), "stack_Y") == "");
}

TEST_CASE("stack: a residual with a factor, as in SAGAN (worked)") {
  LayerSettings layer;
  layer.attention = running_attention();
  layer.residual = 0.5;
  const Tensor x = matrix({{1, 0}, {0, 1}, {1, 1}});
  const Trace trace = run_attention(stack_of(x, {layer}));
  CHECK(off(values_of(trace, "layer0/residual"), "sg_y") == "");
  CHECK(trace.find("layer0/scaled_output") != nullptr);
  layer.residual = 0;
  CHECK(mismatch(last_values(run_attention(stack_of(x, {layer}))), x, 0) == "");
}

TEST_CASE("stack: the ids of a block, norm before and after") {
  const Tensor x = random_tensor({3, 6}, "x");
  const auto ids = [&](NormPosition position) {
    std::vector<std::string> found;
    for (const std::string& id : ids_of(run_attention(stack_of(x, {block(position)})))) {
      if (id.find("head") == std::string::npos) found.push_back(id);
    }
    return found;
  };
  CHECK(ids(NormPosition::kPost) ==
        std::vector<std::string>{"input/embeddings", "layer0/concat", "layer0/W_O",
                                 "layer0/attention_output", "layer0/residual", "layer0/normalized",
                                 "layer0/feed_forward/W_1", "layer0/feed_forward/W_2",
                                 "layer0/feed_forward/hidden", "layer0/feed_forward/activated",
                                 "layer0/feed_forward/output", "layer0/feed_forward/residual",
                                 "layer0/feed_forward/normalized", "layer0/output"});
  CHECK(ids(NormPosition::kPre) ==
        std::vector<std::string>{"input/embeddings", "layer0/normalized", "layer0/concat",
                                 "layer0/W_O", "layer0/attention_output", "layer0/residual",
                                 "layer0/feed_forward/normalized", "layer0/feed_forward/W_1",
                                 "layer0/feed_forward/W_2", "layer0/feed_forward/hidden",
                                 "layer0/feed_forward/activated", "layer0/feed_forward/output",
                                 "layer0/feed_forward/residual", "layer0/output"});
}

TEST_CASE("stack: one layer that only attends has the steps of a single layer") {
  LayerSettings layer;
  layer.attention = running_attention();
  const Tensor x = matrix({{1, 0}, {0, 1}, {1, 1}});
  const Trace stack = run_attention(stack_of(x, {layer}));
  const Trace single = run_attention(problem_of(x, running_attention()));
  REQUIRE(ids_of(stack) == ids_of(single));
  for (std::size_t i = 0; i < single.steps.size(); ++i) {
    CHECK(stack.steps[i].values.same_bits(single.steps[i].values));
    CHECK(stack.steps[i].equation == single.steps[i].equation);
  }
}

TEST_CASE("stack: two layers equal their layers one by one") {
  for (const NormPosition position :
       {NormPosition::kNone, NormPosition::kPre, NormPosition::kPost}) {
    // Random numbers are named by the layer, so the second layer has matrices as given.
    LayerSettings second = block(position);
    second.attention->weights =
        GivenWeights{.w_q = random_tensor({6, 6}, "q"), .w_k = random_tensor({6, 6}, "k")};
    second.feed_forward = FeedForwardSettings{};
    second.feed_forward->w_1 = random_tensor({6, 8}, "w_1");
    second.feed_forward->w_2 = random_tensor({8, 6}, "w_2");
    const Tensor x = random_tensor({5, 6}, "x");
    const Trace both = run_attention(stack_of(x, {block(position), second}));
    const Trace first = run_attention(stack_of(x, {block(position)}));
    CHECK(values_of(both, "layer0/output").same_bits(values_of(first, "layer0/output")));
    Tensor between = values_of(first, "layer0/output");
    const Trace alone = run_attention(stack_of(between, {second}));
    CHECK(values_of(both, "layer1/output").same_bits(values_of(alone, "layer0/output")));
  }
}

TEST_CASE("stack: without positions, permuting the rows permutes the output") {
  const Tensor x = random_tensor({7, 6}, "x");
  const std::vector<std::size_t> order{4, 2, 6, 0, 5, 1, 3};
  for (const NormPosition position :
       {NormPosition::kNone, NormPosition::kPre, NormPosition::kPost}) {
    const std::vector<LayerSettings> layers{block(position), block(position)};
    const Tensor plain = last_values(run_attention(stack_of(x, layers)));
    const Tensor permuted = last_values(run_attention(stack_of(test::reordered(x, order), layers)));
    CHECK(mismatch(permuted, test::reordered(plain, order), 1e-12) == "");
    CHECK(mismatch(permuted, plain, 1e-3) != "");  // the law is not empty
  }
}

TEST_CASE("stack: with a residual, sub-layers of zero weights change nothing") {
  LayerSettings layer;
  layer.residual = 1;
  Tensor zeros = matrix({{0, 0}, {0, 0}});
  layer.attention = AttentionSettings{};
  layer.attention->weights = GivenWeights{.w_o = zeros};
  layer.feed_forward = FeedForwardSettings{};
  layer.feed_forward->w_1 = matrix({{1, 2}, {3, 4}});
  layer.feed_forward->w_2 = zeros;
  const Tensor x = random_tensor({4, 2}, "x");
  for (const NormPosition position : {NormPosition::kNone, NormPosition::kPre}) {
    layer.layer_norm.position = position;
    CHECK(mismatch(last_values(run_attention(stack_of(x, {layer, layer}))), x, 0) == "");
  }
}

TEST_CASE("stack: after the norm each row has mean 0 and variance 1") {
  const Trace trace = run_attention(stack_of(
      random_tensor({5, 6}, "x"), {block(NormPosition::kPost), block(NormPosition::kPost)}));
  for (const char* id : {"layer0/normalized", "layer0/output", "layer1/output"}) {
    const Tensor& rows = values_of(trace, id);
    for (std::size_t i = 0; i < 5; ++i) {
      double mean = 0, square = 0;
      for (std::size_t j = 0; j < 6; ++j) mean += rows.at(i, j) / 6;
      for (std::size_t j = 0; j < 6; ++j) square += rows.at(i, j) * rows.at(i, j) / 6;
      CHECK(std::abs(mean) < 1e-12);
      CHECK(std::abs(square - 1) < 1e-3);  // epsilon is 1e-5
    }
  }
}

TEST_CASE("stack: N causal truncated layers look back N times the window, to the last bit") {
  const std::size_t n = 12;
  for (const std::size_t layers : {1, 2, 3}) {
    LayerSettings layer = block(NormPosition::kPre);
    layer.attention->mask.window = {2, 0};
    const std::vector<LayerSettings> stack(layers, layer);
    const Tensor x = random_tensor({n, 6}, "x");
    Tensor changed = x;
    for (std::size_t j = 0; j < 6; ++j) changed.values<double>()[j] += static_cast<double>(j);
    const Tensor before = last_values(run_attention(stack_of(x, stack)));
    const Tensor after = last_values(run_attention(stack_of(changed, stack)));
    for (std::size_t i = 0; i < n; ++i) {
      CAPTURE(layers, i);
      bool same = true;
      for (std::size_t j = 0; j < 6; ++j) same &= before.at(i, j) == after.at(i, j);
      CHECK(same == (i > 2 * layers));
    }
  }
}

TEST_CASE("stack: N truncated layers look ahead N times the window, to the last bit") {
  const std::size_t n = 12;
  for (const std::size_t layers : {1, 3}) {
    LayerSettings layer = block(NormPosition::kPre);
    layer.attention->mask.window = {1, 2};
    const std::vector<LayerSettings> stack(layers, layer);
    const Tensor x = random_tensor({n, 6}, "x");
    Tensor changed = x;
    // Not all by one number, which the norm would take away again.
    for (std::size_t j = 0; j < 6; ++j) {
      changed.values<double>()[(n - 1) * 6 + j] += static_cast<double>(j);
    }
    const Tensor before = last_values(run_attention(stack_of(x, stack)));
    const Tensor after = last_values(run_attention(stack_of(changed, stack)));
    for (std::size_t i = 0; i < n; ++i) {
      CAPTURE(layers, i);
      bool same = true;
      for (std::size_t j = 0; j < 6; ++j) same &= before.at(i, j) == after.at(i, j);
      CHECK(same == (i + 2 * layers < n - 1));
    }
  }
}

TEST_CASE("stack: cross-attention is that of a single layer with a context") {
  const Tensor x = random_tensor({4, 6}, "x"), y = random_tensor({5, 3}, "y");
  AttentionSettings cross;
  cross.weights =
      GivenWeights{.w_k = random_tensor({3, 6}, "k"), .w_v = random_tensor({3, 6}, "v")};
  Problem single = problem_of(x, cross);
  single.context = test::context_of(y);
  LayerSettings layer;
  layer.cross_attention = cross;
  Problem stack = stack_of(x, {layer});
  stack.context = test::context_of(y);
  const Trace trace = run_attention(stack);
  CHECK(values_of(trace, "layer0/cross/attention_output")
            .same_bits(values_of(run_attention(single), "layer0/attention_output")));
  CHECK(trace.find("layer0/cross/head0/weights")->values.axes()[1].name == "context");
  const StepName name = parse_step_id("layer0/cross/head0/weights");
  CHECK((name.layer == 0u && name.head == 0u && name.cross && name.step == "weights"));
}

TEST_CASE("stack: the decoder attends to the output of the encoder") {
  const Tensor x = random_tensor({4, 6}, "x"), y = random_tensor({5, 6}, "y");
  LayerSettings decoder = block(NormPosition::kPost);
  decoder.cross_attention = AttentionSettings{};
  Problem problem = stack_of(x, {decoder});
  problem.context = test::context_of(y);
  problem.context->layers = {block(NormPosition::kPost, 8)};
  const Trace trace = run_attention(problem);
  const Step& key = *trace.find("layer0/cross/head0/key");
  CHECK(trace.steps[key.inputs[0]].id == "encoder/layer0/output");
  const Step& query = *trace.find("layer0/cross/head0/query");
  CHECK(trace.steps[query.inputs[0]].id == "layer0/normalized");
  const StepName name = parse_step_id("encoder/layer0/head1/query");
  CHECK((name.layer == 0u && name.head == 1u && name.encoder && !name.cross));

  // The memory given as a context by itself.
  problem.context = test::context_of(values_of(trace, "encoder/layer0/output"));
  CHECK(last_values(run_attention(problem)).same_bits(last_values(trace)));

  // A single layer can attend to an encoder, too.
  Problem single = problem_of(x);
  single.context = test::context_of(y);
  single.context->layers = {block(NormPosition::kPost, 8)};
  const Trace one = run_attention(single);
  CHECK(one.steps[one.find("layer0/head0/value")->inputs[0]].id == "encoder/layer0/output");
}

TEST_CASE("stack: gates multiply, and activations are those asked for") {
  LayerSettings layer;
  layer.feed_forward = FeedForwardSettings{};
  layer.feed_forward->w_1 = matrix({{2, 1}});
  layer.feed_forward->w_gate = matrix({{1, -1}});
  layer.feed_forward->b_gate = test::vector_of({0.5, 0});
  layer.feed_forward->w_2 = matrix({{1}, {10}});
  layer.feed_forward->b_2 = test::vector_of({0.25});
  layer.feed_forward->activation = Activation::kRelu;
  const Trace trace = run_attention(stack_of(matrix({{3}, {-3}}), {layer}));
  CHECK(mismatch(values_of(trace, "layer0/feed_forward/gate"), matrix({{3.5, -3}, {-2.5, 3}}), 0) ==
        "");
  CHECK(mismatch(values_of(trace, "layer0/feed_forward/gated"), matrix({{21, 0}, {0, -9}}), 0) ==
        "");
  CHECK(mismatch(values_of(trace, "layer0/output"), matrix({{21.25}, {-89.75}}), 0) == "");
  CHECK(trace.find("layer0/feed_forward/gated")->equation == "U_gated = G_act ∘ U");

  layer.feed_forward->activation = Activation::kIdentity;  // a bilinear unit
  const Trace bilinear = run_attention(stack_of(matrix({{3}}), {layer}));
  CHECK(bilinear.find("layer0/feed_forward/activated") == nullptr);
  CHECK(mismatch(last_values(bilinear), matrix({{21 - 90 + 0.25}}), 0) == "");
}

TEST_CASE("stack: an output head labels each row, or one row for all") {
  LayerSettings layer;
  layer.attention = AttentionSettings{};
  layer.attention->mask.window = {0, 0};
  Problem problem = stack_of(matrix({{1, 0}, {3, 2}}), {layer});
  problem.output = OutputSettings{};
  problem.output->w = matrix({{1, 0, 2}, {0, 1, 0}});
  problem.output->b = test::vector_of({0, 0, -1});
  problem.output->labels = {"a", "b", "c"};
  const Trace each = run_attention(problem);
  CHECK(mismatch(values_of(each, "output/logits"), matrix({{1, 0, 1}, {3, 2, 5}}), 0) == "");
  CHECK(each.axis("label")->labels == problem.output->labels);
  CHECK(last_values(each).axes()[0].name == "token");
  CHECK(last_values(each).axes()[1].name == "label");
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor& p = values_of(each, "output/probabilities");
    CHECK(std::abs(p.at(i, 0) + p.at(i, 1) + p.at(i, 2) - 1) < 1e-15);
  }
  problem.output->pool = Pool::kMean;
  CHECK(mismatch(values_of(run_attention(problem), "output/pooled"), matrix({{2, 1}}), 0) == "");
  problem.output->pool = Pool::kClass;
  CHECK(mismatch(values_of(run_attention(problem), "output/pooled"), matrix({{1, 0}}), 0) == "");
  problem.output = OutputSettings{};
  const Trace plain = run_attention(problem);
  CHECK(mismatch(values_of(plain, "output/logits"), matrix({{1, 0}, {3, 2}}), 0) == "");
  CHECK(plain.axis("label")->labels == std::vector<std::string>{"0", "1"});
}

/// Everything that a stack can have, at once.
Problem everything(DType dtype) {
  LayerSettings decoder = block(NormPosition::kPre);
  decoder.cross_attention = AttentionSettings{};
  decoder.residual = 0.5;
  decoder.layer_norm.type = NormType::kRms;
  decoder.layer_norm.bias = random_tensor({3, 6}, "bias", dtype);
  decoder.feed_forward = random_feed_forward(Activation::kSilu, true);
  Problem problem = stack_of(random_tensor({4, 6}, "x", dtype), {decoder, decoder});
  problem.context = test::context_of(random_tensor({5, 6}, "y", dtype));
  problem.context->layers = {block(NormPosition::kPost)};
  problem.output = OutputSettings{};
  problem.output->pool = Pool::kMean;
  return problem;
}

TEST_CASE("stack: every step is what its operation makes of its inputs") {
  for (const DType dtype : test::kDTypes) {
    const Trace trace = run_attention(everything(dtype));
    std::size_t computed = 0;
    for (const Step& step : trace.steps) {
      if (step.op == "input" || step.op == "parameter") continue;
      std::vector<const Tensor*> inputs;
      for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
      CAPTURE(step.id);
      CHECK(
          find_operation(step.op)->evaluate(inputs, step.attributes).values.same_bits(step.values));
      CHECK(step.values.dtype() == dtype);
      ++computed;
    }
    CHECK(computed > 80);
  }
}

TEST_CASE("stack: a trace is read back to the same bits, its settings as a list of layers") {
  const Trace trace = run_attention(everything(DType::kFloat64));
  std::string text;
  write_trace(trace, [&](std::string_view piece) { text += piece; });
  const Trace again = read_trace(text);
  REQUIRE(ids_of(again) == ids_of(trace));
  for (std::size_t i = 0; i < trace.steps.size(); ++i) {
    CHECK(again.steps[i].values.same_bits(trace.steps[i].values));
  }
  CHECK(again.settings == trace.settings);
  const auto& layers = trace.settings.get<std::vector<Attributes>>("layers");
  REQUIRE(layers.size() == 2);
  CHECK(layers[1].get<double>("residual") == 0.5);
  const auto& norm = layers[1].get<Attributes>("layer_norm");
  CHECK(norm.get<std::string>("type") == "rms");
  CHECK(norm.get<double>("epsilon") == 1e-5);
}

TEST_CASE("stack: patches with tokens before them are read back") {
  Problem problem = problem_of(random_tensor({5, 2}, "x"));
  problem.axis.grid = {2, 2};
  problem.axis.extra = 1;
  std::string text;
  write_trace(run_attention(problem), [&](std::string_view piece) { text += piece; });
  CHECK(text.find("\"grid\": [2, 2], \"extra\": 1") != std::string::npos);
  const Trace again = read_trace(text);
  CHECK(again.axis("token")->extra == 1);
  CHECK(again.axis("token")->grid == problem.axis.grid);
  text.replace(text.find("\"extra\": 1"), 10, "\"extra\": 5");
  CHECK_THROWS(read_trace(text));
}

}  // namespace
}  // namespace attn_viz
