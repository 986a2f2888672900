// Worked numbers of the course that read a trace: a memory, angles, sinks, gradients, a window.
#include <array>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/tasks.hpp"

namespace attn_viz::test {
namespace {

using Json = nlohmann::json;

const Json& example(const std::string& key) {
  static const Json all = Json::parse(std::ifstream(ATTN_VIZ_TEST_DATA "/reading-examples.json"));
  return all.at(key);
}

const Tensor& values(const Trace& trace, const std::string& id) {
  const Step* step = trace.find(id);
  REQUIRE(step != nullptr);
  return step->values;
}

/// Every number within 1e-12 of the example's, row-major.
void check_equal(const Tensor& got, const Json& want) {
  const Json flat = want.is_array() ? want.flatten() : Json{{"", want}};
  REQUIRE(got.count() == flat.size());
  std::size_t columns = got.columns();
  for (std::size_t i = 0; i < got.count(); ++i) {
    const double expected = want.is_array() && want[0].is_array()
                                ? want[i / columns][i % columns].get<double>()
                                : want[i].get<double>();
    INFO("position " << i);
    CHECK(std::abs(got.at(i) - expected) <= 1e-12);
  }
}

// ---- B5: a query reads a memory of three keys and values ----

Trace read_memory(const std::string& score) {
  return run_document(R"({"embeddings": [[1, 0.5]],
      "context": {"embeddings": [[1, 0], [0, 1], [3, 3]], "values": [[10], [20], [30]]},
      "attention": {"score": )" +
                      score + "}}");
}

TEST_CASE("reading a memory: three similarities, one softmax, one sum of values") {
  const struct {
    const char *score, *similarity, *weights, *output;
  } cases[] = {
      {R"("dot-product")", "kv_sd", "kv_ad", "kv_od"},
      {R"("cosine")", "kv_sc", "kv_ac", "kv_oc"},
      // The small network on [q; k] is the additive score: its matrix cut between q and k.
      {R"({"type": "additive", "W_query": [[1, 0], [0, 1]], "W_key": [[1, 0], [0, -1]],
           "v": [1, 1]})",
       "kv_sm", "kv_am", "kv_om"},
  };
  for (const auto& one : cases) {
    INFO(one.score);
    const Trace trace = read_memory(one.score);
    check_equal(values(trace, "layer0/head0/scores"), example(one.similarity));
    check_equal(values(trace, "layer0/head0/weights"), example(one.weights));
    check_equal(values(trace, "layer0/head0/output"), example(one.output));
  }
}

// ---- B4: dot product and angle ----

TEST_CASE("dot product: with lengths of 2 it follows the angle") {
  const Trace trace = run_document(R"({"embeddings": [[2, 0]], "context": {"embeddings":
      [[2, 0], [1, 1.7320508075688772], [0, 2], [-2, 0]]},
      "attention": {"score": "dot-product"}})");
  const Tensor& s = values(trace, "layer0/head0/scores");
  std::size_t j = 0;
  for (const char* key : {"ang_a0", "ang_a60", "ang_a90", "ang_a180"}) {
    CHECK(std::abs(s.at(j++) - example(key).get<double>()) <= 1e-12);
  }
}

// ---- the running example ----

std::string running(const std::string& settings) {
  return R"({"embeddings": [[1, 0], [0, 1], [1, 1]], "attention": {)" + settings +
         R"("weights": {"W_Q": [[1, 0], [0, 2]], "W_K": [[1, 1], [0, 1]],
                        "W_V": [[1, 0], [2, 1]]}}})";
}

TEST_CASE("sinks: how much the keys of the causal running example draw on average") {
  const Trace trace = run_document(running(R"("mask": {"causal": true}, )"));
  const Tensor& a = values(trace, "layer0/head0/weights");
  const auto drawn = [&](std::size_t key, std::size_t first_row) {
    double sum = 0;
    for (std::size_t i = first_row; i < 3; ++i) sum += a.at(i, key);
    return sum / static_cast<double>(3 - first_row);
  };
  for (std::size_t key = 0; key < 3; ++key) {
    CHECK(std::abs(drawn(key, key) - example("sk_pos")[key].get<double>()) <= 1e-12);
  }
  CHECK(std::abs(drawn(0, 0) - example("sk_m").get<double>()) <= 1e-12);
  CHECK(std::abs(drawn(0, 1) - example("sk_m2").get<double>()) <= 1e-12);
}

TEST_CASE("gradients: those of the sum of outputs follow from the trace") {
  const Trace trace = run_document(running(""));
  const Tensor &q = values(trace, "layer0/head0/query"), &k = values(trace, "layer0/head0/key"),
               &v = values(trace, "layer0/head0/value"), &a = values(trace, "layer0/head0/weights");
  const double scale = 1 / std::sqrt(2.0);
  // dO is all ones: dA = dO Vᵀ, dS = A ∘ (dA − Σ_j dA A), dQ = scale · dS K, dK = scale · dSᵀ Q.
  std::array<std::array<double, 3>, 3> ds{};
  for (std::size_t i = 0; i < 3; ++i) {
    double mean = 0;
    for (std::size_t j = 0; j < 3; ++j) mean += a.at(i, j) * (v.at(j, 0) + v.at(j, 1));
    for (std::size_t j = 0; j < 3; ++j) {
      ds[i][j] = a.at(i, j) * (v.at(j, 0) + v.at(j, 1) - mean);
      CHECK(std::abs(ds[i][j] - example("bw_S")[i][j].get<double>()) <= 1e-12);
    }
  }
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t c = 0; c < 2; ++c) {
      double dq = 0, dk = 0, dv = 0;
      for (std::size_t j = 0; j < 3; ++j) {
        dq += scale * ds[i][j] * k.at(j, c);
        dk += scale * ds[j][i] * q.at(j, c);
        dv += a.at(j, i);
      }
      CHECK(std::abs(dq - example("bw_Q")[i][c].get<double>()) <= 1e-12);
      CHECK(std::abs(dk - example("bw_K")[i][c].get<double>()) <= 1e-12);
      CHECK(std::abs(dv - example("bw_V")[i][c].get<double>()) <= 1e-12);
    }
  }
}

// ---- A1: a network over a window; A7.3: pixels as a sequence ----

TEST_CASE("window: a fully connected layer over neighbours, zeros beyond the ends") {
  const Trace trace = run_document(R"({"embeddings": [[1, 0], [0, 1], [1, 1]],
      "layers": [{"attention": "none", "feed_forward": {"window": 1, "activation": "identity",
                  "W_1": [[1], [0], [0], [1], [1], [1]]}}]})");
  const Tensor& output = values(trace, "layer0/output");
  for (std::size_t i = 0; i < 3; ++i) CHECK(output.at(i) == example("wfc")[i].get<double>());
  check_equal(values(trace, "layer0/feed_forward/windowed"),
              Json::parse("[[0,0,1,0,0,1],[1,0,0,1,1,1],[0,1,1,1,0,0]]"));
}

TEST_CASE("window: a token further away than the window changes nothing") {
  const auto output = [](const std::string& last) {
    return values(run_document(R"({"embeddings": [[1, 0], [0, 1], [1, 1], [)" + last + R"(]],
        "layers": [{"attention": "none", "feed_forward": {"window": 1,
                    "W_1": [[1], [2], [3], [4], [5], [6]]}}]})"),
                  "layer0/output");
  };
  const Tensor one = output("7, 8"), other = output("9, 1");
  for (std::size_t i = 0; i < 4; ++i) CHECK((one.at(i) == other.at(i)) == (i < 2));
}

TEST_CASE("patches: place p stands in row p / C and column p % C") {
  std::string rows = "[0]";
  for (int i = 1; i < 50; ++i) rows += ", [" + std::to_string(i) + "]";
  const Trace trace =
      run_document(R"({"patches": {"rows": 5, "columns": 10}, "embeddings": [)" + rows + "]}");
  const auto& labels = trace.axis("token")->labels;
  CHECK(labels[13] == "1,3");
  CHECK(labels[27] == "2,7");
  CHECK(std::abs(std::hypot(2 - 1, 7 - 3) - example("img_d").get<double>()) <= 1e-12);
}

}  // namespace
}  // namespace attn_viz::test
