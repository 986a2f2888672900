// The mechanisms on sequences from their documents: the course's numbers, and laws.
#include <cmath>
#include <string>

#include "input/support.hpp"
#include "support/reference.hpp"
#include "support/tasks.hpp"

namespace attn_viz {
namespace {

using namespace test;

TEST_CASE("recurrence: the course's example in two directions") {
  const Trace trace = trace_of(R"({"mechanism": "recurrence", "embeddings": [[1], [0], [0]],
    "recurrence": {"type": "rnn", "bidirectional": true,
                   "weights": {"W": [[1]], "U": [[0.5]]}}})");
  CHECK(off(trace, "recurrence/forward/hidden", "rnn_h") == "");
  CHECK(off(trace, "recurrence/backward/hidden", "rnn_hb") == "");
  const Tensor& both = values_of(trace, "recurrence/hidden");
  CHECK(both.shape() == std::vector<std::size_t>{3, 2});
  for (std::size_t t = 0; t < 3; ++t) {
    CHECK(both.at(t, 0) == values_of(trace, "recurrence/forward/hidden").at(t));
    CHECK(both.at(t, 1) == values_of(trace, "recurrence/backward/hidden").at(t));
  }
}

TEST_CASE("recurrence: the parts of a GRU make its state") {
  const Trace trace = trace_of(R"({"mechanism": "recurrence",
    "embeddings": [[1, 0], [0.5, -1], [2, 1], [0, 0.25]],
    "recurrence": {"type": "gru", "hidden": 3, "weights": {"random": 5}}})");
  const Tensor &z = values_of(trace, "recurrence/update_gate"),
               &h = values_of(trace, "recurrence/hidden"),
               &candidate = values_of(trace, "recurrence/candidate");
  for (std::size_t t = 0; t < 4; ++t) {
    for (std::size_t j = 0; j < 3; ++j) {
      const double before = t == 0 ? 0 : h.at(t - 1, j);
      CHECK(std::abs(h.at(t, j) - ((1 - z.at(t, j)) * before + z.at(t, j) * candidate.at(t, j))) <=
            1e-15);
    }
  }
}

TEST_CASE("linear attention: recurrent and parallel agree, with the course's last state") {
  const Trace recurrent = trace_of_sample("linear-attention-causal");
  CHECK(off(recurrent, "layer0/head0/output", "li_c") == "");
  const Tensor &state = values_of(recurrent, "layer0/head0/state"),
               &sum = values_of(recurrent, "layer0/head0/state_sum");
  const nlohmann::json all = load_reference("sequence-examples.json");
  CHECK(absolute_mismatch(state.part(2), tensor_of(all.at("li_S3")), 1e-12) == "");
  for (std::size_t j = 0; j < 2; ++j) CHECK(sum.at(2, j) == all.at("li_z3")[j].get<double>());
  // Row by row, with the weights written out: A V.
  const Tensor &a = values_of(recurrent, "layer0/head0/weights"),
               &v = values_of(recurrent, "layer0/head0/value");
  CHECK(absolute_mismatch(evaluate(ops::matmul, {a, v}),
                          values_of(recurrent, "layer0/head0/output"), 1e-12) == "");
  CHECK(off(trace_of_sample("linear-attention"), "layer0/head0/output", "li_O") == "");
}

TEST_CASE("encoder-decoder: the table of Tom, Chase and Jerry") {
  const Trace trace = trace_of_sample("tom-chase-jerry-alignment");
  CHECK(off(trace, "context", "tcj_C") == "");
  const Tensor& a = values_of(trace, "weights");
  CHECK(a.axes()[0].name == "target");
  CHECK(a.axes()[1].name == "token");
  const nlohmann::json entropy = load_reference("sequence-examples.json").at("tcj_H");
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) sum -= a.at(i, j) * std::log(a.at(i, j));
    CHECK(std::abs(sum - entropy[i].get<double>()) <= 1e-12);
  }
}

TEST_CASE("encoder-decoder: without attention all target words get one C") {
  const Trace mean = trace_of_sample("no-attention");
  const nlohmann::json want = load_reference("sequence-examples.json").at("tcj_mean");
  const Tensor& context = values_of(mean, "context");
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 2; ++j) {
      CHECK(std::abs(context.at(i, j) - want[j].get<double>()) <= 1e-12);
      CHECK(context.at(i, j) == context.at(0, j));
    }
    for (std::size_t j = 0; j < 3; ++j) CHECK(values_of(mean, "weights").at(i, j) == 1 / 3.0);
  }
  CHECK(values_of(mean, "decoder/input").columns() == 5);
  const Trace both = trace_of(R"({"mechanism": "encoder-decoder",
    "embeddings": [[1, 0], [0, 1], [1, 1]], "target": {"tokens": ["a", "b"]},
    "encoder": {"type": "rnn", "bidirectional": true, "weights": {"random": 1}},
    "attention": "none"})");
  CHECK(both.find("weights") == nullptr);
  const Tensor& c = values_of(both, "context");
  for (std::size_t j = 0; j < 2; ++j) {
    CHECK(c.at(1, j) == values_of(both, "encoder/forward/hidden").at(2, j));
    CHECK(c.at(1, 2 + j) == values_of(both, "encoder/backward/hidden").at(0, j));
  }
}

TEST_CASE("encoder-decoder: Bahdanau's worked numbers, from states as given") {
  const Trace trace = trace_of(R"({"mechanism": "encoder-decoder",
    "embeddings": [[1, 0], [0, 1], [1, 1]], "target": {"embeddings": [[0.5, -0.5]]},
    "attention": "bahdanau"})");
  CHECK(off(trace, "scores", "ba_e") == "");
  CHECK(off(trace, "weights", "ba_a") == "");
  CHECK(off(trace, "context", "ba_c") == "");
}

TEST_CASE("encoder-decoder: Bahdanau's decoder looks with the state before its step") {
  const Trace trace = trace_of(R"({"mechanism": "encoder-decoder",
    "embeddings": [[1, 0], [0, 1], [1, 1]],
    "target": {"embeddings": [[1, 0.5], [0, 2], [1, 1]]},
    "encoder": {"type": "gru", "hidden": 2, "bidirectional": true, "weights": {"random": 1}},
    "decoder": {"type": "gru", "hidden": 2, "initial": [0.5, -0.5], "weights": {"random": 2}},
    "attention": {"type": "bahdanau", "weights": {"random": 3}},
    "output": {"W": [[1, 0], [0, 1], [1, 0], [0, 1], [1, 1], [0, 0]], "labels": ["x", "y"]}})");
  const Tensor &e = values_of(trace, "scores"), &a = values_of(trace, "weights"),
               &h = values_of(trace, "encoder/hidden"), &s = values_of(trace, "decoder/hidden"),
               &y = values_of(trace, "input/target"), &c = values_of(trace, "context");
  const Tensor &w_a = values_of(trace, "attention/W_a"), &u_a = values_of(trace, "attention/U_a"),
               &v_a = values_of(trace, "attention/v_a");
  for (std::size_t i = 0; i < 3; ++i) {
    double sum = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      sum += a.at(i, j);
      double score = 0;
      for (std::size_t t = 0; t < 2; ++t) {
        double x = 0;
        for (std::size_t k = 0; k < 2; ++k) {
          const double before = i == 0 ? (k == 0 ? 0.5 : -0.5) : s.at(i - 1, k);
          x += before * w_a.at(k, t);
        }
        for (std::size_t k = 0; k < 4; ++k) x += h.at(j, k) * u_a.at(k, t);
        score += v_a.at(t) * std::tanh(x);
      }
      CHECK(std::abs(e.at(i, j) - score) <= 1e-12);
    }
    CHECK(std::abs(sum - 1) <= 1e-12);
    // What the step reads: the word before (first nothing) and what was seen.
    const Tensor& input = values_of(trace, "decoder/step" + std::to_string(i) + "/input");
    for (std::size_t k = 0; k < 2; ++k) CHECK(input.at(k) == (i == 0 ? 0 : y.at(i - 1, k)));
    for (std::size_t k = 0; k < 4; ++k) CHECK(input.at(2 + k) == c.at(i, k));
  }
  CHECK(values_of(trace, "output/probabilities").shape() == std::vector<std::size_t>{3, 2});
}

TEST_CASE("encoder-decoder: Luong's local attention, the course's numbers") {
  const std::string document = R"({"mechanism": "encoder-decoder",
    "embeddings": [[0.1, 0], [0.4, 0], [0.3, 0], [0.9, 0], [0.2, 0], [0.5, 0]],
    "target": {"embeddings": [[1, -1]]},
    "attention": {"type": "luong-dot", "local": {"type": "predictive", "window": 2},
                  "weights": {"W_p": [[0.5, 0], [0, 0.25]], "v_p": [1, 2]}}})";
  const Trace trace = trace_of(document);
  CHECK(off(trace, "position", "lu_p") == "");
  CHECK(off(trace, "aligned", "lu_a") == "");
  CHECK(off(trace, "weights", "lu_ag") == "");
  std::string visible;
  for (std::size_t s = 0; s < 6; ++s) {
    if (values_of(trace, "window").at(s) == 0) continue;
    if (!visible.empty()) visible += ',';
    visible += std::to_string(s);
  }
  CHECK(visible == load_reference("sequence-examples.json").at("lu_win"));
  CHECK(trace_of(document, DType::kFloat32).dtype == DType::kFloat32);
}

TEST_CASE("encoder-decoder: a window at the end is cut there; one source word takes all") {
  const std::string head = R"({"mechanism": "encoder-decoder",
    "target": {"embeddings": [[1, 1]]}, "attention": {"type": "luong-dot", "local":
      {"type": "predictive", "window": 2}, "weights": {"v_p": [9, 9]}}, "embeddings": )";
  const Trace end = trace_of(head + "[[1, 0], [2, 0], [0, 1], [1, 2], [0, 0]]}");
  CHECK(std::abs(values_of(end, "position").at(0) - 5) <= 1e-5);  // beyond the last word, 4
  CHECK(values_of(end, "window")
            .same_bits(matrix({{0, 0, 0, 1, 1}}).with_axes(values_of(end, "window").axes())));
  const Trace one = trace_of(R"({"mechanism": "encoder-decoder", "embeddings": [[1, 2]],
    "target": {"embeddings": [[3, 1], [-1, 2]]}, "attention": "bahdanau"})");
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(values_of(one, "weights").at(i, 0) == 1);
    CHECK(values_of(one, "context").at(i, 1) == 2);
  }
}

TEST_CASE("encoder-decoder: y_i reads C and the words before it, none after it") {
  const auto states = [](const char* last) {
    return values_of(trace_of(std::string(R"({"mechanism": "encoder-decoder",
      "embeddings": [[1, 0], [0, 1]], "decoder": {"type": "rnn", "hidden": 2,
      "weights": {"random": 4}}, "attention": "none",
      "target": {"embeddings": [[1, 1], )") +
                              last + ", [2, 0]]}}"),
                     "decoder/hidden");
  };
  const Tensor one = states("[0, 1]"), other = states("[5, 3]");
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 2; ++k) CHECK((one.at(i, k) == other.at(i, k)) == (i < 2));
  }
}

TEST_CASE("recurrence: one direction sees its left only, two see both sides") {
  const auto states = [](const char* middle, bool both) {
    return values_of(trace_of(std::string(R"({"mechanism": "recurrence", "recurrence":
      {"type": "rnn", "bidirectional": )") +
                              (both ? "true" : "false") + R"(}, "embeddings": [[1], [2], [)" +
                              middle + "], [0.5], [1]]}"),
                     "recurrence/hidden");
  };
  for (const bool both : {false, true}) {
    const Tensor one = states("0.25", both), other = states("0.5", both);
    for (std::size_t t = 0; t < 5; ++t) {
      CHECK((one.at(t, 0) == other.at(t, 0)) == (t < 2));
      if (both) CHECK((one.at(t, 1) == other.at(t, 1)) == (t > 2));
    }
  }
}

TEST_CASE("encoder-decoder: concat is additive; monotonic windows; general and dot") {
  const std::string head = R"({"mechanism": "encoder-decoder",
    "embeddings": [[1, 0], [0, 1], [1, 1]], "target": {"embeddings": [[0.5, -0.5], [1, 2]]},
    "attention": {)";
  const Trace concat = trace_of(head + R"("type": "luong-concat", "weights":
    {"W_a": [[1, 0], [0, 1], [1, 0], [0, 1]], "v_a": [1, 1]}}})");
  const Trace additive = trace_of(head + R"("type": "bahdanau"}})");
  CHECK(values_of(concat, "weights").same_bits(values_of(additive, "weights")));
  const Trace dot = trace_of(head + R"("type": "luong-dot"}})");
  const Trace general = trace_of(head + R"("type": "luong-general"}})");
  CHECK(values_of(dot, "weights").same_bits(values_of(general, "weights")));
  const Trace local =
      trace_of(head + R"("type": "luong-dot", "local": {"type": "monotonic", "window": 1}}})");
  CHECK(values_of(local, "weights").at(0, 2) == 0);
  CHECK(values_of(local, "weights").at(1, 2) > 0);
  const Trace attentional = trace_of(head + R"("type": "luong-dot", "weights":
    {"W_c": [[1], [0], [0], [1]]}}})");
  const Tensor &c = values_of(attentional, "context"), &out = values_of(attentional, "attentional");
  CHECK(std::abs(out.at(0) - std::tanh(c.at(0, 0) - 0.5)) <= 1e-15);
}

TEST_CASE("memory: soft and hard, the course's numbers") {
  const std::string head = R"({"mechanism": "memory", "embeddings": [[1, 2]],
    "context": {"embeddings": [[1, 0], [0, 1], [1, 1]]}, "read": )";
  const Trace soft = trace_of(head + R"("soft"})");
  CHECK(off(soft, "similarity", "me_s") == "");
  CHECK(off(soft, "weights", "me_a") == "");
  CHECK(off(soft, "output", "me_att") == "");
  const Trace hard = trace_of(head + R"("maximum"})");
  CHECK(off(hard, "weights", "me_a") == "");
  CHECK(off(hard, "output", "me_hard") == "");
}

TEST_CASE("memory: the mean of many draws is soft reading") {
  std::string queries = "[1, 2]";
  constexpr std::size_t kDraws = 4000;
  for (std::size_t i = 1; i < kDraws; ++i) queries += ", [1, 2]";
  const Trace trace = trace_of(R"({"mechanism": "memory", "embeddings": [)" + queries +
                               R"(], "context": {"embeddings": [[1, 0], [0, 1], [1, 1]]},
    "read": {"type": "sample", "seed": 11}})");
  const nlohmann::json want = load_reference("sequence-examples.json").at("me_att");
  for (std::size_t j = 0; j < 2; ++j) {
    double sum = 0;
    for (std::size_t i = 0; i < kDraws; ++i) sum += values_of(trace, "output").at(i, j);
    CHECK(std::abs(sum / kDraws - want[j].get<double>()) <= 0.03);
  }
}

TEST_CASE("memory: key and value, three similarities, several queries joined") {
  const auto run = [](const std::string& similarity, const std::string& queries = "[[1, 0.5]]") {
    return trace_of(R"({"mechanism": "memory", "embeddings": )" + queries +
                    R"(, "context": {"embeddings": [[1, 0], [0, 1], [3, 3]],
      "values": [[10], [20], [30]]}, "similarity": )" +
                    similarity + "}");
  };
  const Trace dot = run(R"("dot-product")");
  CHECK(off(dot, "similarity", "kv_sd") == "");
  CHECK(off(dot, "weights", "kv_ad") == "");
  CHECK(off(dot, "output", "kv_od", 1e-11) == "");
  const Trace cosine = run(R"("cosine")");
  CHECK(off(cosine, "similarity", "kv_sc") == "");
  CHECK(off(cosine, "weights", "kv_ac") == "");
  CHECK(off(cosine, "output", "kv_oc", 1e-11) == "");
  const Trace network =
      run(R"({"type": "network", "W_1": [[1, 0], [0, 1], [1, 0], [0, -1]], "w_2": [1, 1]})");
  CHECK(off(network, "similarity", "kv_sm") == "");
  CHECK(off(network, "weights", "kv_am") == "");
  CHECK(off(network, "output", "kv_om", 1e-11) == "");
  CHECK(dot.find("joined") == nullptr);
  const Trace joined = run(R"("dot-product")", "[[1, 0.5], [0, 1], [1, 0.5]]");
  const Tensor& row = values_of(joined, "joined");
  CHECK(row.shape() == std::vector<std::size_t>{1, 3});
  CHECK((row.at(0) == values_of(dot, "output").at(0) && row.at(2) == row.at(0)));
}

TEST_CASE("memory: the longest key wins by dot product, the nearest direction by cosine") {
  const auto weights = [](const std::string& similarity, const char* keys) {
    return values_of(trace_of(R"({"mechanism": "memory", "embeddings": [[1, 0]], "similarity": ")" +
                              similarity + R"(", "context": {"embeddings": )" + keys + "}}"),
                     "weights");
  };
  const char* keys = "[[1, 0], [3, 3]]";
  CHECK(weights("dot-product", keys).at(0) < weights("dot-product", keys).at(1));
  CHECK(weights("cosine", keys).at(0) > weights("cosine", keys).at(1));
  // Cosines lie between −1 and 1: no weight is more than e² times another, which opposites reach.
  const Tensor opposite = weights("cosine", "[[100, 0], [-100, 0]]");
  CHECK(std::abs(opposite.at(0) / opposite.at(1) - std::exp(2.0)) <= 1e-12);
}

TEST_CASE("memory: the first of equal weights is read; a key of length 0 has cosine 0") {
  const std::string head = R"({"mechanism": "memory", "embeddings": [[1, 1]], "read": "maximum",
    "context": {"values": [[10], [20], [30]], "embeddings": )";
  CHECK(values_of(trace_of(head + "[[0, 0], [2, 1], [1, 2]]}}"), "output").at(0) == 20);
  const Trace zero = trace_of(head + R"([[0, 0], [0, 0], [0, 0]]}, "similarity": "cosine"})");
  for (std::size_t j = 0; j < 3; ++j) CHECK(values_of(zero, "similarity").at(j) == 0);
  CHECK(values_of(zero, "output").at(0) == 10);
}

TEST_CASE("two levels: the course's weights, and sums of 1") {
  // Scores are logarithms of the weights, so that the softmax gives the weights.
  const double weights[][2] = {{0.7, 0.6}, {0.3, 0.6}, {0.2, 0.4}, {0.8, 0.4}};
  nlohmann::json rows;
  for (const auto& [within, among] : weights) rows.push_back({std::log(within), std::log(among)});
  const Trace trace =
      trace_of(R"({"mechanism": "hierarchical-attention", "embeddings": )" + rows.dump() +
               R"(, "groups": {"sizes": [2, 2]},
    "token_level": {"query": [1, 0]}, "group_level": {"query": [0, 1]}})");
  CHECK(off(trace, "weights", "hi") == "");
  double sum = 0;
  for (std::size_t j = 0; j < 4; ++j) sum += values_of(trace, "weights").at(j);
  CHECK(std::abs(sum - 1) <= 1e-12);
  // The output is also the weighted sum of all tokens.
  CHECK(absolute_mismatch(evaluate(ops::matmul, {values_of(trace, "weights"),
                                                 values_of(trace, "input/embeddings")}),
                          values_of(trace, "output"), 1e-12) == "");
}

TEST_CASE("pointer network: the course's weights, and its sorting") {
  const Trace trace = trace_of(R"({"mechanism": "pointer-network",
    "embeddings": [[1, 0], [0, 1], [1, 1]], "target": {"embeddings": [[0.5, 0.5]]}})");
  CHECK(off(trace, "weights", "pt") == "");
  const Trace sorted = trace_of_sample("pointer");
  CHECK(values_of(sorted, "pointers").at(0) == 0);
  const Tensor& output = values_of(sorted, "output");
  for (std::size_t i = 1; i < 5; ++i) CHECK(output.at(i) < output.at(i - 1));
  const Trace three = trace_of(R"({"mechanism": "pointer-network",
    "embeddings": [[20], [5], [10]], "target": {"embeddings": [[0], [0], [0]]},
    "pointer": {"W": [[0.1]]}})");
  const double order[] = {0, 2, 1};  // the notes' 1, 3, 2, counted from 1
  for (std::size_t i = 0; i < 3; ++i) CHECK(values_of(three, "pointers").at(i) == order[i]);
  const Trace repeated = trace_of(R"({"mechanism": "pointer-network",
    "embeddings": [[20], [5]], "target": {"embeddings": [[0], [0], [0]]},
    "pointer": {"W": [[0.1]], "repeat": true}})");
  CHECK(repeated.find("mask") == nullptr);
  for (std::size_t i = 0; i < 3; ++i) CHECK(values_of(repeated, "pointers").at(i) == 0);
}

}  // namespace
}  // namespace attn_viz
