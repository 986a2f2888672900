// Convolution over sequences, and the attention that equals it.
#include <algorithm>
#include <cmath>
#include <string>

#include "input/support.hpp"
#include "support/tasks.hpp"
#include "support/worked.hpp"

namespace attn_viz {
namespace {

using namespace test;

Trace one_dimensional(const std::string& settings) {
  return trace_of(R"({"mechanism": "convolution-as-attention",
    "embeddings": [[1], [2], [4], [8], [16]], "convolution": {"kernel": [0.5, 1, -1]}, )" +
                  settings + "}");
}

double largest(const Tensor& tensor) {
  double most = 0;
  for (std::size_t i = 0; i < tensor.count(); ++i) most = std::max(most, std::abs(tensor.at(i)));
  return most;
}

TEST_CASE("convolution as attention: the course's numbers") {
  const Trace sharp = one_dimensional(R"("sharpness": 50)");
  CHECK(off(sharp, "layer0/convolution", "cv_conv") == "");
  CHECK(off(sharp, "layer0/attention_output", "cv_a50") == "");
  const Tensor& difference = values_of(sharp, "layer0/difference");
  for (std::size_t i = 1; i < 4; ++i) CHECK(std::abs(difference.at(i)) <= 1e-12);
  CHECK(std::abs(difference.at(0) - 0.5) <= 1e-12);
  CHECK(std::abs(difference.at(4) + 16) <= 1e-12);

  const Trace blurred = one_dimensional(R"("sharpness": 2)");
  CHECK(off(blurred, "layer0/attention_output", "cv_a2") == "");
  const Tensor& right = values_of(blurred, "layer0/head2/weights");
  for (std::size_t j = 0; j < 5; ++j) {
    CHECK(std::abs(right.at(1, j) - worked("cv_row2")[j].get<double>()) <= 1e-12);
    CHECK(std::abs(right.at(4, j) - worked("cv_row2_edge")[j].get<double>()) <= 1e-12);
  }
}

TEST_CASE("convolution as attention: with keys of zeros around it the border is equal too") {
  const Trace trace = one_dimensional(R"("sharpness": 1000, "ghosts": true)");
  CHECK(largest(values_of(trace, "layer0/difference")) == 0);
  CHECK(values_of(trace, "layer0/head0/weights").shape() == std::vector<std::size_t>{5, 7});
  CHECK(trace.axis("context")->labels.front() == "ghost");
}

/// A document of random numbers on a grid.
std::string two_dimensional(const std::string& settings, bool bias) {
  const auto numbers = [](std::size_t count, const char* stream) {
    const Tensor tensor = random_tensor({count}, stream);
    std::vector<double> list(tensor.values<double>().begin(), tensor.values<double>().end());
    return list;
  };
  nlohmann::json embeddings, kernel;
  const auto x = numbers(4 * 5 * 2, "X"), k = numbers(3 * 3 * 2 * 3, "K");
  for (std::size_t i = 0; i < 20; ++i) embeddings.push_back({x[2 * i], x[2 * i + 1]});
  for (std::size_t tap = 0; tap < 9; ++tap) {
    nlohmann::json matrix;
    for (std::size_t a = 0; a < 2; ++a) {
      const std::size_t first = (tap * 2 + a) * 3;
      matrix.push_back({k[first], k[first + 1], k[first + 2]});
    }
    kernel[tap / 3][tap % 3] = matrix;
  }
  const std::string b = bias ? R"(, "bias": [1, -2, 0.5])" : "";
  return R"({"mechanism": "convolution-as-attention", "patches": {"rows": 4, "columns": 5},
    "embeddings": )" +
         embeddings.dump() + R"(, "sharpness": 1000,
    "convolution": {"kernel": )" +
         kernel.dump() + b + settings;
}

TEST_CASE("convolution as attention: two dimensions, several channels, a bias, a dilation") {
  for (const char* dilation : {"", R"(, "dilation": 2)"}) {
    const Trace zeros =
        trace_of(two_dimensional(dilation + std::string("}, \"ghosts\": true}"), true));
    CHECK(largest(values_of(zeros, "layer0/difference")) <= 1e-12);
    CHECK(largest(values_of(zeros, "layer0/convolution")) > 1);
    // Without ghosts it is the convolution that repeats the nearest pixel.
    const Trace nearest =
        trace_of(two_dimensional(dilation + std::string(R"(, "padding": "replicate"}})"), false));
    CHECK(largest(values_of(nearest, "layer0/difference")) <= 1e-12);
    const Trace border = trace_of(two_dimensional(dilation + std::string("}}"), false));
    CHECK(largest(values_of(border, "layer0/difference")) > 0.1);
  }
}

TEST_CASE("convolution: the receptive field of a stack is 1 + N (k − 1) r") {
  const Trace trace = trace_of_sample("convolution");
  const std::size_t reach[] = {3, 7, 15};
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const Tensor& output = values_of(trace, "layer" + std::to_string(layer) + "/output");
    std::size_t reached = 0;
    for (std::size_t i = 0; i < output.count(); ++i) reached += output.at(i) != 0;
    CHECK(reached == reach[layer]);
  }
}

TEST_CASE("samples: mechanisms on sequences, in both types") {
  for (const char* name : {"recurrence", "recurrence-alice", "gru", "memory-alice",
                           "tom-chase-jerry-alignment", "no-attention", "bahdanau", "luong-general",
                           "luong-local", "memory", "memory-hard", "hierarchical", "pointer",
                           "convolution", "convolution-attention", "convolution-attention-2d"}) {
    INFO(name);
    for (const DType dtype : kDTypes) CHECK(trace_of_sample(name, dtype).steps.size() > 2);
  }
  const auto is = [](const Trace& trace, const char* step, std::size_t row, std::size_t column,
                     double value) {
    return std::abs(values_of(trace, step).at(row, column) - value) <= 0.005;
  };
  const Trace gru = trace_of_sample("gru");
  CHECK(
      (is(gru, "recurrence/update_gate", 1, 0, 0.99) && is(gru, "recurrence/hidden", 6, 0, 0.92)));
  const Trace bahdanau = trace_of_sample("bahdanau");
  CHECK((is(bahdanau, "weights", 1, 3, 0.88) && is(bahdanau, "weights", 2, 2, 0.96) &&
         is(bahdanau, "weights", 3, 1, 0.97)));
  const Trace general = trace_of_sample("luong-general");
  CHECK((is(general, "weights", 1, 2, 0.85) && is(general, "weights", 2, 1, 0.85)));
  const Trace memory = trace_of_sample("memory");
  CHECK((is(memory, "weights", 0, 2, 0.95) && is(memory, "output", 0, 0, 29.25)));
  const Trace alice = trace_of_sample("memory-alice");
  CHECK((is(alice, "weights", 0, 4, 0.90) && is(alice, "weights", 1, 2, 0.92) &&
         is(alice, "joined", 0, 2, 0.91) && is(alice, "output", 2, 2, 0.38)));
  CHECK(is(trace_of_sample("hierarchical"), "weights", 0, 10, 0.69));
  CHECK(largest(values_of(trace_of_sample("convolution-attention-2d"), "layer0/difference")) == 0);
  const struct {
    const char* sample;
    double gelesen, buch;
  } scores[] = {
      {"gru", 0.88, 0.12}, {"dot", 0.75, 0.14}, {"concat", 0.47, 0.22}, {"monotonic", 0, 0.62}};
  for (const auto& [score, gelesen, buch] : scores) {
    INFO(score);
    for (const DType dtype : kDTypes) {
      const Trace trace = trace_of_sample(std::string("ich-habe-gelesen-") + score, dtype);
      CHECK((is(trace, "weights", 2, 4, gelesen) && is(trace, "weights", 2, 3, buch)));
    }
  }
  const Trace luong = trace_of_sample("luong-local");
  const Tensor& local = values_of(luong, "weights");
  for (std::size_t i = 0; i < local.rows(); ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < local.columns(); ++j) sum += local.at(i, j);
    CHECK(sum < 1);
  }
}

}  // namespace
}  // namespace attn_viz
