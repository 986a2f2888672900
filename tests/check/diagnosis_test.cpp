// Each known mistake of scale, normaliser, mask and product is named, and no other.
#include "check/made_mistakes.hpp"

namespace attn_viz {
namespace {

using namespace test;

/// Everything from scores to the output of both heads, with other scaled scores.
Matrix output_from(const Layer& layer,
                   const std::function<Matrix(const Matrix& scores)>& weights_of) {
  Matrix concat(layer.trace.find("layer0/concat")->values.rows());
  for (std::size_t h = 0; h < 2; ++h) {
    const Matrix o = product(weights_of(layer.head("scores", h)), layer.head("value", h));
    for (std::size_t i = 0; i < o.size(); ++i) {
      concat[i].insert(concat[i].end(), o[i].begin(), o[i].end());
    }
  }
  return product(concat, layer.step("layer0/W_O"));
}

TEST_CASE("diagnosis: the scale") {
  const double root = 1 / std::sqrt(3.0), model = 1 / std::sqrt(6.0);
  const std::pair<std::string, double> kScales[] = {
      {"missing-scale", 1}, {"scale-without-root", 1.0 / 3}, {"scale-of-model", model}};
  for (const auto& [name, factor] : kScales) {
    CAPTURE(name, root);
    const double f = factor;
    expect_name(name, [=](const Layer& layer) -> Given {
      return {{kHead + "scaled_scores", times(layer.head("scores"), f)}};
    });
    // The steps on the way are not given, or are given and right.
    expect_name(name, [=](const Layer& layer) -> Given {
      return {{kHead + "weights", row_softmax(times(layer.head("scores"), f))}};
    });
    expect_name(name, [=](const Layer& layer) -> Given {
      return {{kHead + "weights", row_softmax(times(layer.head("scores"), f))},
              {kHead + "scores", layer.head("scores")},
              {kHead + "scaled_scores", layer.head("scaled_scores")}};
    });
    expect_name(name, [=](const Layer& layer) -> Given {
      return {{"layer0/attention_output",
               output_from(layer, [=](const Matrix& s) { return row_softmax(times(s, f)); })}};
    });
  }
}

TEST_CASE("diagnosis: the normaliser") {
  expect_name("softmax-over-columns", [](const Layer& layer) -> Given {
    return {{kHead + "weights", turned(row_softmax(turned(layer.head("scaled_scores"))))}};
  });
  expect_name("softmax-over-all", [](const Layer& layer) -> Given {
    Matrix a = each(layer.head("scaled_scores"), [](double x, auto, auto) { return std::exp(x); });
    double sum = 0;
    for (const auto& row : a) {
      for (const double x : row) sum += x;
    }
    return {{kHead + "weights", times(a, 1 / sum)}};
  });
  expect_name("no-exponent", [](const Layer& layer) -> Given {
    Matrix a = layer.head("scaled_scores");
    for (auto& row : a) {
      double sum = 0;
      for (const double x : row) sum += x;
      for (double& x : row) x /= sum;
    }
    return {{kHead + "weights", a}};
  });
  expect_name("softmax-over-columns", [](const Layer& layer) -> Given {
    return {{"layer0/attention_output", output_from(layer, [](const Matrix& s) {
               return turned(row_softmax(turned(times(s, 1 / std::sqrt(3.0)))));
             })}};
  });
}

TEST_CASE("diagnosis: the mask") {
  expect_name(
      "mask-after-softmax",
      [](const Layer& layer) -> Given {
        const Matrix a = row_softmax(layer.head("scaled_scores"));
        return {{kHead + "weights",
                 each(a, [](double x, std::size_t i, std::size_t j) { return j <= i ? x : 0; })}};
      },
      causal);
  const auto other_triangle = [](const Matrix& s) {
    return row_softmax(
        each(s, [](double x, std::size_t i, std::size_t j) { return j >= i ? x : -kInfinity; }));
  };
  expect_name(
      "wrong-triangle",
      [=](const Layer& layer) -> Given {
        return {{kHead + "weights", other_triangle(layer.head("scaled_scores"))}};
      },
      causal);
  expect_name(
      "wrong-triangle",
      [](const Layer& layer) -> Given {
        return {{"layer0/mask",
                 each(layer.step("layer0/mask"),
                      [](double, std::size_t i, std::size_t j) { return j >= i ? 1 : 0; })}};
      },
      causal);
  expect_name(
      "wrong-triangle",
      [](const Layer& layer) -> Given {
        // As NumPy users write −∞.
        return {{kHead + "masked_scores",
                 each(layer.head("scaled_scores"), [](double x, std::size_t i, std::size_t j) {
                   return j >= i ? x : x - 1e9;
                 })}};
      },
      causal);
}

TEST_CASE("diagnosis: exchanged and transposed") {
  expect_name("query-key-exchanged", [](const Layer& layer) -> Given {
    return {{kHead + "scores", turned(layer.head("scores"))}};
  });
  expect_name("query-key-exchanged", [](const Layer& layer) -> Given {
    return {{kHead + "query", layer.head("key")}, {kHead + "key", layer.head("query")}};
  });
  expect_name("query-key-exchanged", [](const Layer& layer) -> Given {
    return {{kHead + "output",
             product(row_softmax(turned(layer.head("scaled_scores"))), layer.head("value"))}};
  });
  expect_name("transposed-weights", [](const Layer& layer) -> Given {
    return {{kHead + "weights", turned(layer.head("weights"))}};
  });
  expect_name("transposed-weights", [](const Layer& layer) -> Given {
    return {{kHead + "weights", layer.head("weights")},
            {kHead + "output", product(turned(layer.head("weights")), layer.head("value"))}};
  });
  // The matrices of Q, K, V, as PyTorch keeps them.
  expect_name("transposed-weights", [](const Layer& layer) -> Given {
    Matrix w_q(6);
    for (std::size_t h = 0; h < 2; ++h) {
      const Matrix part = layer.head("W_Q", h);
      for (std::size_t i = 0; i < 6; ++i) {
        w_q[i].insert(w_q[i].end(), part[i].begin(), part[i].end());
      }
    }
    Matrix query = product(layer.step("input/embeddings"), turned(w_q));
    for (auto& row : query) row.resize(3);
    return {{kHead + "query", query}};
  });
  expect_name("transposed-weights", [](const Layer& layer) -> Given {
    return {{"layer0/attention_output",
             product(layer.step("layer0/concat"), turned(layer.step("layer0/W_O")))}};
  });
}

TEST_CASE("diagnosis: values and output") {
  const auto mean = [](const Layer& layer, std::size_t h) {
    return times(product(Matrix(5, std::vector<double>(5, 1)), layer.head("value", h)), 0.2);
  };
  expect_name("unweighted-values", [=](const Layer& layer) -> Given {
    return {{kHead + "output", mean(layer, 0)}};
  });
  expect_name("unweighted-values", [=](const Layer& layer) -> Given {
    return {{kHead + "weights", layer.head("weights")}, {"layer0/head1/output", mean(layer, 1)}};
  });
  expect_name("missing-output-projection", [](const Layer& layer) -> Given {
    return {{"layer0/attention_output", layer.step("layer0/concat")}};
  });
}

TEST_CASE("diagnosis: coarse rounding") {
  for (std::size_t seed = 0; seed < 5; ++seed) {
    CAPTURE(seed);
    const Layer layer(seed);
    // A row rounded to one decimal in a sheet of three.
    Matrix weights = matrix_of(rounded(tensor_of(layer.head("weights")), 3));
    for (double& x : weights[1]) x = rounded_number(x, 1);
    CHECK(names_for(layer, {{kHead + "weights", weights}}, 0) == "coarse-rounding");
    // Whole numbers instead of shares.
    CHECK(names_for(
              layer,
              {{kHead + "weights", each(layer.head("weights"),
                                        [](double x, auto, auto) { return x >= 0.5 ? 1 : 0; })}},
              0) != "right");
    // Rounded on the way.
    const Matrix scores = matrix_of(rounded(tensor_of(layer.head("scaled_scores")), 1));
    CHECK(names_for(layer, {{kHead + "weights", row_softmax(scores)}}, 4) == "coarse-rounding");
    CHECK(names_for(layer, {{kHead + "scaled_scores", times(layer.head("scores"), 0.58)}}, 4) ==
          "coarse-rounding");
  }
}

TEST_CASE("diagnosis: numbers from nowhere have no name") {
  for (std::size_t seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    const Layer layer(seed);
    const Matrix nonsense =
        matrix_of(random_tensor({5, 5}, "nonsense " + std::to_string(seed), DType::kFloat64, 3));
    CHECK(names_for(layer, {{kHead + "scores", nonsense}}, 3) == "");
    CHECK(names_for(layer, {{kHead + "weights", nonsense}}, 3) == "");
  }
}

}  // namespace
}  // namespace attn_viz
