// Exact texts, what is left out, and what is refused.
#include <set>

#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "explain/catalogue.hpp"
#include "explain/latex.hpp"
#include "support.hpp"
#include "support/errors.hpp"

namespace attn_viz {
namespace {

using explain::explain_cell;
using explain::explain_weight;

using explain::Format;
using explain::Language;
using explain::Style;
using test::sample_trace;

constexpr Language kLanguages[] = {Language::kEnglish, Language::kChinese};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("explain: the running example, in both languages and all formats") {
  const Trace trace = sample_trace("three-tokens");
  for (const Language language : kLanguages) {
    for (const auto& [format, ending] :
         {std::pair{Format::kText, ".txt"}, {Format::kMarkdown, ".md"}, {Format::kLatex, ".tex"}}) {
      const std::string name = std::string("explain/three-tokens-") +
                               (language == Language::kEnglish ? "en" : "zh") + ending;
      CAPTURE(name);
      CHECK(explain_weight(trace, {.query = "yellow", .key = "red"},
                           {.language = language, .format = format}) ==
            read_file(ATTN_VIZ_TEST_DATA "/" + name));
    }
  }
}

TEST_CASE("explain: a step of a decoder names the word that it writes") {
  const Trace trace = sample_trace("bahdanau");
  const std::string text =
      explain_weight(trace, {.step = "decoder/step1/weights", .query = "0", .key = "3"}, {});
  CHECK(text.starts_with("How much query European attends to key européenne\n"));
  CHECK(has(text, "So query European gives key européenne the weight ≈ 0.88"));
  CHECK(explain_weight(trace, {.step = "decoder/step1/weights", .query = "European", .key = "3"},
                       {}) == text);
  CHECK(test::error_of([&] {
          explain_weight(trace, {.step = "decoder/step1/weights", .query = "1"}, {});
        }) == "--query: there is no token \"1\"; expected a label or an index from 0 to 0");
  CHECK(test::error_of([&] {
          explain_weight(trace, {.step = "decoder/step1/weights", .query = "Euopean"}, {});
        }) ==
        "--query: there is no token \"Euopean\"; expected a label or an index from 0 to 0\n"
        "  hint: did you mean European?");
  CHECK(explain_weight(trace, {.query = "1", .key = "3"}, {})
            .starts_with("How much query European attends to key européenne\n"));
}

TEST_CASE("explain: the issue's line") {
  const Trace trace = sample_trace("three-tokens");
  const std::string text = explain_weight(trace, {.query = "2", .key = "0"}, {});
  CHECK(has(text, "S_scaled[2, 0] = S[2, 0] / √2 ≈ (1 × 1 + 2 × 1) / 1.4142 ≈ 2.1213\n"));
  CHECK(has(text, "Σ = e[0] + e[1] + e[2] ≈ 0.2431 + 0.1199 + 1 ≈ 1.3630\n"));
  CHECK(has(text, "A[2, 0] = e[0] / Σ ≈ 0.2431 / 1.3630 ≈ 0.1784\n"));
  const std::string two = explain_weight(trace, {.query = "2", .key = "0"}, {.digits = 2});
  CHECK(has(two, "A[2, 0] = e[0] / Σ ≈ 0.24 / 1.36 ≈ 0.18\n"));
}

TEST_CASE("explain: the whole row says what all weights share once") {
  const std::string text = explain_weight(sample_trace("three-tokens"), {.query = "2"}, {});
  CHECK(text.find("Σ = e[0]") == text.rfind("Σ = e[0]"));
  for (const char* part : {"A[2, 0] =", "A[2, 1] =", "A[2, 2] =", "K[1, 0] =", "V[2, 1] ="}) {
    CHECK(has(text, part));
  }
}

TEST_CASE("explain: only the key that is asked about is followed") {
  const std::string text =
      explain_weight(sample_trace("three-tokens"), {.query = "2", .key = "0"}, {});
  CHECK(has(text, "    K[0, 0] ="));
  CHECK(!has(text, "    K[1, 0] ="));
  CHECK(!has(text, "    V[2, 0] ="));
}

TEST_CASE("explain: a bias is spoken of where there is one") {
  Trace trace = sample_trace("three-tokens");
  const auto said = [&] { return explain_cell(trace, "layer0/head0/query", {2, 0}, {}); };
  CHECK(has(said(), "  each row times a matrix\n"));
  Step& query = trace.steps[4];
  REQUIRE(query.id == "layer0/head0/query");
  Step bias;
  bias.id = "layer0/head0/b_Q";
  bias.symbol = "b_Q";
  bias.op = "parameter";
  bias.values = Tensor({Axis{2}}, Buffer<double>{0, 0});
  query.inputs.push_back(3);
  trace.steps[3] = bias;
  CHECK(has(said(), "  each row times a matrix, plus a bias\n"));
}

TEST_CASE("explain: other heads and layers are quoted") {
  const std::string heads =
      explain_weight(sample_trace("two-heads"), {.head = 1, .query = "0", .key = "1"}, {});
  CHECK(has(heads, "(layer0/head1/weights)"));
  CHECK(!has(heads, "(layer0/head0/weights)"));
  CHECK(has(heads, "O_0 was computed before"));
  const std::string layers =
      explain_weight(sample_trace("transformer-block"), {.layer = 1, .query = "0", .key = "1"}, {});
  CHECK(has(layers, "(layer1/head0/weights)"));
  CHECK(!has(layers, "(layer0/head0/weights)"));
}

TEST_CASE("explain: long sums and many cells are shortened, and say so") {
  const Trace trace = sample_trace("moonlight");
  const explain::Question question{.query = "0"};
  const std::string some = explain_weight(trace, question, {});
  const std::string all = explain_weight(trace, question, {.all_terms = true});
  CHECK(has(some, "more cells are computed in the same way."));
  CHECK(!has(all, "more cells"));
  CHECK(!has(all, "…"));
  CHECK(some.size() < all.size());
}

TEST_CASE("explain: steps of any kind") {
  const auto cell = [](const char* sample, const char* step, std::vector<std::size_t> place) {
    return explain_cell(sample_trace(sample), step, place, {});
  };
  CHECK(has(cell("causal", "layer0/mask", {1, 2}),
            "Decided by: j ≤ i, that is 2 ≤ 1, does not hold.\n    M[1, 2] = 0\n"));
  CHECK(has(cell("sparsemax", "layer0/head0/weights", {2, 1}),
            "τ = (S[2, 0] + S[2, 1] − 1) / 2 = (2 + 1.5 − 1) / 2 = 1.25\n"
            "    A[2, 1] = max(S[2, 1] − τ, 0) = max(1.5 − 1.25, 0) = 0.25\n"));
  CHECK(has(cell("three-tokens", "input/embeddings", {0, 1}), "X is given; its shape is [3, 2]."));
}

TEST_CASE("explain: a value that the inputs do not give is named") {
  Trace trace = sample_trace("three-tokens");
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/scores") step.values.values<double>()[6] = 7;
  }
  const std::string text = explain_cell(trace, "layer0/head0/scores", {2, 0}, {});
  CHECK(has(text,
            "= 1 × 1 + 2 × 1 = 3\n  The trace says 7 here, which is not what its inputs give."));
}

TEST_CASE("explain: scaled numbers of an operation that is unknown here") {
  Trace trace = sample_trace("three-tokens");
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/scores") step.op = "guess";
  }
  CHECK(has(explain_cell(trace, "layer0/head0/scaled_scores", {2, 0}, {}),
            "S_scaled[2, 0] = S[2, 0] / √2 ≈ 3 / 1.4142 ≈ 2.1213\n"));
}

TEST_CASE("explain: a value that somebody rounded is no other value") {
  Trace trace = sample_trace("three-tokens");
  for (Step& step : trace.steps) {
    if (step.id == "layer0/head0/scaled_scores") step.values.values<double>()[6] = 2.12;
  }
  CHECK(!has(explain_cell(trace, "layer0/head0/scaled_scores", {2, 0}, {}), "The trace says"));
}

TEST_CASE("explain: what is not there is refused with what is") {
  const Trace trace = sample_trace("causal");
  const auto refused = [&](const explain::Question& question) {
    return test::error_of([&] { explain_weight(trace, question, {}); });
  };
  CHECK(refused({.query = "cta"}) ==
        "--query: there is no token \"cta\"; expected a label or an index from 0 to 6\n"
        "  hint: did you mean cat?");
  CHECK(refused({.query = "a"}) == "--query: \"a\" stands at 2, 5\n  hint: name it by its index");
  CHECK(refused({.query = "0", .key = "7"}) ==
        "--key: there is no token \"7\"; expected a label or an index from 0 to 6");
  CHECK(test::error_of(
            [] { explain_weight(sample_trace("tom-chase-jerry"), {.query = "Jerry"}, {}); }) ==
        "--query: there is no token \"Jerry\"; expected a label or an index from 0 to 2\n"
        "  hint: the labels are 汤姆, 追逐, 杰瑞");
  CHECK(refused({.head = 1, .query = "0"}) ==
        "there are no weights of layer 0, head 1\n"
        "  hint: the weights are layer0/head0/weights; name them with --step");
  CHECK(refused({.step = "layer0/head0/weigths", .query = "0"}) ==
        "--step: there is no step \"layer0/head0/weigths\"\n"
        "  hint: did you mean layer0/head0/weights?");
  CHECK(test::error_of([&] { explain_cell(trace, "layer0/head0/weights", {1}, {}); }) ==
        "--cell: expected the indices of a cell of layer0/head0/weights, whose shape is [7, 7]");
}

TEST_CASE("explain: weights that belong to no head") {
  // One matrix of weights needs no name.
  const Trace memory = sample_trace("memory");
  CHECK(explain_weight(memory, {.query = "0", .key = "2"}, {}) ==
        explain_weight(memory, {.step = "weights", .query = "0", .key = "2"}, {}));
  const auto hint = [](const Trace& trace, std::size_t layer) {
    const std::string error =
        test::error_of([&] { explain_weight(trace, {.layer = layer, .query = "0"}, {}); });
    return error.substr(error.find("hint: ") + 6);
  };
  CHECK(hint(memory, 1) == "the weights are weights; name them with --step");
  const Trace strips = sample_trace("strip-attention");
  CHECK(explain_weight(strips, {.query = "0"}, {}) ==
        explain_weight(strips, {.step = "columns/weights", .query = "0"}, {}));
  CHECK(hint(strips, 1) == "the weights are columns/weights, rows/weights; name them with --step");
  CHECK(hint(sample_trace("gru"), 0) ==
        "the trace has no weights; ask for a cell, such as --step recurrence/hidden --cell 0,0");
  CHECK(hint(sample_trace("lane-losses"), 0) ==
        "the trace has no weights; ask for a cell, such as --step total_loss --cell 0");
}

TEST_CASE("explain: a trace from elsewhere that does not fit is refused") {
  Trace trace = sample_trace("three-tokens");
  const auto find = [&](const std::string& id) -> Step& {
    return trace.steps[static_cast<std::size_t>(trace.find(id) - trace.steps.data())];
  };
  find("layer0/head0/key").values = Tensor({Axis{2}, Axis{5}}, Buffer<double>(10));
  CHECK(has(test::error_of([&] {
              explain_cell(trace, "layer0/head0/scores", {0, 0}, {});
            }),
            "layer0/head0/scores: a query and a key have unequal sizes: 2 and 5"));
  find("layer0/head0/query").op = "guess";
  CHECK(test::error_of([&] {
          explain_cell(trace, "layer0/head0/query", {0, 0}, {});
        }) == "layer0/head0/query: there is no operation \"guess\"");
}

// ---- the catalogue ----

std::set<std::string> places_of(std::string_view text) {
  std::set<std::string> places;
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] == '{' && text[i + 2] == '}') places.insert(std::string(text.substr(i, 3)));
  }
  return places;
}

bool is_chinese(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0xE3) return true;
  }
  return false;
}

TEST_CASE("catalogue: no sentence is missing in a language") {
  for (std::size_t i = 0; i < explain::kSentences; ++i) {
    const auto sentence = static_cast<explain::Sentence>(i);
    const std::string_view english = text_of(sentence, Language::kEnglish);
    const std::string_view chinese = text_of(sentence, Language::kChinese);
    CAPTURE(i, english, chinese);
    CHECK((!english.empty() && !is_chinese(english)));
    CHECK(is_chinese(chinese));
    CHECK(places_of(english) == places_of(chinese));
  }
  for (std::size_t i = 0; i < kRemarks; ++i) {
    const auto remark = static_cast<Remark>(i);
    CAPTURE(i);
    CHECK(!text_of(remark, Language::kEnglish).empty());
    CHECK(is_chinese(text_of(remark, Language::kChinese)));
  }
  for (const std::string_view step : explain::named_steps()) {
    CAPTURE(step);
    CHECK(!name_of_step(step, Language::kEnglish).empty());
    CHECK(is_chinese(name_of_step(step, Language::kChinese)));
  }
  for (const std::string_view name : operation_names()) {
    CAPTURE(name);
    CHECK(!meaning_of(*find_operation(name), 1, Language::kEnglish).empty());
    CHECK(is_chinese(meaning_of(*find_operation(name), 1, Language::kChinese)));
  }
}

TEST_CASE("catalogue: every step of every sample has a name, by the last parts of its id") {
  for (const std::string& sample : test::sample_names()) {
    for (const Step& step : sample_trace(sample).steps) {
      CAPTURE(sample, step.id);
      CHECK(!name_of_step(step.id, Language::kEnglish).empty());
    }
  }
  const auto name = [](const char* id) { return name_of_step(id, Language::kEnglish); };
  CHECK(name("recurrence/forward/hidden") == "States");
  CHECK(name("layer3/feed_forward/hidden") == "Hidden layer of the feed-forward network");
  CHECK(name("input/target") == "Embeddings of the target");
  CHECK(name("pair12/target") == "Attention map of the next block, the target");
  CHECK(name("layer0/head0/my_step") == "");
}

// ---- LaTeX ----

TEST_CASE("latex: formulas and texts") {
  using explain::latex_math;
  CHECK(latex_math("A = softmax(S_scaled)") == "A = \\operatorname{softmax}(S_{\\mathrm{scaled}})");
  CHECK(latex_math("Q Kᵀ") == "Q\\ K^{\\top}");
  CHECK(latex_math("base^(−2t/d)") == "\\mathrm{base}^{-2t/d}");
  CHECK(latex_math("√(variance + ε)") == "\\sqrt{\\mathrm{variance} + \\varepsilon }");
  CHECK(latex_math("max(m₍ⱼ₋₁₎, S_scaledⱼ)") ==
        "\\operatorname{max}(m_{j-1}, S_{\\mathrm{scaled}}{}_{j})");
  CHECK(latex_math("a{b}\\%") == "a\\{b\\}\\backslash \\%");
  CHECK(latex_math("汤") == "\\text{U+6C64}");
  CHECK(latex_math("h̃ = P_z_t") == "\\tilde{h} = P_{z}{}_{t}");
  CHECK(explain::latex_symbol("e[12]") == "e_{12}");
  CHECK(explain::latex_text("50% of _a_ & \"b\"") == "50\\% of \\_a\\_ \\& ''b''");
  CHECK(explain::latex_text("杰瑞", "2") == "\\otherwise{杰瑞}{2}");
  CHECK(explain::display_width("杰瑞 e") == 6);
}

}  // namespace
}  // namespace attn_viz
