// Positions that are added to queries and keys alone, as in DETR: a naive version, laws, errors.
#include <cmath>
#include <numbers>

#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/positions.hpp"
#include "support/recompute.hpp"

namespace attn_viz {
namespace {

using test::random_tensor;
using test::values_of;

constexpr std::size_t kRows = 2, kColumns = 3, kPixels = 6, kQueries = 3, kSize = 8;

// ---- DETR in loops, as its authors' program goes, without norms and feed-forward networks ----

using Rows = std::vector<std::vector<double>>;

Rows rows_of(const Tensor& tensor) {
  Rows rows(tensor.rows());
  for (std::size_t i = 0; i < tensor.rows(); ++i) {
    for (std::size_t j = 0; j < tensor.columns(); ++j) rows[i].push_back(tensor.at(i, j));
  }
  return rows;
}

Rows sum(Rows a, const Rows& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) a[i][j] += b[i][j];
  }
  return a;
}

Rows product(const Rows& a, const Rows& b) {
  Rows c(a.size(), std::vector<double>(b[0].size(), 0.0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t k = 0; k < b.size(); ++k) {
      for (std::size_t j = 0; j < b[0].size(); ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Rows attention(const Rows& query, const Rows& key, const Rows& value, const GivenWeights& weights,
               Rows* map = nullptr) {
  const Rows q = product(query, rows_of(*weights.w_q)), k = product(key, rows_of(*weights.w_k));
  const Rows v = product(value, rows_of(*weights.w_v));
  Rows a(q.size(), std::vector<double>(k.size()));
  for (std::size_t i = 0; i < q.size(); ++i) {
    double total = 0;
    for (std::size_t j = 0; j < k.size(); ++j) {
      double score = 0;
      for (std::size_t c = 0; c < kSize; ++c) score += q[i][c] * k[j][c];
      total += a[i][j] = std::exp(score / std::sqrt(static_cast<double>(kSize)));
    }
    for (double& weight : a[i]) weight /= total;
  }
  if (map != nullptr) *map = a;
  return product(a, v);
}

/// Half for the row, half for the column: sin and cos of 2π (index + 1) / count / base^(2t / half).
Rows places() {
  Rows p(kPixels);
  for (std::size_t i = 0; i < kPixels; ++i) {
    const double coordinates[] = {
        static_cast<double>(i / kColumns + 1) / (kRows + 1e-6) * 2 * std::numbers::pi,
        static_cast<double>(i % kColumns + 1) / (kColumns + 1e-6) * 2 * std::numbers::pi};
    for (const double coordinate : coordinates) {
      for (std::size_t c = 0; c < kSize / 2; ++c) {
        const double angle =
            coordinate / std::pow(10000.0, static_cast<double>(c / 2 * 2) / (kSize / 2.0));
        p[i].push_back(c % 2 == 0 ? std::sin(angle) : std::cos(angle));
      }
    }
  }
  return p;
}

GivenWeights weights_of(const std::string& name) {
  const auto draw = [&](const char* matrix) {
    return random_tensor({kSize, kSize}, name + matrix);
  };
  return {.w_q = draw("q"), .w_k = draw("k"), .w_v = draw("v")};
}

PositionSettings pixel_places() {
  PositionSettings position;
  position.type = PositionType::kSinusoidal2d;
  position.to_queries_and_keys = true;
  position.normalize = true;
  return position;
}

PositionSettings query_vectors() {
  PositionSettings position;
  position.type = PositionType::kLearned;
  position.to_queries_and_keys = true;
  position.table = random_tensor({kQueries, kSize}, "object queries");
  return position;
}

/// Two layers of encoder over 2 × 3 pixels, two of decoder over three object queries.
Problem detr() {
  Problem problem;
  problem.title = "DETR";
  problem.axis = test::numbered_axis(kQueries);
  problem.embeddings = random_tensor({kQueries, kSize}, "targets");
  problem.context = test::context_of(random_tensor({kPixels, kSize}, "pixels"));
  problem.context->axis.grid = std::pair(kRows, kColumns);
  for (const std::string layer : {"0", "1"}) {
    LayerSettings encoder{.attention = AttentionSettings{}, .residual = 1};
    encoder.attention->position = pixel_places();
    encoder.attention->weights = weights_of("encoder" + layer);
    problem.context->layers.push_back(encoder);
    LayerSettings decoder{
        .attention = AttentionSettings{}, .cross_attention = AttentionSettings{}, .residual = 1};
    decoder.attention->position = decoder.cross_attention->position = query_vectors();
    decoder.cross_attention->key_position = pixel_places();
    decoder.attention->weights = weights_of("self" + layer);
    decoder.cross_attention->weights = weights_of("cross" + layer);
    problem.layers.push_back(decoder);
  }
  return problem;
}

std::string off(const Tensor& got, const Rows& want) {
  Buffer<double> values;
  for (const auto& row : want) values.insert(values.end(), row.begin(), row.end());
  return test::absolute_mismatch(
      got.with_axes({Axis{got.rows()}, Axis{got.columns()}}),
      Tensor({Axis{want.size()}, Axis{want[0].size()}}, std::move(values)), 1e-11);
}

TEST_CASE("positions of queries and keys: DETR equals a program in loops") {
  const Problem problem = detr();
  const Trace trace = run_attention(problem);
  CHECK(test::first_other_step(trace) == "");
  const Rows p = places(), queries = rows_of(*query_vectors().table);
  Rows memory = rows_of(problem.context->embeddings), h = rows_of(problem.embeddings);
  for (const std::string layer : {"0", "1"}) {
    memory = sum(memory,
                 attention(sum(memory, p), sum(memory, p), memory, weights_of("encoder" + layer)));
  }
  CHECK(off(values_of(trace, "encoder/layer1/output"), memory) == "");
  CHECK(off(values_of(trace, "encoder/layer1/positions"), p) == "");
  for (const std::string layer : {"0", "1"}) {
    h = sum(h, attention(sum(h, queries), sum(h, queries), h, weights_of("self" + layer)));
    Rows map;
    h = sum(h,
            attention(sum(h, queries), sum(memory, p), memory, weights_of("cross" + layer), &map));
    CHECK(off(values_of(trace, "layer" + layer + "/cross/head0/weights"), map) == "");
  }
  CHECK(off(values_of(trace, "layer1/output"), h) == "");
}

TEST_CASE("positions of queries and keys: the steps and what they read") {
  const Trace trace = run_attention(detr());
  const auto reads = [&](const std::string& id, std::size_t input) {
    return trace.steps[trace.find(id)->inputs[input]].id;
  };
  CHECK(reads("encoder/layer1/head0/query", 0) == "encoder/layer1/positioned");
  CHECK(reads("encoder/layer1/head0/key", 0) == "encoder/layer1/positioned");
  CHECK(reads("encoder/layer1/head0/value", 0) == "encoder/layer0/output");
  CHECK(reads("layer0/cross/head0/query", 0) == "layer0/cross/positioned");
  CHECK(reads("layer0/cross/head0/key", 0) == "layer0/cross/key_positioned");
  CHECK(reads("layer0/cross/head0/value", 0) == "encoder/layer1/output");
  CHECK(reads("layer0/cross/residual", 0) == "layer0/residual");
  CHECK(trace.find("input/positions") == nullptr);
  CHECK(trace.find("layer0/cross/key_positioned")->equation == "Y_P = H_1 + P_K");
  CHECK(trace.find("encoder/layer0/positions")->equation ==
        "P = [sinusoidal(2π (row + 1) / rows), sinusoidal(2π (column + 1) / columns)]");
}

TEST_CASE("positions of queries and keys: without them where the values alone matter") {
  // One key: its weight is 1, so the output is its value, which has no position.
  for (const PositionType type :
       {PositionType::kSinusoidal, PositionType::kLearned, PositionType::kFloater}) {
    Problem problem = test::six_tokens(type);
    problem.attention.position.to_queries_and_keys = true;
    problem.embeddings = random_tensor({1, 8}, "one");
    problem.axis = test::numbered_axis(1);
    Problem plain = problem;
    plain.attention.position = {};
    const Trace one = run_attention(problem), other = run_attention(plain);
    CHECK(test::mismatch(values_of(one, "layer0/attention_output"),
                         values_of(other, "layer0/attention_output"), 0) == "");
  }
}

TEST_CASE("positions of queries and keys: the same scores as when added to the embeddings") {
  for (const PositionType type : {PositionType::kSinusoidal, PositionType::kSinusoidal2d,
                                  PositionType::kLearned, PositionType::kFloater}) {
    Problem problem = test::six_tokens(type);
    const Trace added = run_attention(problem);
    problem.attention.position.to_queries_and_keys = true;
    const Trace pair = run_attention(problem);
    CHECK(test::first_other_step(pair) == "");
    for (std::size_t head = 0; head < 2; ++head) {
      CHECK(test::head_values(pair, head, "weights")
                .same_bits(test::head_values(added, head, "weights")));
      CHECK(test::mismatch(test::head_values(pair, head, "value"),
                           test::head_values(added, head, "value"), 1e-3) != "");
    }
  }
}

TEST_CASE("positions of queries and keys: of a context as long as it is") {
  AttentionSettings settings;
  settings.position.type = PositionType::kSinusoidal;
  settings.position.to_queries_and_keys = true;
  Problem problem = test::problem_of(random_tensor({2, 4}, "x"), settings);
  problem.context = test::context_of(random_tensor({5, 4}, "y"));
  const Trace trace = run_attention(problem);
  CHECK(values_of(trace, "layer0/positions").rows() == 2);
  CHECK(values_of(trace, "layer0/key_positions").rows() == 5);
  CHECK(trace.steps[trace.find("layer0/head0/value")->inputs[0]].id == "input/context");
  // Keys alone.
  problem.attention.key_position = settings.position;
  problem.attention.position = {};
  const Trace keys = run_attention(problem);
  CHECK(keys.find("layer0/positioned") == nullptr);
  CHECK(values_of(keys, "layer0/head0/key").same_bits(values_of(trace, "layer0/head0/key")));
  CHECK(values_of(keys, "layer0/head0/query")
            .same_bits(values_of(keys, "input/embeddings")
                           .with_axes(values_of(keys, "layer0/head0/query").axes())));
}

TEST_CASE("positions of queries and keys: coordinates end at 2π whatever the picture's size") {
  for (const std::size_t side : {1, 4, 50}) {
    const auto n = static_cast<double>(side);
    const Tensor p =
        test::evaluate(ops::sinusoidal_2d, {random_tensor({side * side, 8}, "x")},
                       {{"rows", n}, {"columns", n}, {"base", 10000.0}, {"normalize", true}});
    const std::size_t last = side * side - 1;
    CHECK(std::abs(p.at(last, 0)) < 1e-5);       // sin 2π
    CHECK(std::abs(p.at(last, 5) - 1) < 1e-10);  // cos 2π
  }
}

TEST_CASE("positions of queries and keys: what does not fit is refused, and where") {
  const auto refused = [](auto change) {
    Problem problem = detr();
    change(problem);
    return test::error_of([&] { run_attention(problem); });
  };
  CHECK(
      refused([](Problem& p) { p.context->axis.grid.reset(); }) ==
      "/context/layers/0/attention/position: \"sinusoidal-2d\" needs patches, but the sequence of "
      "queries has tokens\n  hint: give \"patches\" (rows and columns) instead of \"tokens\", or "
      "take \"sinusoidal\"");
  CHECK(refused([](Problem& p) {
          p.layers[1].cross_attention->position.table = random_tensor({2, kSize}, "t");
        }) ==
        "/layers/1/cross_attention/position/table: expected at least 3 rows (one for each row of "
        "the sequence of queries), got 2\n  hint: a learned table ends; \"sinusoidal\" goes on for "
        "ever");
  CHECK(refused([](Problem& p) {
          PositionSettings keys = query_vectors();
          keys.table = random_tensor({kPixels, 5}, "t");
          p.layers[0].cross_attention->key_position = keys;
        }) ==
        "/layers/0/cross_attention/key_position/table: expected rows of 8 numbers (one for each "
        "column of the sequence of keys), got 5");
  CHECK(refused([](Problem& p) { p.layers[1].attention->position.to_queries_and_keys = false; }) ==
        "/layers/1/attention/position: positions are added to the embeddings, before the first "
        "layer\n  hint: give it in /layers/0/attention, or \"add_to\": \"queries-and-keys\" here");
}

}  // namespace
}  // namespace attn_viz
