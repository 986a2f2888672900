// What the trace of a layer says: its steps in order, each of them computable again, and the
// settings written out.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"

namespace attn_viz {
namespace {

using test::head_values;
using test::ids_of;
using test::matrix;
using test::problem_of;
using test::random_tensor;

/// Everything that a layer can have: cross-attention with values, two heads, every bias, a score
/// with parameters, and every adjustment of the scores.
Problem full_problem(DType dtype) {
  const auto drawn = [=](std::vector<std::size_t> shape, const char* name) {
    return random_tensor(shape, name, dtype);
  };
  AttentionSettings settings;
  settings.heads = 2;
  settings.score = {.type = ScoreType::kAdditive,
                    .w_query = drawn({3, 4}, "W_query"),
                    .w_key = drawn({2, 3, 4}, "W_key"),  // one for each head
                    .v = drawn({4}, "v"),
                    .bias = drawn({4}, "bias")};
  settings.scale = 2;
  settings.softcap = 3;
  settings.bias = drawn({2, 5, 6}, "B");
  settings.mask.causal = true;
  settings.mask.window = {3, 1};
  settings.mask.padding = {false, true, true, true, true, true};
  settings.mask.allow = drawn({5, 6}, "allow");
  dispatch(dtype, [&](auto zero) {
    for (auto& value : settings.mask.allow->values<decltype(zero)>()) value = value > -0.8 ? 1 : 0;
  });
  settings.normalize.temperature = 0.5;
  settings.weights = GivenWeights{.w_q = drawn({4, 6}, "W_Q"),
                                  .w_k = drawn({3, 6}, "W_K"),
                                  .w_v = drawn({2, 8}, "W_V"),
                                  .w_o = drawn({8, 5}, "W_O"),
                                  .b_q = drawn({6}, "b_Q"),
                                  .b_k = drawn({6}, "b_K"),
                                  .b_v = drawn({8}, "b_V"),
                                  .b_o = drawn({5}, "b_O")};
  Problem problem = problem_of(drawn({5, 4}, "X"), settings);
  problem.context = test::context_of(drawn({6, 3}, "Y"), drawn({6, 2}, "Z"));
  return problem;
}

TEST_CASE("trace: the steps of a layer in the order of the contract") {
  const std::vector<std::string> of_a_head{
      "W_Q",           "W_K",         "W_V",     "b_Q",           "b_K",           "b_V",
      "score_W_query", "score_W_key", "score_v", "score_bias",    "bias",          "query",
      "key",           "value",       "scores",  "scaled_scores", "capped_scores", "biased_scores",
      "masked_scores", "weights",     "output"};
  std::vector<std::string> want{"input/embeddings", "input/context", "input/values", "layer0/allow",
                                "layer0/mask"};
  for (const char* head : {"layer0/head0/", "layer0/head1/"}) {
    for (const std::string& name : of_a_head) want.push_back(head + name);
  }
  for (const char* name : {"concat", "W_O", "b_O", "attention_output"}) {
    want.push_back(std::string("layer0/") + name);
  }
  CHECK(ids_of(run_attention(full_problem(DType::kFloat64))) == want);
}

TEST_CASE("trace: a step that does not apply is absent") {
  AttentionSettings settings;
  settings.score.type = ScoreType::kDotProduct;
  CHECK(ids_of(run_attention(problem_of(matrix({{1, 2}, {3, 4}}), settings))) ==
        std::vector<std::string>{"input/embeddings", "layer0/head0/W_Q", "layer0/head0/W_K",
                                 "layer0/head0/W_V", "layer0/head0/query", "layer0/head0/key",
                                 "layer0/head0/value", "layer0/head0/scores",
                                 "layer0/head0/weights", "layer0/head0/output", "layer0/concat",
                                 "layer0/W_O", "layer0/attention_output"});
}

TEST_CASE("trace: every step can be computed again from what it lists, to the bit") {
  std::vector<Problem> problems{full_problem(DType::kFloat64), full_problem(DType::kFloat32)};
  for (const ScoreType type : {ScoreType::kDotProduct, ScoreType::kScaledDotProduct,
                               ScoreType::kCosine, ScoreType::kBilinear}) {
    AttentionSettings settings;
    settings.heads = 2;
    settings.score.type = type;
    settings.weights = RandomWeights{5};
    settings.mask.allow = matrix({{1, 0, 1}, {0, 0, 0}, {1, 1, 1}});  // row 1 is empty
    problems.push_back(problem_of(matrix({{0, 0, 1, 2}, {1, 1, 0, 0}, {3, 1, 2, 1}}), settings));
  }
  std::size_t computed = 0;
  for (const Problem& problem : problems) {
    const Trace trace = run_attention(problem);
    for (std::size_t i = 0; i < trace.steps.size(); ++i) {
      const Step& step = trace.steps[i];
      CAPTURE(step.id, step.op);
      const Operation* operation = find_operation(step.op);
      REQUIRE(operation != nullptr);
      if (operation == &ops::input || operation == &ops::parameter) {
        CHECK(step.inputs.empty());
        CHECK(step.equation.empty());
        continue;
      }
      std::vector<const Tensor*> inputs;
      std::vector<std::string> symbols;
      for (const StepId input : step.inputs) {
        REQUIRE(input < i);
        inputs.push_back(&trace.steps[input].values);
        symbols.push_back(trace.steps[input].symbol);
      }
      const Outcome again = operation->evaluate(inputs, step.attributes);
      CHECK(again.values.same_bits(step.values));
      CHECK(again.findings == step.findings);
      CHECK(step.equation == step.symbol + " = " + operation->equation(symbols, step.attributes));
      ++computed;
    }
  }
  CHECK(computed > 100);
}

TEST_CASE("trace: symbols and equations") {
  const Trace trace = run_attention(full_problem(DType::kFloat64));
  const auto equation = [&](const std::string& id) { return trace.find(id)->equation; };
  CHECK(equation("layer0/head1/query") == "Q = X W_Q + b_Q");
  CHECK(equation("layer0/head1/key") == "K = Y W_K + b_K");
  CHECK(equation("layer0/head1/value") == "V = Z W_V + b_V");
  CHECK(equation("layer0/head1/scores") == "S = v · tanh(Q W_query + K W_key + bias)");
  CHECK(equation("layer0/head1/scaled_scores") == "S_scaled = scale · S");
  CHECK(equation("layer0/head1/capped_scores") == "S_capped = cap · tanh(S_scaled / cap)");
  CHECK(equation("layer0/head1/biased_scores") == "S_biased = S_capped + bias");
  CHECK(equation("layer0/head1/masked_scores") == "S_masked = S_biased where M, else −∞");
  CHECK(equation("layer0/head1/weights") == "A = softmax(S_masked / temperature)");
  CHECK(equation("layer0/head1/output") == "O_1 = A V");
  CHECK(equation("layer0/concat") == "C = [O_0, O_1]");
  CHECK(equation("layer0/attention_output") == "O = C W_O + b_O");
  CHECK(trace.find("layer0/head0/scaled_scores")->attributes == Attributes{{"scale", 2.0}});
  CHECK(trace.find("layer0/head0/capped_scores")->attributes == Attributes{{"cap", 3.0}});
  CHECK(trace.find("layer0/head0/weights")->attributes == Attributes{{"temperature", 0.5}});
}

TEST_CASE("trace: axes run over tokens and context") {
  const Trace trace = run_attention(full_problem(DType::kFloat64));
  const auto names = [&](const std::string& id) {
    std::vector<std::string> list;
    for (const Axis& axis : trace.find(id)->values.axes()) list.push_back(axis.name);
    return list;
  };
  using Names = std::vector<std::string>;
  CHECK(names("input/embeddings") == Names{"token", ""});
  CHECK(names("input/values") == Names{"context", ""});
  CHECK(names("layer0/mask") == Names{"token", "context"});
  CHECK(names("layer0/head0/W_Q") == Names{"", ""});
  CHECK(names("layer0/head0/b_Q") == Names{""});
  CHECK(names("layer0/head0/query") == Names{"token", ""});
  CHECK(names("layer0/head0/key") == Names{"context", ""});
  for (const char* step :
       {"scores", "capped_scores", "biased_scores", "masked_scores", "weights"}) {
    CHECK(names(std::string("layer0/head0/") + step) == Names{"token", "context"});
  }
  CHECK(names("layer0/attention_output") == Names{"token", ""});
  REQUIRE(trace.axes.size() == 2);
  CHECK(trace.axes[0].name == "token");
  CHECK(trace.axes[0].labels.size() == 5);
  CHECK(trace.axes[1].name == "context");
  CHECK(trace.axes[1].labels.size() == 6);
  // Self-attention has one axis, for queries and keys.
  const Trace self = run_attention(problem_of(matrix({{1, 0}, {0, 1}})));
  CHECK(self.axes.size() == 1);
  CHECK(self.find("layer0/head0/weights")->values.axes() ==
        std::vector<Axis>{{2, "token"}, {2, "token"}});
}

TEST_CASE("trace: the settings are written out in full") {
  const Trace plain = run_attention(problem_of(random_tensor({3, 4}, "x")));
  CHECK(plain.settings ==
        Attributes{{"mechanism", "attention"},
                   {"attention",
                    Attributes{{"heads", 1.0},
                               {"head_size", 4.0},
                               {"value_size", 4.0},
                               {"score", "scaled-dot-product"},
                               {"scale", 0.5},
                               {"softcap", "none"},
                               {"bias", "none"},
                               {"mask", "none"},
                               {"normalize", Attributes{{"type", "softmax"}, {"temperature", 1.0}}},
                               {"position", "none"},
                               {"weights", "identity"}}}});
  const Attributes padding{{"causal", true},
                           {"window", std::vector<double>{3, 1}},
                           {"padding", std::vector<bool>{false, true, true, true, true, true}},
                           {"allow", "given"}};
  CHECK(run_attention(full_problem(DType::kFloat64)).settings ==
        Attributes{{"mechanism", "attention"},
                   {"attention",
                    Attributes{{"heads", 2.0},
                               {"head_size", 3.0},
                               {"value_size", 4.0},
                               {"score", "additive"},
                               {"scale", 2.0},
                               {"softcap", 3.0},
                               {"bias", "given"},
                               {"mask", padding},
                               {"normalize", Attributes{{"type", "softmax"}, {"temperature", 0.5}}},
                               {"position", "none"},
                               {"weights", "given"}}}});
  AttentionSettings random;
  random.weights = RandomWeights{42};
  const Trace drawn = run_attention(problem_of(random_tensor({3, 4}, "x"), random));
  CHECK(drawn.settings.get<Attributes>("attention").get<Attributes>("weights") ==
        Attributes{{"random", 42.0}});
  CHECK(drawn.generator == "attn-viz 0.1.0");
  CHECK(drawn.title == "test");
}

TEST_CASE("random weights: frozen numbers, the same on every platform") {
  // Computed by another program, from the papers of SplitMix64 and of Glorot and Bengio.
  AttentionSettings settings;
  settings.heads = 2;
  settings.weights = RandomWeights{7};
  const Trace trace = run_attention(problem_of(random_tensor({2, 4}, "x"), settings));
  const Tensor w_q =
      matrix({{-0.35449973231707504, -0.6849131600486568, 0.5031700274250392, 0.3229979157918508},
              {0.6707895475206663, -0.2839247674792906, -0.547128923662302, -0.06258495879619005},
              {-0.7533253841044771, 0.5806128315621436, -0.11160819357778831, 0.022333879238601882},
              {0.4156827531527331, 0.26053235741328756, -0.3704644638207657, 0.5991778721357013}});
  const Tensor w_v = matrix(
      {{0.41344951679786934, -0.09457208454552161, -0.8620206093028772, -0.030372143737647832},
       {-0.8459091796380398, 0.7150100977407672, 0.4317663135531077, -0.17712450828525192},
       {-0.6319265351552804, 0.7065817721345342, -0.5369468912168928, 0.7994302367304665},
       {0.08303968768296477, -0.25348692166610165, 0.12327890550700198, -0.7250959958770015}});
  const Tensor w_o = matrix(
      {{0.8623489190552474, -0.11592861725812863, -0.4114260694934422, 0.15606956989685097},
       {0.3110864556304924, -0.05518536063621769, -0.29341256046234376, -0.10856317756265348},
       {0.25343580120858006, -0.36986893534863713, -0.6484119853811252, 0.09712614868968696},
       {-0.7047439599845033, -0.6439696367914024, 0.0470955043591805, -0.47799857270084034}});
  for (std::size_t head = 0; head < 2; ++head) {
    CHECK(head_values(trace, head, "W_Q").same_bits(w_q.slice_columns(2 * head, 2)));
    CHECK(head_values(trace, head, "W_V").same_bits(w_v.slice_columns(2 * head, 2)));
  }
  CHECK(test::values_of(trace, "layer0/W_O").same_bits(w_o));
}

TEST_CASE("random weights: within Glorot's limits and near them, and different for each matrix") {
  AttentionSettings settings;
  settings.heads = 3;
  settings.head_size = 20;
  settings.value_size = 5;
  settings.weights = RandomWeights{1};
  const Trace trace = run_attention(problem_of(random_tensor({2, 30}, "x"), settings));
  const auto largest = [&](const char* name) {
    double most = 0;
    for (std::size_t head = 0; head < 3; ++head) {
      const Tensor& w = head_values(trace, head, name);
      for (std::size_t i = 0; i < w.count(); ++i) most = std::max(most, std::abs(w.at(i)));
    }
    return most;
  };
  const double narrow = std::sqrt(6.0 / 90), wide = std::sqrt(6.0 / 45);
  CHECK(largest("W_Q") <= narrow);
  CHECK(largest("W_Q") > 0.98 * narrow);
  CHECK(largest("W_V") <= wide);
  CHECK(largest("W_V") > 0.98 * wide);
  CHECK(test::values_of(trace, "layer0/W_O").shape() == std::vector<std::size_t>{15, 30});
  CHECK_FALSE(head_values(trace, 0, "W_Q").same_bits(head_values(trace, 0, "W_K")));
  CHECK_FALSE(head_values(trace, 0, "W_Q").same_bits(head_values(trace, 1, "W_Q")));
}

TEST_CASE("random weights: the same twice, others for another seed, rounded in float32") {
  const auto run = [](std::uint64_t seed, DType dtype) {
    AttentionSettings settings;
    settings.weights = RandomWeights{seed};
    return run_attention(problem_of(random_tensor({3, 4}, "x", dtype), settings));
  };
  const Trace one = run(3, DType::kFloat64), again = run(3, DType::kFloat64);
  for (std::size_t i = 0; i < one.steps.size(); ++i) {
    CHECK(one.steps[i].values.same_bits(again.steps[i].values));
  }
  CHECK_FALSE(head_values(one, 0, "W_Q").same_bits(head_values(run(4, DType::kFloat64), 0, "W_Q")));
  CHECK(head_values(run(3, DType::kFloat32), 0, "W_Q")
            .same_bits(head_values(one, 0, "W_Q").as(DType::kFloat32)));
}

}  // namespace
}  // namespace attn_viz
