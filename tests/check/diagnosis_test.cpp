// Each known mistake, made by naive loops on five random inputs, is named, and no other.
#include <functional>

#include "catch.hpp"
#include "check/support.hpp"

namespace attn_viz {
namespace {

using check::check_answers;
using namespace test;
using Matrix = std::vector<std::vector<double>>;

Matrix matrix_of(const Tensor& tensor) {
  Matrix rows(tensor.rows(), std::vector<double>(tensor.columns()));
  for (std::size_t i = 0; i < tensor.rows(); ++i) {
    for (std::size_t j = 0; j < tensor.columns(); ++j) rows[i][j] = tensor.at(i, j);
  }
  return rows;
}

Tensor tensor_of(const Matrix& rows) {
  Tensor tensor(DType::kFloat64, {Axis{rows.size()}, Axis{rows[0].size()}});
  auto to = tensor.values<double>().begin();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return tensor;
}

Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), std::vector<double>(b[0].size(), 0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b[0].size(); ++j) {
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

Matrix turned(const Matrix& a) {
  Matrix b(a[0].size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[0].size(); ++j) b[j][i] = a[i][j];
  }
  return b;
}

Matrix each(Matrix a, const std::function<double(double, std::size_t, std::size_t)>& change) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) a[i][j] = change(a[i][j], i, j);
  }
  return a;
}

Matrix times(const Matrix& a, double factor) {
  return each(a, [=](double x, auto, auto) { return x * factor; });
}

Matrix row_softmax(const Matrix& s) {
  Matrix a = each(s, [](double x, auto, auto) { return std::exp(x); });
  for (auto& row : a) {
    double sum = 0;
    for (const double x : row) sum += x;
    for (double& x : row) x /= sum;
  }
  return a;
}

/// A layer of two heads of size 3, random, and its steps as matrices.
struct Layer {
  Problem problem;
  Trace trace;

  explicit Layer(std::size_t seed, const std::function<void(AttentionSettings&)>& change = {}) {
    AttentionSettings settings;
    settings.heads = 2;
    const std::string stream = "diagnosis " + std::to_string(seed);
    GivenWeights weights;
    weights.w_q = random_tensor({6, 6}, stream + "Q");
    weights.w_k = random_tensor({6, 6}, stream + "K");
    weights.w_v = random_tensor({6, 6}, stream + "V");
    weights.w_o = random_tensor({6, 6}, stream + "O");
    settings.weights = weights;
    if (change) change(settings);
    problem = problem_of(random_tensor({5, 6}, stream, DType::kFloat64, 2), settings);
    trace = run_attention(problem);
  }

  Matrix head(const std::string& name, std::size_t h = 0) const {
    return matrix_of(head_values(trace, h, name));
  }
  Matrix step(const std::string& id) const { return matrix_of(values_of(trace, id)); }

  StepId id_of(const std::string& id) const {
    return static_cast<StepId>(trace.find(id) - trace.steps.data());
  }
  check::Answer answer(const std::string& id, const Matrix& values, int decimals) const {
    return {id_of(id), decimals == 0 ? tensor_of(values) : rounded(tensor_of(values), decimals)};
  }
};

using Given = std::vector<std::pair<std::string, Matrix>>;

/// The names for the first wrong step of a sheet, one after another. Digits: all, and few.
std::string names_for(const Layer& layer, const Given& given, int decimals) {
  std::vector<check::Answer> answers;
  for (const auto& [id, values] : given) answers.push_back(layer.answer(id, values, decimals));
  const check::Report report = check_answers(layer.trace, answers);
  if (report.ok()) return "right";
  std::string names;
  for (const auto& diagnosis : report.first_wrong()->diagnoses) {
    names += (names.empty() ? "" : " ") + diagnosis.name;
  }
  return names;
}

/// Makes a mistake on five inputs, with all digits and rounded.
void expect_name(const std::string& name, const std::function<Given(const Layer&)>& mistake,
                 const std::function<void(AttentionSettings&)>& settings = {}) {
  for (std::size_t seed = 0; seed < 5; ++seed) {
    const Layer layer(seed, settings);
    for (const int decimals : {0, 4, 3}) {
      CAPTURE(seed, decimals);
      CHECK(names_for(layer, mistake(layer), decimals) == name);
    }
  }
}

const std::string kHead = "layer0/head0/";

void causal(AttentionSettings& settings) {
  settings.mask.causal = true;
}

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

/// A head's columns of a matrix of both heads, every second one.
Matrix interleaved(const Layer& layer, const std::string& name, std::size_t head) {
  Matrix whole(6);
  for (std::size_t h = 0; h < 2; ++h) {
    const Matrix part = layer.head(name, h);
    for (std::size_t i = 0; i < 6; ++i) {
      whole[i].insert(whole[i].end(), part[i].begin(), part[i].end());
    }
  }
  Matrix part(6);
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t c = head; c < 6; c += 2) part[i].push_back(whole[i][c]);
  }
  return part;
}

TEST_CASE("diagnosis: heads") {
  expect_name("heads-interleaved", [](const Layer& layer) -> Given {
    return {
        {kHead + "query", product(layer.step("input/embeddings"), interleaved(layer, "W_Q", 0))}};
  });
  for (const bool back : {false, true}) {
    expect_name("heads-interleaved", [=](const Layer& layer) -> Given {
      const Matrix x = layer.step("input/embeddings");
      Matrix concat(5, std::vector<double>(6));
      for (std::size_t h = 0; h < 2; ++h) {
        const Matrix q = product(x, interleaved(layer, "W_Q", h)),
                     k = product(x, interleaved(layer, "W_K", h)),
                     v = product(x, interleaved(layer, "W_V", h));
        const Matrix o = product(row_softmax(times(product(q, turned(k)), 1 / std::sqrt(3.0))), v);
        for (std::size_t i = 0; i < 5; ++i) {
          for (std::size_t c = 0; c < 3; ++c) concat[i][back ? 2 * c + h : 3 * h + c] = o[i][c];
        }
      }
      return {{"layer0/attention_output", product(concat, layer.step("layer0/W_O"))}};
    });
  }
  expect_name("heads-interleaved", [](const Layer& layer) -> Given {
    Matrix concat = layer.step("layer0/concat");
    const Matrix blocks = concat;
    for (std::size_t i = 0; i < 5; ++i) {
      for (std::size_t c = 0; c < 6; ++c) concat[i][2 * (c % 3) + c / 3] = blocks[i][c];
    }
    return {{"layer0/concat", concat}};
  });
}

TEST_CASE("diagnosis: positions") {
  const auto sinusoidal = [](AttentionSettings& s) { s.position.type = PositionType::kSinusoidal; };
  const auto with = [](const Layer& layer, double times_position) {
    const Matrix p = layer.step("input/positions");
    return each(layer.step("input/embeddings"), [=](double x, std::size_t i, std::size_t j) {
      return x + times_position * p[i][j];
    });
  };
  for (const double often : {0.0, 2.0}) {
    const std::string name = often == 0 ? "position-missing" : "position-twice";
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{"input/positioned", with(layer, often)}};
        },
        sinusoidal);
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{kHead + "query", product(with(layer, often), layer.head("W_Q"))}};
        },
        sinusoidal);
    expect_name(
        name,
        [=](const Layer& layer) -> Given {
          return {{kHead + "biased_scores",
                   each(layer.head("scaled_scores"), [=](double x, std::size_t i, std::size_t j) {
                     const double distance = i > j ? double(i - j) : double(j - i);
                     return x - often * distance / 16;  // 2^(−8 · 1 / 2) for head 0
                   })}};
        },
        [](AttentionSettings& s) { s.position.type = PositionType::kAlibi; });
  }
}

TEST_CASE("diagnosis: rotated positions") {
  const auto rope = [](AttentionSettings& s) {
    s.position.type = PositionType::kRope;
    s.heads = 3;
  };
  for (std::size_t seed = 0; seed < 5; ++seed) {
    const Layer layer(seed, rope);
    const Matrix q = layer.head("query"), k = layer.head("key");
    const auto turn = [](const Matrix& x, double often) {
      Matrix y = x;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double angle = often * double(i), c = std::cos(angle), s = std::sin(angle);
        y[i] = {x[i][0] * c - x[i][1] * s, x[i][0] * s + x[i][1] * c};
      }
      return y;
    };
    REQUIRE(names_for(layer, {{kHead + "rotated_query", turn(q, 1)}}, 4) == "right");
    CHECK(names_for(layer, {{kHead + "rotated_query", q}}, 4) == "position-missing");
    CHECK(names_for(layer, {{kHead + "rotated_query", turn(q, 2)}}, 4) == "position-twice");
    CHECK(names_for(layer, {{kHead + "scores", product(q, turned(k))}}, 4) == "position-missing");
    CHECK(names_for(layer, {{kHead + "scores", product(turn(q, 2), turned(turn(k, 2)))}}, 4) ==
          "position-twice");
  }
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
