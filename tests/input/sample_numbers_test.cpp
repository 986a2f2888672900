// The numbers that the samples' comments name.
#include <cmath>
#include <fstream>
#include <sstream>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/attention.hpp"
#include "catch.hpp"
#include "support/recompute.hpp"
#include "support/tasks.hpp"

namespace attn_viz {
namespace {

using test::trace_of_sample;

/// Whether a weight of head 0 is this number, as rounded to two decimals.
bool is(const Trace& trace, std::size_t query, std::size_t key, double weight) {
  const Step* weights = trace.find("layer0/head0/weights");
  return std::abs(weights->values.at(query, key) - weight) <= 0.005;
}

double row_sum(const Trace& trace, std::size_t query) {
  const Tensor& weights = trace.find("layer0/head0/weights")->values;
  double sum = 0;
  for (std::size_t j = 0; j < weights.columns(); ++j) sum += weights.at(query, j);
  return sum;
}

TEST_CASE("samples: normalisers") {
  const Trace sparsemax = trace_of_sample("sparsemax");
  CHECK((is(sparsemax, 0, 0, 1) && is(sparsemax, 2, 0, 0.75) && is(sparsemax, 2, 1, 0.25)));
  const Trace entmax = trace_of_sample("entmax");
  CHECK((is(entmax, 2, 0, 0.62) && is(entmax, 2, 1, 0.29) && is(entmax, 2, 2, 0.08)));
  const Trace relu = trace_of_sample("relu");
  CHECK(is(relu, 0, 0, 4));
  CHECK(relu.find("layer0/head0/weights")->findings ==
        Attributes{{"zero_rows", std::vector<double>{3}}});
  CHECK(std::abs(row_sum(trace_of_sample("sigmoid"), 2) - 2.67) <= 0.005);
  const Trace hard = trace_of_sample("hard-attention");
  for (std::size_t i = 0; i < 5; ++i) CHECK(row_sum(hard, i) == 1);
}

TEST_CASE("samples: score tricks") {
  CHECK(is(trace_of_sample("softcap"), 2, 2, 0.65));
  const Trace cosine = trace_of_sample("cosine-gain");
  CHECK((is(cosine, 0, 0, 0.71) && is(cosine, 0, 2, 0.25)));
  const Trace sink = trace_of_sample("sink-logit");
  CHECK(std::abs(row_sum(sink, 0) - 0.65) <= 0.005);
  CHECK(std::abs(row_sum(sink, 1) - 0.90) <= 0.005);
  CHECK(std::abs(row_sum(sink, 2) - 0.95) <= 0.005);
  const Trace norm = trace_of_sample("qk-norm");
  for (std::size_t i = 0; i < 8; i += 2) {
    for (std::size_t j = 0; j < 8; ++j) {
      const Tensor& weights = norm.find("layer0/head1/weights")->values;
      CHECK(std::abs(weights.at(i, j) - weights.at(i + 1, j)) <= 1e-15);
    }
  }
  const Trace online = trace_of_sample("online-softmax"), plain = trace_of_sample("three-tokens");
  const Tensor &got = online.find("layer0/attention_output")->values,
               &want = plain.find("layer0/attention_output")->values;
  for (std::size_t place = 0; place < got.count(); ++place) {
    CHECK(std::abs(got.at(place) - want.at(place)) <= 1e-12);
  }
  CHECK(std::abs(online.find("layer0/head0/online_sum")->values.at(2, 1) - 1.49) <= 0.005);
  CHECK(std::abs(online.find("layer0/head0/online_sum")->values.at(2, 2) - 1.36) <= 0.005);
}

TEST_CASE("samples: masks") {
  const auto facts = [](const std::string& name) {
    return trace_of_sample(name).find("layer0/mask")->findings;
  };
  CHECK(facts("truncated-speech").get<double>("density") == 155 / 576.0);
  CHECK(facts("dilated") == Attributes{{"density", 48 / 144.0}, {"diameter", 3.0}});
  CHECK(facts("strided").get<double>("diameter") == 2);
  CHECK(facts("longformer").get<double>("diameter") == 2);
  CHECK(facts("big-bird").get<double>("diameter") <= 2);
  const Trace streaming = trace_of_sample("streaming-sinks");
  for (std::size_t i = 0; i < 16; ++i) {
    std::size_t visible = 0;
    for (std::size_t j = 0; j < 16; ++j) {
      visible += streaming.find("layer0/mask")->values.at(i, j) == 1;
    }
    CHECK(visible <= 6);
  }
  const Trace graph = trace_of_sample("graph");
  CHECK(graph.find("layer0/head0/weights")->findings ==
        Attributes{{"empty_rows", std::vector<double>{5}}});
  CHECK(graph.find("layer0/head0/weights")->values.at(1, 0) >
        graph.find("layer0/head0/weights")->values.at(1, 2));
  const Trace causal = trace_of_sample("causal");
  CHECK((is(causal, 0, 0, 1) && is(causal, 3, 3, 0.72) && is(causal, 3, 0, 0.24)));
  CHECK((is(causal, 6, 3, 0.42) && is(causal, 6, 6, 0.33) && is(causal, 6, 0, 0.19)));
}

}  // namespace
}  // namespace attn_viz
