// compare: which settings are combined, what is written, and errors.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

std::vector<std::string> variants_of(const Run& run) {
  std::vector<std::string> names;
  const auto table = nlohmann::json::parse(run.out);
  for (const auto& variant : table["variants"]) {
    names.push_back(variant["name"]);
  }
  return names;
}

TEST_CASE("compare: lists are combined, and the mask is off and on") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  const std::vector<std::string> call{"compare", "d.json", "--table", "json"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), call.begin(), call.end());
    return variants_of(folder.run(more));
  };
  CHECK(with({"--score", "dot-product,cosine"}) ==
        std::vector<std::string>{"dot-product", "cosine"});
  CHECK(with({"--causal"}) == std::vector<std::string>{"not causal", "causal"});
  CHECK(with({"--temperature", "0.5,2", "--normalize", "softmax"}) ==
        std::vector<std::string>{"temperature 0.5", "temperature 2"});
  CHECK(with({"--heads", "1,2", "--causal"}) ==
        std::vector<std::string>{"heads 1, not causal", "heads 1, causal", "heads 2, not causal",
                                 "heads 2, causal"});
  CHECK(with({"--window", "0,0,1,1"}) == std::vector<std::string>{"window 0,0", "window 1,1"});
}

TEST_CASE("compare: each variant is what run computes under that setting") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  const Run run =
      folder.run({"compare", "d.json", "--score", "dot-product,scaled-dot", "--table", "json"});
  const auto table = nlohmann::json::parse(run.out);
  // Row maxima of softmax(X Xᵀ): e/(2e + 1), e/(2e + 1), e²/(e² + 2e).
  const double e = 2.718281828459045;
  CHECK(table["variants"][0]["largest"].get<double>() ==
        Approx((2 * e / (2 * e + 1) + e / (e + 2)) / 3).epsilon(1e-12));
  CHECK(table["variants"][1]["largest"].get<double>() == Approx(0.435238).margin(1e-6));
}

TEST_CASE("compare: pictures, and what is written only with -o") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  CHECK(folder.run({"compare", "d.json", "--scale", "1,2"}).code == 0);
  CHECK(folder.list() == std::vector<std::string>{"d.json"});
  CHECK(folder.run({"compare", "d.json", "--scale", "1,2", "-o", "out", "--format", "png,svg"})
            .code == 0);
  CHECK(folder.list("out") == std::vector<std::string>{"compare.png", "compare.svg",
                                                       "differences.png", "differences.svg"});
}

TEST_CASE("compare: errors") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  CHECK(folder.run({"compare", "d.json", "--score", "cosine"}) ==
        Run{2, "",
            "attn-viz: expected at least two settings to compare\n"
            "  hint: list them: --score dot-product,cosine\n"});
  CHECK(folder.run({"compare", "d.json", "--score", "cosine,dot-produkt"}).err ==
        "attn-viz: --score: unknown score \"dot-produkt\"; expected one of dot-product, "
        "scaled-dot-product, additive, cosine, bilinear, gat\n"
        "  hint: did you mean \"dot-product\"?\n");
  CHECK(folder.run({"compare", "d.json", "--seed", "1,2,3,4,5,6,7,8,9,10,11,12,13"}).err ==
        "attn-viz: 13 settings are too many to compare; at most 12\n");
  CHECK(folder.run({"compare", "d.json", "--causal", "--head", "4"}) ==
        Run{3, "", "attn-viz: d.json: there is no head 4 in layer 0\n"});
  CHECK(
      folder.run({"compare", "d.json", "--temperature", "1,2", "--normalize", "relu"}) ==
      Run{2, "", "attn-viz: --temperature: expected the normaliser softmax or sample, got relu\n"});
}

}  // namespace
}  // namespace attn_viz::test
