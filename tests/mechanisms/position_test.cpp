// Positions in attention: the worked examples, the steps they leave, laws and errors.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "mechanisms/position.hpp"
#include "support/positions.hpp"
#include "support/reference.hpp"
#include "support/running_example.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using test::head_values;
using test::ids_of;
using test::kAllPositions;
using test::matrix;
using test::mismatch;
using test::off;
using test::output_of;
using test::problem_of;
using test::random_tensor;
using test::running_example;
using test::six_tokens;
using test::values_of;

// ---- worked examples ----

TEST_CASE("positions: three tokens plus sinusoids") {
  Problem problem = problem_of(matrix({{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, 1, 0}}));
  problem.attention.position.type = PositionType::kSinusoidal;
  const Trace trace = run_attention(problem);
  CHECK(off(values_of(trace, "input/positions"), "pe") == "");
  CHECK(off(values_of(trace, "input/positioned"), "pe_sum") == "");
  CHECK(values_of(trace, "layer0/head0/query").same_bits(values_of(trace, "input/positioned")));
  CHECK(trace.find("input/positioned")->equation == "X_P = X + P");
}

TEST_CASE("positions: the running example with a slope of 0.5 and the future hidden") {
  Problem problem = running_example();
  problem.attention.position.type = PositionType::kAlibi;
  problem.attention.position.slopes = {0.5};
  problem.attention.mask.causal = true;
  const Trace trace = run_attention(problem);
  const Tensor bias = values_of(trace, "layer0/head0/position_bias");
  const Tensor mask = values_of(trace, "layer0/mask");
  const Tensor hidden =
      ops::mask_scores.evaluate(std::vector<const Tensor*>{&bias, &mask}, {}).values;
  const nlohmann::json wanted = test::load_reference("position-examples.json")["al_b"];
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double want = wanted[i][j].is_null() ? -test::kInfinity : wanted[i][j].get<double>();
      CHECK(hidden.at(i, j) == want);
    }
  }
  CHECK(off(head_values(trace, 0, "weights"), "al_A") == "");
}

TEST_CASE("positions: the running example with relative vectors in the keys") {
  Problem problem = running_example();
  problem.attention.position.type = PositionType::kRelative;
  problem.attention.position.keys = matrix({{1, 0}, {0, 0}, {0, 1}});
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "scaled_scores"), "sh_S") == "");
  CHECK(off(head_values(trace, 0, "weights"), "sh_A") == "");
  CHECK(trace.find("layer0/head0/output")->op == "matmul");
  CHECK(trace.find("layer0/head0/scores")->equation == "S = Q · (K + a_K[clip(j − i)])");
}

TEST_CASE("alibi: slopes as in the paper's program and MPT, for any number of heads") {
  const auto list = [](const std::vector<double>& slopes) {
    return Tensor({Axis{slopes.size()}}, Buffer<double>(slopes.begin(), slopes.end()));
  };
  CHECK(off(list(alibi_slopes(8)), "al8") == "");
  CHECK(off(list(alibi_slopes(4)), "al4") == "");
  CHECK(off(list(alibi_slopes(6)), "al6") == "");
  CHECK(off(list(alibi_slopes(2)), "al2") == "");
  const nlohmann::json file = test::load_reference("alibi.json");
  REQUIRE(file["slopes"].size() >= 20);
  for (const auto& [heads, slopes] : file["slopes"].items()) {
    CAPTURE(heads);
    const std::vector<double> got = alibi_slopes(std::stoul(heads));
    REQUIRE(got.size() == slopes.size());
    for (std::size_t h = 0; h < got.size(); ++h) {
      CHECK(std::abs(got[h] - slopes[h].get<double>()) <= 1e-12 * got[h]);
      const double bloom = file["slopes_bloom_f32"].at(heads)[h];
      CHECK(std::abs(got[h] - bloom) <= 1e-5 * got[h]);
    }
  }
}

TEST_CASE("alibi: the same weights as BLOOM and MPT, whose biases differ by a constant a row") {
  const nlohmann::json file = test::load_reference("alibi.json");
  // MPT sorts its slopes otherwise where the number of heads is no power of two.
  for (const std::size_t heads : {1u, 4u, 8u}) {
    const nlohmann::json& theirs = file["mpt_bias_n6"].at(std::to_string(heads));
    const std::vector<double> slopes = alibi_slopes(heads);
    for (std::size_t h = 0; h < heads; ++h) {
      for (std::size_t j = 0; j < 6; ++j) {
        // Their row is ours for the last query.
        CHECK(theirs[h][j].get<double>() == -slopes[h] * static_cast<double>(5 - j));
      }
    }
  }
  const nlohmann::json& bloom = file["bloom_bias"];
  const std::vector<double> slopes = alibi_slopes(bloom["heads"]);
  for (std::size_t h = 0; h < 3; ++h) {
    for (std::size_t j = 0; j < 5; ++j) {  // the second sequence has no padding
      const double ours = -slopes[h] * static_cast<double>(4 - j);
      CHECK(std::abs(bloom["bias"][1][h][j].get<double>() - (ours + 4 * slopes[h])) <= 1e-12);
    }
  }
}

// ---- steps ----

TEST_CASE("positions: every step can be computed again from its inputs and attributes alone") {
  for (const DType dtype : test::kDTypes) {
    for (const PositionType type : kAllPositions) {
      CAPTURE(kPositionNames[static_cast<std::size_t>(type)], name_of(dtype));
      // As a file, so that nothing but what is written counts.
      std::string text;
      write_trace(run_attention(six_tokens(type, dtype)),
                  [&](std::string_view piece) { text += piece; });
      const Trace trace = read_trace(text);
      for (const Step& step : trace.steps) {
        CAPTURE(step.id);
        CHECK(step.values.dtype() == dtype);
        if (step.op == "input" || step.op == "parameter") continue;
        const Operation* operation = find_operation(step.op);
        REQUIRE(operation != nullptr);
        std::vector<const Tensor*> inputs;
        for (const StepId input : step.inputs) inputs.push_back(&trace.steps[input].values);
        CHECK(operation->evaluate(inputs, step.attributes).values.same_bits(step.values));
      }
    }
  }
}

TEST_CASE("positions: the steps that each encoding adds") {
  using Ids = std::vector<std::string>;
  const Ids plain = ids_of(run_attention(six_tokens(PositionType::kNone)));
  const auto added = [&](PositionType type) {
    Ids found;
    for (const std::string& id : ids_of(run_attention(six_tokens(type)))) {
      const bool of_head_1 = id.find("/head1/") != std::string::npos;
      if (!of_head_1 && std::find(plain.begin(), plain.end(), id) == plain.end()) {
        found.push_back(id);
      }
    }
    return found;
  };
  const Ids sum{"input/positions", "input/positioned"};
  CHECK(added(PositionType::kSinusoidal) == sum);
  CHECK(added(PositionType::kSinusoidal2d) == sum);
  CHECK(added(PositionType::kLearned) ==
        Ids{"input/position_table", "input/positions", "input/positioned"});
  CHECK(added(PositionType::kFloater) ==
        Ids{"input/position_p_0", "input/position_W_1", "input/position_b_1", "input/position_W_2",
            "input/position_b_2", "input/positions", "input/positioned"});
  CHECK(added(PositionType::kRope) ==
        Ids{"layer0/head0/rotated_query", "layer0/head0/rotated_key"});
  CHECK(added(PositionType::kAlibi) ==
        Ids{"layer0/head0/position_bias", "layer0/head0/biased_scores"});
  CHECK(added(PositionType::kT5) == Ids{"layer0/head0/position_table", "layer0/head0/position_bias",
                                        "layer0/head0/biased_scores"});
  CHECK(added(PositionType::kRelative) ==
        Ids{"layer0/head0/relative_keys", "layer0/head0/relative_values"});
}

TEST_CASE("positions: a context has its own, its values have none") {
  Problem problem = six_tokens(PositionType::kSinusoidal);
  problem.context = test::context_of(random_tensor({4, 10}, "y"), random_tensor({4, 8}, "z"));
  const Trace trace = run_attention(problem);
  const auto inputs = [&](const char* id) { return trace.find(id)->inputs; };
  const auto place = [&](const char* id) {
    return static_cast<StepId>(trace.find(id) - trace.steps.data());
  };
  CHECK(values_of(trace, "input/context_positions").shape() == std::vector<std::size_t>{4, 10});
  CHECK(trace.find("input/context_positioned")->equation == "Y_P = Y + P_Y");
  CHECK(inputs("layer0/head0/query")[0] == place("input/positioned"));
  CHECK(inputs("layer0/head0/key")[0] == place("input/context_positioned"));
  CHECK(inputs("layer0/head0/value")[0] == place("input/values"));
  problem.context->values.reset();
  const Trace without = run_attention(problem);
  CHECK(without.steps[without.find("layer0/head0/value")->inputs[0]].id ==
        "input/context_positioned");
}

TEST_CASE("positions: two biases are added together") {
  Problem problem = six_tokens(PositionType::kAlibi);
  problem.attention.bias = random_tensor({6, 6}, "bias");
  const Trace trace = run_attention(problem);
  CHECK(trace.find("layer0/head0/biased_scores")->equation == "S_biased = S_scaled + bias + B");
  const Tensor &s = head_values(trace, 0, "scaled_scores"),
               &all = head_values(trace, 0, "biased_scores");
  const Tensor &bias = head_values(trace, 0, "bias"), &b = head_values(trace, 0, "position_bias");
  for (std::size_t t = 0; t < 36; ++t) {
    CHECK(std::abs(all.at(t) - s.at(t) - bias.at(t) - b.at(t)) <= 1e-15);
  }
}

TEST_CASE("positions: the settings of the trace") {
  const auto setting = [](const Problem& problem) {
    const Trace trace = run_attention(problem);
    return *trace.settings.get<Attributes>("attention").find("position");
  };
  CHECK(setting(six_tokens(PositionType::kNone)) == Attribute("none"));
  CHECK(setting(six_tokens(PositionType::kAlibi)) ==
        Attribute(
            Attributes{{"type", "alibi"}, {"slopes", std::vector<double>{0.0625, 0.00390625}}}));
  CHECK(setting(six_tokens(PositionType::kRope)) ==
        Attribute(Attributes{{"type", "rope"}, {"layout", "interleaved"}, {"base", 10000.0}}));
  CHECK(setting(six_tokens(PositionType::kT5)) ==
        Attribute(Attributes{
            {"type", "t5"}, {"table", "given"}, {"bidirectional", true}, {"max_distance", 16.0}}));
  CHECK(setting(six_tokens(PositionType::kRelative)) ==
        Attribute(Attributes{
            {"type", "relative"}, {"max_distance", 2.0}, {"keys", "given"}, {"values", "given"}}));
  CHECK(setting(six_tokens(PositionType::kFloater)) == Attribute(Attributes{{"type", "floater"},
                                                                            {"activation", "relu"},
                                                                            {"step", 0.5},
                                                                            {"substeps", 5.0},
                                                                            {"method", "rk4"},
                                                                            {"initial", "given"},
                                                                            {"W_1", "given"},
                                                                            {"b_1", "given"},
                                                                            {"W_2", "given"},
                                                                            {"b_2", "given"}}));
}

// ---- laws ----

TEST_CASE("positions: without them the order of the tokens means nothing, with them it does") {
  const std::vector<std::size_t> order{4, 2, 0, 5, 1, 3};
  const auto moves_with = [&](PositionType type) {
    Problem problem = six_tokens(type);
    const Tensor plain = output_of(run_attention(problem));
    problem.embeddings = test::reordered(problem.embeddings, order);
    return mismatch(output_of(run_attention(problem)), test::reordered(plain, order), 1e-9) == "";
  };
  CHECK(moves_with(PositionType::kNone));
  for (const PositionType type : kAllPositions) {
    CAPTURE(kPositionNames[static_cast<std::size_t>(type)]);
    CHECK_FALSE(moves_with(type));
  }
}

TEST_CASE("positions: what acts on distances gives equal tokens the same scores along a diagonal") {
  for (const PositionType type :
       {PositionType::kRope, PositionType::kAlibi, PositionType::kT5, PositionType::kRelative}) {
    CAPTURE(kPositionNames[static_cast<std::size_t>(type)]);
    Problem problem = six_tokens(type);
    for (std::size_t t = 8; t < 48; ++t) {
      problem.embeddings.values<double>()[t] = problem.embeddings.at(t - 8);
    }
    const Trace trace = run_attention(problem);
    const Step* biased = trace.find("layer0/head0/biased_scores");
    const Tensor& s = biased != nullptr ? biased->values : head_values(trace, 0, "scaled_scores");
    for (std::size_t i = 1; i < 6; ++i) {
      for (std::size_t j = 1; j < 6; ++j) {
        CHECK(std::abs(s.at(i, j) - s.at(i - 1, j - 1)) <= 1e-12);
      }
    }
    CHECK(std::abs(s.at(0, 1) - s.at(0, 0)) > 1e-4);
  }
}

TEST_CASE("positions: a slope of 0 and tables of zeros change nothing") {
  const Tensor plain = output_of(run_attention(six_tokens(PositionType::kNone)));
  Problem alibi = six_tokens(PositionType::kAlibi);
  alibi.attention.position.slopes = {0, 0};
  CHECK(output_of(run_attention(alibi)).same_bits(plain));
  Problem t5 = six_tokens(PositionType::kT5);
  t5.attention.position.table = random_tensor({8}, "zeros", DType::kFloat64, 0);
  CHECK(output_of(run_attention(t5)).same_bits(plain));
  Problem learned = six_tokens(PositionType::kLearned);
  learned.attention.position.table = random_tensor({6, 8}, "zeros", DType::kFloat64, 0);
  CHECK(output_of(run_attention(learned)).same_bits(plain));
}

TEST_CASE("positions: rope in the two layouts agrees where the head's columns are exchanged") {
  Problem problem = six_tokens(PositionType::kRope);
  problem.attention.heads = 1;
  const Tensor w_q = random_tensor({8, 8}, "W_Q"), w_k = random_tensor({8, 8}, "W_K");
  const std::vector<std::size_t> order{0, 2, 4, 6, 1, 3, 5, 7};
  const auto exchanged = [&](const Tensor& w) {
    return test::transposed(test::reordered(test::transposed(w), order));
  };
  problem.attention.weights = GivenWeights{.w_q = w_q, .w_k = w_k};
  const Tensor pairs = output_of(run_attention(problem));
  problem.attention.position.half_layout = true;
  CHECK(mismatch(output_of(run_attention(problem)), pairs, 1e-3) != "");
  problem.attention.weights = GivenWeights{.w_q = exchanged(w_q), .w_k = exchanged(w_k)};
  CHECK(mismatch(output_of(run_attention(problem)), pairs, 1e-12) == "");
}

TEST_CASE("positions: float32 agrees with float64") {
  for (const PositionType type : kAllPositions) {
    const Trace wide = run_attention(six_tokens(type));
    const Trace narrow = run_attention(six_tokens(type, DType::kFloat32));
    REQUIRE(ids_of(wide) == ids_of(narrow));
    for (std::size_t i = 0; i < wide.steps.size(); ++i) {
      CAPTURE(wide.steps[i].id);
      CHECK(test::product_mismatch(narrow.steps[i].values, wide.steps[i].values, 1e-5) == "");
    }
  }
}

}  // namespace
}  // namespace attn_viz
