// Attention through few keys: projected keys (Linformer), landmarks (Nyström); and how far an
// approximation is from the exact weights.
#include <algorithm>
#include <cmath>

#include "ops/expect.hpp"
#include "ops/matrix.hpp"
#include "ops/pull.hpp"
#include "ops/terms.hpp"

namespace attn_viz::ops {
namespace {

/// (Q [n, d], K [m, d][, mask]) → softmax(scale · Q Kᵀ). Attribute "scale".
Outcome evaluate_attention_weights(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 2);
  Tensor scores = dot_product.evaluate(inputs.subspan(0, 2), {}).values;
  const Tensor* const only[] = {&scores};
  if (attributes.get<double>("scale") != 1)
    scores = scale.evaluate(Inputs(only, 1), attributes).values;
  if (inputs.size() > 2) {
    const Tensor* const masked[] = {&scores, inputs[2]};
    scores = mask_scores.evaluate(Inputs(masked, 2), {}).values;
  }
  return softmax.evaluate(Inputs(only, 1), {});
}

/// (P [n, k], F [k, m], K [m, d]) → P F, whose columns are the keys. Attribute "padding".
Outcome evaluate_implied_weights(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 3);
  expect_equal_sizes(inputs[1]->columns(), inputs[2]->rows(), "the projection and the keys");
  Tensor weights = product(*inputs[0], *inputs[1]);
  Outcome outcome{std::move(weights).with_axes({inputs[0]->axes()[0], inputs[2]->axes()[0]})};
  const auto padding = attributes.get_or("padding", std::vector<bool>{true});
  if (std::find(padding.begin(), padding.end(), true) == padding.end()) {
    std::vector<double> rows(outcome.values.rows());
    for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<double>(i);
    outcome.findings.set("empty_rows", std::move(rows));
  }
  return outcome;
}

/// X [n, d] → the mean of each of `segments` runs of rows, [segments, d].
Outcome evaluate_segment_means(Inputs inputs, const Attributes& attributes) {
  expect_inputs(inputs, 1);
  const Tensor& x = *inputs[0];
  const double wanted = attributes.get<double>("segments");
  const std::size_t n = x.rows();
  if (!(wanted >= 1 && wanted <= static_cast<double>(n)) ||
      n % static_cast<std::size_t>(wanted) != 0) {
    throw Error(ErrorCode::kInvalid,
                "segments: expected a divisor of the number of rows, " + std::to_string(n));
  }
  const auto segments = static_cast<std::size_t>(wanted), length = n / segments;
  Tensor means(x.dtype(), {Axis{segments}, Axis{x.columns()}});
  dispatch(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < segments; ++i) {
      rows_of<T>(means, i, 1) = rows_of<T>(x, i * length, length)
                                    .template cast<double>()
                                    .colwise()
                                    .mean()
                                    .template cast<T>();
    }
  });
  return {std::move(means)};
}

/// (K₁ [n, l], Z [l, l], K₃ [l, m]) → K₁ Z K₃.
Outcome evaluate_nystrom_weights(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 3);
  return {product(product(*inputs[0], *inputs[1]), *inputs[2])};
}

/// (Ã [n, m], A [n, m], O [n, d_v], V [m, d_v]) →
/// [max |Ã − A|, mean |Ã − A|, max |O − A V|].
Outcome evaluate_distance(Inputs inputs, const Attributes&) {
  expect_inputs(inputs, 4);
  const Tensor &a = *inputs[0], &exact = *inputs[1], &output = *inputs[2];
  const Tensor exact_output = product(exact, *inputs[3]);
  expect_equal_sizes(a.count(), exact.count(), "the weights and the exact weights");
  expect_equal_sizes(output.count(), exact_output.count(), "the output and the exact output");
  double most = 0, sum = 0, output_most = 0;
  dispatch(a.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (std::size_t i = 0; i < a.count(); ++i) {
      const double off = std::abs(static_cast<double>(a.values<T>()[i]) -
                                  static_cast<double>(exact.values<T>()[i]));
      most = std::max(most, off);
      sum += off;
    }
    for (std::size_t i = 0; i < output.count(); ++i) {
      output_most =
          std::max(output_most, std::abs(static_cast<double>(output.values<T>()[i]) -
                                         static_cast<double>(exact_output.values<T>()[i])));
    }
  });
  const double mean = a.count() == 0 ? 0 : sum / static_cast<double>(a.count());
  return {Tensor({Axis{3}}, Buffer<double>{most, mean, output_most}).as(a.dtype())};
}

}  // namespace

const Operation attention_weights{
    .name = "attention-weights",
    .meaning = "softmax of the scaled dot products in one step",
    .source = "Vaswani et al. 2017, eq. 1",
    .equation =
        [](std::span<const std::string> s, const Attributes& attributes) {
          const bool scaled = attributes.get_or("scale", 1.0) != 1;
          return std::string("softmax(") + (scaled ? "scale · " : "") + s[0] + " " + s[1] + "ᵀ" +
                 (s.size() > 2 ? " where " + s[2] : "") + ")";
        },
    .evaluate = evaluate_attention_weights,
    .terms = attention_weights_terms,
    .pull = attention_weights_pull,
    .rows_sum_to_one = true,
};

const Operation implied_weights{
    .name = "implied-weights",
    .meaning = "what weights over projected keys come to on the keys themselves",
    .source = "Wang et al. 2020, eq. 7",
    .equation = [](std::span<const std::string> s, const Attributes&) { return s[0] + " " + s[1]; },
    .evaluate = evaluate_implied_weights,
    .terms = implied_weights_terms,
    .gives_weights = true,
};

const Operation segment_means{
    .name = "segment-means",
    .meaning = "landmarks: the mean of each run of rows",
    .source = "Xiong et al. 2021, eq. 9",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return "segment means of " + s[0]; },
    .evaluate = evaluate_segment_means,
    .terms = segment_means_terms,
};

const Operation nystrom_weights{
    .name = "nystrom-weights",
    .meaning = "from queries to landmarks to keys; weights may be negative",
    .source = "Xiong et al. 2021, eq. 13",
    .equation = [](std::span<const std::string> s,
                   const Attributes&) { return s[0] + " " + s[1] + " " + s[2]; },
    .evaluate = evaluate_nystrom_weights,
    .terms = nystrom_weights_terms,
    .gives_weights = true,
};

const Operation distance{
    .name = "distance",
    .meaning = "how far weights and output are from exact attention: max, mean; max",
    .source = "",
    .equation =
        [](std::span<const std::string> s, const Attributes&) {
          const std::string off = "|" + s[0] + " − " + s[1] + "|";
          return "[max " + off + ", mean " + off + ", max |" + s[2] + " − " + s[1] + " " + s[3] +
                 "|]";
        },
    .evaluate = evaluate_distance,
    .terms = distance_terms,
};

}  // namespace attn_viz::ops
