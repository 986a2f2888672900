// Which keys a step of weights may see: told by masked scores, by a mask, through other weights.
#include "attn_viz/trace/visibility.hpp"

#include "support/tasks.hpp"

namespace attn_viz {
namespace {

using test::trace_of;
using test::trace_of_sample;

/// A row of "1" and "." for each query, joined by "/"; "all" if nothing hides a key.
std::string seen(const Trace& trace, const char* id) {
  const Step* weights = trace.find(id);
  REQUIRE(weights != nullptr);
  const Visibility visibility = visibility_of(trace, *weights);
  if (visibility.step == nullptr) return "all";
  const Tensor& values = visibility.step->values;
  REQUIRE(values.shape() == weights->values.shape());
  std::string text;
  for (std::size_t i = 0; i < values.count(); ++i) {
    if (i > 0 && i % values.columns() == 0) text += '/';
    text += visibility.hides(values.at(i)) ? '.' : '1';
  }
  return text;
}

const std::string kDocument = R"({"embeddings": [[1, 0], [0, 1], [1, 1]], "attention": )";

TEST_CASE("visibility: by the masked scores of a softmax") {
  const Trace trace = trace_of(kDocument + R"({"mask": {"causal": true}}})");
  CHECK(seen(trace, "layer0/head0/weights") == "1../11./111");
  CHECK(seen(trace_of(kDocument + "{}}"), "layer0/head0/weights") == "111/111/111");
}

TEST_CASE("visibility: by the mask of a kernel, which has no masked scores") {
  for (const DType dtype : test::kDTypes) {
    const Trace trace = trace_of(
        kDocument + R"({"mask": {"causal": true}, "approximation": {"type": "linear"}}})", dtype);
    CHECK(seen(trace, "layer0/head0/weights") == "1../11./111");
    CHECK(seen(trace, "layer0/head0/exact_weights") == "1../11./111");
  }
  CHECK(seen(trace_of(kDocument + R"({"approximation": {"type": "linear"}}})"),
             "layer0/head0/weights") == "111/111/111");
}

TEST_CASE("visibility: through weights that are made of weights") {
  const Trace trace = trace_of(R"({"embeddings": [[1, 0, 1, 2], [0, 1, 0, 1], [1, 1, 2, 0]],
    "attention": {"mask": {"causal": true}, "differential": {"lambda": 0.5}}})");
  CHECK(seen(trace, "layer0/head0/weights") == "1../11./111");
  const Trace local = trace_of_sample("luong-local");
  CHECK(seen(local, "weights") == seen(local, "aligned"));
  CHECK(seen(local, "weights").find('.') != std::string::npos);
}

TEST_CASE("visibility: what is given, and what does not fit, hides nothing") {
  CHECK(seen(trace_of_sample("tom-chase-jerry-alignment"), "weights") == "all");
  Trace trace = trace_of(kDocument + R"({"mask": {"causal": true}}})");
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/masked_scores") step.values = step.values.with_axes({Axis{9}});
  }
  CHECK(seen(trace, "layer0/head0/weights") == "all");
}

}  // namespace
}  // namespace attn_viz
