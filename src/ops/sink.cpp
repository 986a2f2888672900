// Softmax with a place for weight that fits no key.
#include "attn_viz/ops/operation.hpp"
#include "ops/expect.hpp"
#include "ops/pull.hpp"
#include "ops/rows.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// exp(z) / (exp(sink) + Σ exp z). Attributes "sink" and, where it is not 1, "temperature", which
/// divides the sink too. A row without a visible key gets weights 0 and is listed.
Outcome evaluate_softmax_with_sink(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const double sink = attributes.get<double>("sink");
  const double temperature = attributes.get_or("temperature", 1.0);
  const auto row = [=](std::span<const double> z, std::span<double> w, std::size_t) {
    const double most = std::max(sink, *std::max_element(z.begin(), z.end()));
    double sum = std::exp((sink - most) / temperature);
    for (std::size_t j = 0; j < z.size(); ++j) sum += w[j] = std::exp((z[j] - most) / temperature);
    for (double& weight : w) weight /= sum;
    return true;
  };
  return normalize_rows(*inputs[0], 6, "", row);
}

}  // namespace

const Operation softmax_with_sink{
    .name = "softmax-with-sink",
    .meaning = "softmax over the keys and a sink, whose own weight is left out",
    .source = "Xiao et al. 2023, section 3.3; Gu et al. 2024, When attention sink emerges",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool plain = attributes.find("temperature") == nullptr;
          return "softmax([" + s[0] + ", sink]" + (plain ? "" : " / temperature") +
                 ") without its last column";
        },
    .evaluate = evaluate_softmax_with_sink,
    .terms = softmax_with_sink_terms,
    .pull = softmax_pull,
    .gives_weights = true,
};

}  // namespace attn_viz::ops
