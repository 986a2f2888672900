// The numbers that the samples of pictures as sequences name.
#include <cmath>

#include "catch.hpp"
#include "support/problems.hpp"
#include "support/tasks.hpp"

namespace attn_viz {
namespace {

using test::trace_of_sample;
using test::values_of;

bool near(double got, double want, double tolerance) {
  return std::abs(got - want) <= tolerance;
}

TEST_CASE("samples: the white pixel looks at itself and at the white cloth") {
  const Trace trace = trace_of_sample("pixels");
  const Tensor& weights = test::head_values(trace, 0, "weights");
  CHECK(weights.count() == 2500);
  CHECK(near(weights.at(49, 49), 0.085, 0.0005));
  CHECK(near(weights.at(49, 0), 0.085, 0.0005));
  CHECK(trace.axis("token")->labels[13] == "1,3");
  CHECK(trace.axis("token")->labels[27] == "2,7");
}

TEST_CASE("samples: SAGAN has an eighth of the channels inside, and adds half of the result") {
  const Trace trace = trace_of_sample("sagan");
  const Tensor &x = values_of(trace, "input/embeddings"), &y = values_of(trace, "layer0/output");
  const Tensor& o = values_of(trace, "layer0/attention_output");
  CHECK(test::head_values(trace, 0, "query").columns() == 48 / 8);
  CHECK(test::head_values(trace, 0, "value").columns() == 48 / 8);
  CHECK(o.columns() == 48);
  CHECK(trace.find("layer0/head0/scaled_scores") == nullptr);
  for (std::size_t i = 0; i < y.count(); ++i) CHECK(y.at(i) == x.at(i) + 0.5 * o.at(i));
  const Tensor& weights = test::head_values(trace, 0, "weights");
  CHECK(near(weights.at(0, 0), 0.07, 0.005));
  CHECK(near(weights.at(0, 49), 0.07, 0.005));
}

TEST_CASE("samples: the class token of the small ViT does not look at the room") {
  const Trace trace = trace_of_sample("vit");
  const Tensor& weights = test::head_values(trace, 0, "weights");
  double room = 0;
  for (std::size_t row = 0; row < 5; ++row) {
    for (std::size_t column = 8; column < 10; ++column)
      room += weights.at(0, 1 + 10 * row + column);
  }
  CHECK(near(room, 0.02, 0.005));
  CHECK(trace.find("layer0/normalized")->inputs[0] ==
        static_cast<StepId>(trace.find("input/positioned") - trace.steps.data()));
  CHECK(values_of(trace, "output/probabilities").count() == 2);
}

TEST_CASE("samples: each object query of DETR looks at its place, and values have none") {
  const Trace trace = trace_of_sample("detr");
  const std::pair<std::size_t, std::size_t> places[] = {{3, 7}, {4, 14}, {8, 11}, {4, 18}};
  const Tensor& weights = values_of(trace, "layer1/cross/head0/weights");
  for (std::size_t query = 0; query < 4; ++query) {
    const auto [row, column] = places[query];
    double sum = 0;
    for (std::size_t i = row - 1; i <= row + 1; ++i) {
      for (std::size_t j = column - 1; j <= column + 1; ++j) sum += weights.at(query, 20 * i + j);
    }
    CHECK(sum > 0.725);
  }
  const Step* value = trace.find("encoder/layer0/head0/value");
  CHECK(trace.steps[value->inputs[0]].id == "input/context");
}

TEST_CASE("samples: one map stays fine in attention fusion, one becomes coarse") {
  const Trace trace = trace_of_sample("attention-fusion");
  const Tensor& w = values_of(trace, "gate/vector");
  CHECK(trace.axis("channel")->labels[1] == "below lighter");
  CHECK(trace.axis("channel")->labels[2] == "below darker");
  CHECK(near(w.at(1), 0.87, 0.005));
  CHECK(near(w.at(2), 0.14, 0.005));
}

}  // namespace
}  // namespace attn_viz
