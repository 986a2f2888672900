// Mistakes made by naive loops on five random inputs, and the names that check finds for them.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "check/support.hpp"

namespace attn_viz::test {

using Matrix = std::vector<std::vector<double>>;

inline Matrix matrix_of(const Tensor& tensor) {
  Matrix rows(tensor.rows(), std::vector<double>(tensor.columns()));
  for (std::size_t i = 0; i < tensor.rows(); ++i) {
    for (std::size_t j = 0; j < tensor.columns(); ++j) rows[i][j] = tensor.at(i, j);
  }
  return rows;
}

inline Tensor tensor_of(const Matrix& rows) {
  Tensor tensor(DType::kFloat64, {Axis{rows.size()}, Axis{rows[0].size()}});
  auto to = tensor.values<double>().begin();
  for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
  return tensor;
}

inline Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c(a.size(), std::vector<double>(b[0].size(), 0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b[0].size(); ++j) {
      for (std::size_t k = 0; k < b.size(); ++k) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

inline Matrix turned(const Matrix& a) {
  Matrix b(a[0].size(), std::vector<double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[0].size(); ++j) b[j][i] = a[i][j];
  }
  return b;
}

inline Matrix each(Matrix a,
                   const std::function<double(double, std::size_t, std::size_t)>& change) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < a[i].size(); ++j) a[i][j] = change(a[i][j], i, j);
  }
  return a;
}

inline Matrix times(const Matrix& a, double factor) {
  return each(a, [=](double x, auto, auto) { return x * factor; });
}

inline Matrix row_softmax(const Matrix& s) {
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
inline std::string names_for(const Layer& layer, const Given& given, int decimals) {
  std::vector<check::Answer> answers;
  for (const auto& [id, values] : given) answers.push_back(layer.answer(id, values, decimals));
  const check::Report report = check::check_answers(layer.trace, answers);
  if (report.ok()) return "right";
  std::string names;
  for (const auto& diagnosis : report.first_wrong()->diagnoses) {
    names += (names.empty() ? "" : " ") + diagnosis.name;
  }
  return names;
}

/// Makes a mistake on five inputs, with all digits and rounded.
inline void expect_name(const std::string& name, const std::function<Given(const Layer&)>& mistake,
                        const std::function<void(AttentionSettings&)>& settings = {}) {
  for (std::size_t seed = 0; seed < 5; ++seed) {
    const Layer layer(seed, settings);
    for (const int decimals : {0, 4, 3}) {
      CAPTURE(seed, decimals);
      CHECK(names_for(layer, mistake(layer), decimals) == name);
    }
  }
}

inline const std::string kHead = "layer0/head0/";

inline void causal(AttentionSettings& settings) {
  settings.mask.causal = true;
}

}  // namespace attn_viz::test
