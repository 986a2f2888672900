// Measures of the course's examples: the alignment of Tom, Chase and Jerry, and two heads.
#include <fmt/format.h>

#include <cmath>

#include "attn_viz/analysis/comparison.hpp"
#include "attn_viz/analysis/measures.hpp"
#include "support/reference.hpp"
#include "support/tasks.hpp"

namespace attn_viz::analysis {
namespace {

using nlohmann::json;

Tensor row_of(const Tensor& matrix, std::size_t row) {
  const auto values = matrix.values<double>().subspan(row * matrix.columns(), matrix.columns());
  return Tensor({Axis{1}, Axis{matrix.columns()}}, Buffer<double>(values.begin(), values.end()));
}

TEST_CASE("measures: entropy of the alignment of Tom, Chase and Jerry, word by word") {
  const json worked = test::load_reference("sequence-examples.json");
  const json sample = test::load_json(ATTN_VIZ_SOURCE_DIR "/samples/tom-chase-jerry.json");
  const std::pair<const char*, const char*> printed[] = {
      {"tcjHa", "tcjNa"}, {"tcjHb", "tcjNb"}, {"tcjHc", "tcjNc"}};
  const Tensor alignment =
      test::values_of(test::trace_of_sample("tom-chase-jerry-alignment"), "weights");
  for (std::size_t i = 0; i < 3; ++i) {
    INFO("word " << i);
    json one = sample;  // a document with this target word alone, so that a mean is its own
    one["embeddings"] = json::array({sample["embeddings"][i]});
    one["tokens"] = json::array({sample["tokens"][i]});
    const Variant word = variant_of(test::trace_of(one.dump()), "word", 0, std::nullopt);
    CHECK(std::abs(*word.entropy - worked["tcj_H"][i].get<double>()) <= 1e-12);
    CHECK(std::abs(*word.normalized_entropy - worked["tcj_Hn"][i].get<double>()) <= 1e-12);
    CHECK(fmt::format("{:.6f}", *word.entropy) == worked[printed[i].first]);
    CHECK(fmt::format("{:.6f}", *word.normalized_entropy) == worked[printed[i].second]);
    // The table as given says the same, and aligns the words in their order.
    const Tensor given = row_of(alignment, i);
    CHECK(std::abs(entropy(given.values<double>()) - *word.entropy) <= 1e-12);
    CHECK(argmax(given.values<double>()) == i);
  }
}

TEST_CASE("measures: the divergence of the running example's two heads (D7)") {
  const json worked = test::load_reference("attention-examples.json");
  const Trace trace = test::trace_of(R"({"embeddings": [[1, 0], [0, 1], [1, 1]],
    "attention": {"heads": 2, "weights": {"W_Q": [[1, 0], [0, 2]], "W_K": [[1, 1], [0, 1]],
                                          "W_V": [[1, 0], [2, 1]]}}})");
  const Comparison heads =
      compare({variant_of(trace, "head 0", 0, 0), variant_of(trace, "head 1", 0, 1)});
  CHECK(std::abs(*heads.pairs[0].jensen_shannon - worked["js"].get<double>()) <= 1e-12);
  for (std::size_t i = 0; i < 3; ++i) {
    const Tensor first = row_of(heads.variants[0].weights, i),
                 second = row_of(heads.variants[1].weights, i);
    const double divergence = jensen_shannon(first.values<double>(), second.values<double>());
    CHECK(std::abs(divergence - worked["js_r"][i].get<double>()) <= 1e-12);
  }
}

}  // namespace
}  // namespace attn_viz::analysis
