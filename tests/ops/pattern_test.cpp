// Masks from edges and named patterns: the six-token examples of the course, and their laws.
#include <cmath>

#include "attn_viz/ops/operation.hpp"
#include "catch.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"
#include "support/tensors.hpp"

namespace attn_viz {
namespace {

using test::matrix;
using test::outcome_of;

/// The mask of n tokens, without what they say.
Outcome mask_of(std::size_t n, const Attributes& attributes, const std::vector<Tensor>& lists = {},
                DType dtype = DType::kFloat64) {
  Tensor x(DType::kFloat64, {Axis{n, "token"}, Axis{1}});
  for (double& value : x.values<double>()) value = 0;
  std::vector<Tensor> inputs{x.as(dtype), x.as(dtype)};
  inputs.insert(inputs.end(), lists.begin(), lists.end());
  return outcome_of(ops::mask, inputs, attributes);
}

/// "11./.1./..1": rows between strokes, 1 = visible.
std::string text_of(const Tensor& mask) {
  std::string text;
  for (std::size_t i = 0; i < mask.rows(); ++i) {
    if (i > 0) text += '/';
    for (std::size_t j = 0; j < mask.columns(); ++j) text += mask.at(i, j) == 1 ? '1' : '.';
  }
  return text;
}

std::string pattern_text(std::size_t n, const Attributes& pattern,
                         const std::vector<Tensor>& lists = {}) {
  return text_of(mask_of(n, {{"pattern", pattern}}, lists).values);
}

const std::vector<double> kFirst{0};

TEST_CASE("mask: the patterns of six tokens") {
  static const nlohmann::json examples = test::load_reference("normalize-mask-examples.json");
  const auto want = [](const char* name) { return examples.at(name).get<std::string>(); };
  for (const DType dtype : test::kDTypes) {
    CHECK(text_of(mask_of(6, {{"causal", true}}, {}, dtype).values) == want("ms_ca"));
    CHECK(text_of(mask_of(6, {{"window", std::vector<double>{1, 1}}}, {}, dtype).values) ==
          want("ms_sw"));
  }
  CHECK(pattern_text(6, {{"type", "dilated"}, {"window", 1.0}, {"step", 2.0}}) == want("ms_dl"));
  CHECK(pattern_text(6, {{"type", "longformer"}, {"window", 1.0}, {"global", kFirst}}) ==
        want("ms_lf"));
  CHECK(pattern_text(6, {{"type", "strided"}, {"window", 2.0}, {"stride", 2.0}}) == want("ms_sp"));
  CHECK(pattern_text(6, {{"type", "sinks"}, {"window", 2.0}, {"sinks", 1.0}}) == want("ms_st"));
  const Tensor random = matrix({{1, 4}, {2, 5}, {3, 1}, {4, 2}, {5, 3}});
  CHECK(pattern_text(
            6,
            {{"type", "big-bird"}, {"window", 1.0}, {"global", kFirst}, {"random_keys", "given"}},
            {random}) == want("ms_bb"));
}

TEST_CASE("mask: pairs that a truncated window leaves of 1000 frames") {
  static const nlohmann::json examples = test::load_reference("normalize-mask-examples.json");
  const Outcome mask = mask_of(1000, {{"window", std::vector<double>{32, 4}}});
  double visible = 0;
  for (std::size_t place = 0; place < mask.values.count(); ++place)
    visible += mask.values.at(place);
  CHECK(std::to_string(static_cast<int>(visible)) + " of 1000000" ==
        examples.at("tr_cnt").get<std::string>());
  CHECK(mask.findings.get<double>("density") == 0.036462);
  // From the last frame to the first, 32 at a time; from the first to the last, 4 at a time.
  CHECK(mask.findings.get<double>("diameter") == std::ceil(999 / 4.0));
}

TEST_CASE("mask: density and diameter") {
  const auto facts = [](std::size_t n, const Attributes& attributes) {
    return mask_of(n, attributes).findings;
  };
  const auto pattern = [](Attributes constants) {
    return Attributes{{"pattern", std::move(constants)}};
  };
  CHECK(facts(6, {}) == Attributes{{"density", 1.0}, {"diameter", 1.0}});
  CHECK(facts(6, {{"causal", true}}) == Attributes{{"density", 21 / 36.0}, {"diameter", 1.0}});
  CHECK(facts(6, {{"window", std::vector<double>{1, 1}}}) ==
        Attributes{{"density", 16 / 36.0}, {"diameter", 5.0}});
  CHECK(facts(6, pattern({{"type", "longformer"}, {"window", 1.0}, {"global", kFirst}})) ==
        Attributes{{"density", 24 / 36.0}, {"diameter", 2.0}});
  CHECK(facts(6, pattern({{"type", "dilated"}, {"window", 1.0}, {"step", 2.0}})) ==
        Attributes{{"density", 14 / 36.0}, {"diameter", 2.0}});
  CHECK(facts(6, pattern({{"type", "strided"}, {"window", 2.0}, {"stride", 2.0}})) ==
        Attributes{{"density", 17 / 36.0}, {"diameter", 2.0}});
  // Nothing but oneself: no step reaches anything.
  CHECK(facts(3, {{"window", std::vector<double>{0, 0}}}) ==
        Attributes{{"density", 1 / 3.0}, {"diameter", 0.0}});
  // Sizes at which the bits fill whole words, and one more.
  for (const std::size_t n : {63, 64, 65, 128, 1024}) {
    CHECK(facts(n, {{"window", std::vector<double>{1, 0}}}).get<double>("diameter") ==
          static_cast<double>(n - 1));
  }
  CHECK(facts(1025, {{"causal", true}}).find("diameter") == nullptr);
  // Of two sequences there is no diameter.
  const Tensor x({Axis{2, "token"}, Axis{1}}, Buffer<double>{1, 2});
  const Tensor y({Axis{2, "context"}, Axis{1}}, Buffer<double>{1, 2});
  CHECK(outcome_of(ops::mask, {x, y}, {{"causal", true}}).findings ==
        Attributes{{"density", 0.75}});
}

TEST_CASE("mask: edges go from the query to the key, and self-loops come beside them") {
  const Tensor edges = matrix({{0, 1}, {2, 0}, {0, 1}});
  CHECK(text_of(mask_of(3, {{"self_loops", false}}, {edges}).values) == ".1./.../1..");
  CHECK(text_of(mask_of(3, {{"self_loops", true}}, {edges}).values) == "11./.1./1.1");
  // With an allowed matrix and random keys before and after them.
  const Tensor allow = matrix({{1, 0, 1}, {1, 1, 1}, {1, 1, 1}});
  CHECK(text_of(mask_of(3, {{"self_loops", true}}, {allow, edges}).values) == "1../.1./1.1");
  const Attributes both{{"self_loops", true},
                        {"pattern", Attributes{{"type", "big-bird"},
                                               {"window", 0.0},
                                               {"global", std::vector<double>{}},
                                               {"random_keys", "given"}}}};
  CHECK(text_of(mask_of(3, both, {allow, edges, matrix({{2, 0}})}).values) == "1../.1./1.1");
  CHECK(text_of(mask_of(3, both, {edges, matrix({{0, 1}})}).values) == "11./.1./..1");
}

TEST_CASE("mask: everything given is combined by AND") {
  const Attributes sinks{{"type", "sinks"}, {"window", 2.0}, {"sinks", 1.0}};
  const Outcome mask = mask_of(4, {{"padding", std::vector<bool>{false, true, true, true}},
                                   {"window", std::vector<double>{1, 1}},
                                   {"pattern", sinks}});
  CHECK(text_of(mask.values) == "..../.1../.11./..11");
}

TEST_CASE("mask: big-bird draws new keys, each once, by seed and query") {
  const auto drawn = [](std::size_t n, double window, double random, double seed) {
    return mask_of(n, {{"pattern", Attributes{{"type", "big-bird"},
                                              {"window", window},
                                              {"global", std::vector<double>{3}},
                                              {"random", random},
                                              {"seed", seed},
                                              {"stream", "layer0/mask"}}}})
        .values;
  };
  const Tensor mask = drawn(40, 1, 4, 1);
  for (std::size_t i = 0; i < 40; ++i) {
    std::size_t seen = 0, fixed = 0;
    for (std::size_t j = 0; j < 40; ++j) {
      seen += mask.at(i, j) == 1;
      fixed += i == 3 || j == 3 || (i < j ? j - i : i - j) <= 1;
      CHECK((mask.at(j, 3) == 1 && mask.at(3, j) == 1));
    }
    CHECK(seen == (i == 3 ? 40 : fixed + 4));
  }
  CHECK(drawn(40, 1, 4, 1).same_bits(mask));
  CHECK_FALSE(drawn(40, 1, 4, 2).same_bits(mask));
  // The keys of a query do not depend on how many more are drawn.
  const Tensor fewer = drawn(40, 1, 2, 1);
  for (std::size_t place = 0; place < mask.count(); ++place) {
    CHECK(fewer.at(place) <= mask.at(place));
  }
  // More than there are: all.
  CHECK(text_of(drawn(4, 0, 100, 1)) == "1111/1111/1111/1111");
}

TEST_CASE("mask: a dilated window of step 1 is a window; long windows see all") {
  for (const double w : {0.0, 1.0, 3.0, 9.0}) {
    const Attributes window{{"window", std::vector<double>{w, w}}};
    CHECK(pattern_text(8, {{"type", "dilated"}, {"window", w}, {"step", 1.0}}) ==
          text_of(mask_of(8, window).values));
    CHECK(pattern_text(
              8, {{"type", "longformer"}, {"window", w}, {"global", std::vector<double>{}}}) ==
          text_of(mask_of(8, window).values));
  }
  const std::string causal = text_of(mask_of(8, {{"causal", true}}).values);
  CHECK(pattern_text(8, {{"type", "sinks"}, {"window", 8.0}, {"sinks", 0.0}}) == causal);
  CHECK(pattern_text(8, {{"type", "sinks"}, {"window", 0.0}, {"sinks", 8.0}}) == causal);
  CHECK(pattern_text(8, {{"type", "strided"}, {"window", 0.0}, {"stride", 1.0}}) == causal);
  // Numbers as large as a document may hold.
  const double huge = 9007199254740992.0;
  CHECK(pattern_text(3, {{"type", "dilated"}, {"window", huge}, {"step", huge}}) == "1../.1./..1");
  CHECK(pattern_text(3, {{"type", "dilated"}, {"window", huge}, {"step", 1.0}}) == "111/111/111");
}

TEST_CASE("mask: rows in many blocks are as in one") {
  const std::size_t n = 700;
  const Tensor mask =
      mask_of(n, {{"pattern", Attributes{{"type", "strided"}, {"window", 5.0}, {"stride", 26.0}}}})
          .values;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      const bool want = j <= i && (i - j < 5 || (i - j) % 26 == 0);
      if ((mask.at(i, j) == 1) != want) FAIL("query " << i << ", key " << j);
    }
  }
}

TEST_CASE("mask: constants from elsewhere that cannot be used are refused") {
  const auto refusal = [](const Attributes& pattern) {
    return test::error_of([&] { return mask_of(3, {{"pattern", pattern}}); });
  };
  CHECK(refusal({{"type", "dilated"}, {"window", 1.0}, {"step", 0.0}}) ==
        "pattern: expected a whole number \"step\" ≥ 1");
  CHECK(refusal({{"type", "dilated"}, {"window", 0.5}, {"step", 1.0}}) ==
        "pattern: expected a whole number \"window\" ≥ 0");
  CHECK(refusal({{"type", "strided"}, {"window", 1.0}}) ==
        "the attribute \"stride\" is missing or has the wrong type");
  CHECK(refusal({{"type", "spiral"}, {"window", 1.0}}) == "unknown pattern \"spiral\"");
  CHECK(refusal({{"type", "longformer"}, {"window", 1.0}, {"global", std::vector<double>{3}}}) ==
        "expected the index of a token from 0 to 2");
  const auto edges = [](const Tensor& pairs) {
    return test::error_of([&] { return mask_of(3, {{"self_loops", true}}, {pairs}); });
  };
  CHECK(edges(matrix({{0, 3}})) == "expected the index of a key from 0 to 2");
  CHECK(edges(matrix({{-1, 0}})) == "expected the index of a query from 0 to 2");
  CHECK(edges(matrix({{0, 1, 2}})) == "expected pairs of a query and a key");
  CHECK(test::error_of([] {
          return mask_of(3, {{"self_loops", true}});
        }) == "expected at least 3 inputs, got 2");
}

}  // namespace
}  // namespace attn_viz
