// Queries and keys of one length, softcap, sinks, softmax key by key: worked numbers and laws.
#include <cmath>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/problems.hpp"
#include "support/recompute.hpp"
#include "support/reference.hpp"
#include "support/running_example.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using test::absolute_mismatch;
using test::evaluate;
using test::head_values;
using test::kInfinity;
using test::matrix;
using test::mismatch;
using test::off;
using test::outcome_of;
using test::problem_of;
using test::random_tensor;
using test::running_example;
using test::vector_of;

QkNormSettings norm_of(QkNormType type) {
  QkNormSettings norm;
  norm.type = type;
  return norm;
}

TEST_CASE("qk-norm: cosines times a gain, three ways") {
  Problem l2 = running_example();
  l2.attention.score.type = ScoreType::kDotProduct;
  l2.attention.tricks.qk_norm = norm_of(QkNormType::kL2);
  const Trace plain = run_attention(l2);
  CHECK(off(head_values(plain, 0, "scores"), "qk_c") == "");
  CHECK(plain.find("layer0/head0/scaled_scores") == nullptr);
  CHECK(plain.find("layer0/head0/normalized_query")->op == "l2-normalize");
  CHECK(plain.find("layer0/head0/normalized_query")->equation == "Q_norm = Q / ‖Q‖");
  CHECK(plain.find("layer0/head0/scores")->equation == "S = Q_norm K_normᵀ");

  l2.attention.tricks.qk_norm->gain = {4};
  const Trace gained = run_attention(l2);
  CHECK(off(head_values(gained, 0, "weights"), "qk_A") == "");
  CHECK(test::first_other_step(gained) == "");

  // The gain is a scale; also of scaled-dot-product, whose own it replaces.
  l2.attention.score.type = ScoreType::kScaledDotProduct;
  CHECK(off(head_values(run_attention(l2), 0, "weights"), "qk_A") == "");
  Problem cosine = running_example();
  cosine.attention.score.type = ScoreType::kCosine;
  cosine.attention.scale = 4;
  const Trace by_cosine = run_attention(cosine);
  CHECK(off(head_values(by_cosine, 0, "scores"), "qk_c") == "");
  CHECK(off(head_values(by_cosine, 0, "weights"), "qk_A") == "");
}

TEST_CASE("qk-norm: by the root of the mean of squares") {
  Problem rms = running_example();
  rms.attention.tricks.qk_norm = norm_of(QkNormType::kRms);
  const Trace trace = run_attention(rms);
  CHECK(off(head_values(trace, 0, "scaled_scores"), "qk_rms") == "");
  CHECK(trace.find("layer0/head0/normalized_key")->equation == "K_norm = K / √(mean(K²))");
  CHECK(test::first_other_step(trace) == "");

  // Unit gains change no bit; others multiply the columns.
  rms.attention.tricks.qk_norm->query_gain = vector_of({1, 1});
  rms.attention.tricks.qk_norm->key_gain = vector_of({1, 1});
  const Trace ones = run_attention(rms);
  CHECK(head_values(ones, 0, "weights").same_bits(head_values(trace, 0, "weights")));
  CHECK(ones.find("layer0/head0/normalized_key")->equation == "K_norm = g_K · K / √(mean(K²))");
  rms.attention.tricks.qk_norm->query_gain = vector_of({2, 3});
  const Trace gains = run_attention(rms);
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t t = 0; t < 2; ++t) {
      CHECK(head_values(gains, 0, "normalized_query").at(i, t) ==
            (t == 0 ? 2 : 3) * head_values(ones, 0, "normalized_query").at(i, t));
    }
  }
  CHECK(test::first_other_step(gains) == "");
}

TEST_CASE("qk-norm: the sizes of queries and keys do not matter, a gain for each head does") {
  for (const QkNormType type : {QkNormType::kL2, QkNormType::kRms}) {
    const Tensor x = random_tensor({6, 8}, "x");
    Tensor larger = x;
    for (std::size_t place = 0; place < 8; ++place) larger.values<double>()[place] *= 1000;
    AttentionSettings settings;
    settings.heads = 2;
    settings.tricks.qk_norm = norm_of(type);
    const Trace small = run_attention(problem_of(x, settings));
    const Trace large = run_attention(problem_of(larger, settings));
    for (std::size_t head = 0; head < 2; ++head) {
      CHECK(mismatch(head_values(large, head, "weights"), head_values(small, head, "weights"),
                     1e-12) == "");
    }
  }
  AttentionSettings settings;
  settings.heads = 2;
  settings.tricks.qk_norm = norm_of(QkNormType::kL2);
  settings.tricks.qk_norm->gain = {2, 8};
  const Trace trace = run_attention(problem_of(random_tensor({6, 8}, "x"), settings));
  CHECK(trace.find("layer0/head0/scaled_scores")->attributes == Attributes{{"scale", 2.0}});
  CHECK(trace.find("layer0/head1/scaled_scores")->attributes == Attributes{{"scale", 8.0}});
  CHECK(trace.settings.get<Attributes>("attention").get<std::vector<double>>("scale") ==
        std::vector<double>{2, 8});
  CHECK(test::first_other_step(trace) == "");
}

TEST_CASE("qk-norm: a row of 0 stays 0 and is listed; no row overflows or vanishes") {
  for (const DType dtype : test::kDTypes) {
    const double size = dtype == DType::kFloat64 ? 1e300 : 1e37;
    const Tensor rows = matrix({{0, 0}, {3 * size, 4 * size}, {-3 / size, 4 / size}}, dtype);
    const Outcome l2 = outcome_of(ops::l2_normalize, {rows});
    CHECK(absolute_mismatch(l2.values, matrix({{0, 0}, {0.6, 0.8}, {-0.6, 0.8}}),
                            test::tolerance_of(dtype)) == "");
    CHECK(l2.findings == Attributes{{"zero_rows", std::vector<double>{0}}});
    const double root = std::sqrt(2.0);
    const Outcome rms = outcome_of(ops::rms_normalize, {rows});
    CHECK(absolute_mismatch(rms.values,
                            matrix({{0, 0}, {0.6 * root, 0.8 * root}, {-0.6 * root, 0.8 * root}}),
                            test::tolerance_of(dtype)) == "");
    CHECK(rms.findings == l2.findings);
  }
  // x / √(mean x² + ε)
  const Tensor x = matrix({{1, 2}, {1e-200, 0}, {0, 0}});
  CHECK(mismatch(evaluate(ops::rms_normalize, {x}, {{"epsilon", 1.5}}),
                 matrix({{0.5, 1}, {1e-200 / std::sqrt(1.5), 0}, {0, 0}}), 1e-15) == "");
}

TEST_CASE("softcap: worked numbers, and nothing changes as the cap grows") {
  Problem capped = running_example();
  capped.attention.softcap = 5;
  const Trace trace = run_attention(capped);
  CHECK(off(head_values(trace, 0, "capped_scores"), "cap") == "");
  CHECK(off(head_values(trace, 0, "weights"), "cap_A") == "");
  CHECK(test::first_other_step(trace) == "");
  capped.attention.softcap = 1e9;
  CHECK(off(head_values(run_attention(capped), 0, "weights"), "run_As") == "");
}

TEST_CASE("sink: worked numbers; rows sum to less than 1") {
  Problem problem = running_example();
  problem.attention.tricks.sink = {1};
  const Trace trace = run_attention(problem);
  CHECK(off(head_values(trace, 0, "weights"), "sk_learn") == "");
  const Step* weights = trace.find("layer0/head0/weights");
  CHECK(weights->op == "softmax-with-sink");
  CHECK(weights->attributes == Attributes{{"sink", 1.0}});
  CHECK(weights->equation == "A = softmax([S_scaled, sink]) without its last column");
  CHECK(test::first_other_step(trace) == "");

  problem.attention.tricks.sink = {0};
  CHECK(off(head_values(run_attention(problem), 0, "weights"), "sk_s1") == "");
  problem.attention.tricks.sink = {};
  problem.attention.normalize.type = NormalizerType::kSoftmaxOffByOne;
  CHECK(off(head_values(run_attention(problem), 0, "weights"), "sk_s1") == "");
}

TEST_CASE("sink: one more key that is left out; each head its own") {
  const Tensor scores = random_tensor({7, 5}, "s", DType::kFloat64, 3);
  Tensor wider(DType::kFloat64, {Axis{7}, Axis{6}});
  for (std::size_t i = 0; i < 7; ++i) {
    for (std::size_t j = 0; j < 6; ++j) {
      wider.values<double>()[i * 6 + j] = j < 5 ? scores.at(i, j) : 0.75;
    }
  }
  for (const double temperature : {1.0, 0.3}) {
    const Tensor want = evaluate(ops::softmax, {wider}, {{"temperature", temperature}});
    CHECK(mismatch(evaluate(ops::softmax_with_sink, {scores},
                            {{"sink", 0.75}, {"temperature", temperature}}),
                   want.slice_columns(0, 5), 1e-14) == "");
  }
  // A sink far below takes nothing, one far above takes all; no NaN at the ends of the range.
  CHECK(evaluate(ops::softmax_with_sink, {scores}, {{"sink", -1e308}})
            .same_bits(evaluate(ops::softmax, {scores})));
  CHECK(evaluate(ops::softmax_with_sink, {matrix({{-1e308, 1e300}})}, {{"sink", 1e308}})
            .same_bits(matrix({{0, 0}})));
  const Outcome empty =
      outcome_of(ops::softmax_with_sink, {matrix({{-kInfinity, -kInfinity}})}, {{"sink", 1.0}});
  CHECK(empty.values.same_bits(matrix({{0, 0}})));
  CHECK(empty.findings == Attributes{{"empty_rows", std::vector<double>{0}}});

  AttentionSettings settings;
  settings.heads = 2;
  settings.tricks.sink = {-1, 2};
  const Trace trace = run_attention(problem_of(random_tensor({4, 4}, "x"), settings));
  CHECK(trace.find("layer0/head0/weights")->attributes == Attributes{{"sink", -1.0}});
  CHECK(trace.find("layer0/head1/weights")->attributes == Attributes{{"sink", 2.0}});
}

TEST_CASE("online softmax: worked numbers") {
  Problem problem = running_example();
  problem.attention.tricks.evaluation = Evaluation::kOnline;
  const Trace trace = run_attention(problem);
  const Tensor &maximum = head_values(trace, 0, "online_maximum"),
               &sum = head_values(trace, 0, "online_sum"),
               &gathered = head_values(trace, 0, "online_accumulator");
  Tensor row(DType::kFloat64, {Axis{3}, Axis{2}});
  for (std::size_t j = 0; j < 3; ++j) {
    row.values<double>()[2 * j] = maximum.at(2, j);
    row.values<double>()[2 * j + 1] = sum.at(2, j);
  }
  CHECK(off(row, "onl") == "");
  CHECK(off(head_values(trace, 0, "weights"), "run_As") == "");
  CHECK(off(head_values(trace, 0, "output"), "run_Os") == "");
  CHECK(gathered.shape() == std::vector<std::size_t>{3, 3, 2});
  CHECK(trace.find("layer0/head0/online_sum")->equation ==
        "ℓ = exp(m₍ⱼ₋₁₎ − mⱼ) · ℓ₍ⱼ₋₁₎ + exp(S_scaledⱼ − mⱼ)");
  CHECK(trace.find("layer0/head0/output")->equation == "O_0 = accₘ / ℓₘ");
  CHECK(test::first_other_step(trace) == "");
}

TEST_CASE("online softmax: equal to the plain one, under masks and at any temperature") {
  for (const DType dtype : test::kDTypes) {
    for (const double temperature : {1.0, 0.01, 20.0}) {
      for (const double size : {1.0, 30.0}) {
        CAPTURE(name_of(dtype), temperature, size);
        AttentionSettings settings;
        settings.heads = 2;
        settings.normalize.temperature = temperature;
        Tensor allow = random_tensor({17, 17}, "allow", dtype);
        dispatch(dtype, [&](auto zero) {
          using T = decltype(zero);
          for (T& entry : allow.values<T>()) entry = entry > 0 ? T{1} : T{0};
          std::fill_n(allow.values<T>().begin() + 3 * 17, 17, T{0});  // an empty row
        });
        settings.mask.allow = allow;
        const Tensor x = random_tensor({17, 8}, "x", dtype, size);
        const Trace plain = run_attention(problem_of(x, settings));
        settings.tricks.evaluation = Evaluation::kOnline;
        const Trace online = run_attention(problem_of(x, settings));
        for (std::size_t head = 0; head < 2; ++head) {
          CHECK(test::product_mismatch(head_values(online, head, "output"),
                                       head_values(plain, head, "output"),
                                       test::tolerance_of(dtype)) == "");
          CHECK(
              head_values(online, head, "weights").same_bits(head_values(plain, head, "weights")));
        }
        for (std::size_t t = 0; t < 4; ++t) CHECK(head_values(online, 0, "output").at(3, t) == 0);
        CHECK(test::first_other_step(online) == "");
      }
    }
  }
}

TEST_CASE("online softmax: masked keys change nothing, and before the first key there is nothing") {
  const Tensor s =
      matrix({{-kInfinity, 1, -kInfinity, 3}, {-kInfinity, -kInfinity, -kInfinity, -kInfinity}});
  const Tensor v = matrix({{9}, {1}, {9}, {2}});
  const Tensor m = evaluate(ops::online_maximum, {s});
  CHECK(m.same_bits(
      matrix({{-kInfinity, 1, 1, 3}, {-kInfinity, -kInfinity, -kInfinity, -kInfinity}})));
  const Tensor sum = evaluate(ops::online_sum, {s, m});
  const double c = std::exp(-2.0);
  CHECK(sum.same_bits(matrix({{0, 1, 1, c + 1}, {0, 0, 0, 0}})));
  const Tensor gathered = evaluate(ops::online_accumulator, {s, m, v});
  CHECK(gathered.same_bits(
      Tensor({Axis{2}, Axis{4}, Axis{1}}, Buffer<double>{0, 1, 1, c + 2, 0, 0, 0, 0})));
  CHECK(
      evaluate(ops::online_output, {gathered, sum}).same_bits(matrix({{(c + 2) / (c + 1)}, {0}})));
}

TEST_CASE("online softmax: its memory counts towards the limit") {
  AttentionSettings settings;
  settings.tricks.evaluation = Evaluation::kOnline;
  const Problem problem = problem_of(random_tensor({100, 100}, "x"), settings);
  // 100 × 100 × 100 numbers of 8 bytes are 7.6 MiB.
  CHECK(test::error_code_of([&] { run_attention(problem, 5 << 20); }) == 5);
  run_attention(problem, 12 << 20);
}

}  // namespace
}  // namespace attn_viz
