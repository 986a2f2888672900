// Traces in which somebody changed a weight: no picture and no explanation of them.
#include <filesystem>
#include <string>

#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

TEST_CASE("tampered: weights that their operation does not give are neither drawn nor explained") {
  struct Tampered {
    std::string name, error;
  };
  const Tampered kTraces[] = {
      {"criss-cross", "recurrence0/weights: row 5: expected weights from 0 to 1"},
      {"hierarchical", "token_level/weights_within: row 1: expected weights from 0 to 1"},
      {"sink",
       "layer0/head0/weights: row 2, column 2: expected weight 0.418941, as "
       "\"softmax-with-sink\" computes it, got 5.41894"},
      {"pointer", "choice: row 2: expected weights from 0 to 1"},
      {"linear",
       "layer0/head0/weights: row 2, column 2: expected weight 0.4, as \"kernel-weights\" computes "
       "it, got 5.4"}};
  for (const auto& [name, error] : kTraces) {
    const TemporaryFolder folder;
    const std::string file = name + ".json";
    std::filesystem::copy(std::filesystem::path(ATTN_VIZ_TEST_DATA) / "tampered" / file,
                          folder.path());
    const Run refused{3, "", "attn-viz: " + file + ": " + error + "\n"};
    INFO(name);
    CHECK(folder.run({"heatmap", file, "-o", "out"}) == refused);
    CHECK(folder.run({"show", file}) == refused);
    CHECK(folder.run({"explain", file, "--query", "0"}) == refused);
    if (name != "hierarchical") {  // one row of weights: no lines
      CHECK(folder.run({"heatmap", file, "-o", "out", "--style", "lines"}) == refused);
    }
    CHECK(folder.run({"check", file}).code == 1);
    CHECK(folder.list() == std::vector<std::string>{file});
  }
}

}  // namespace
}  // namespace attn_viz::test
