// diff: exit codes and errors; its texts are tested in tests/analysis.
#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

TEST_CASE("diff: a document and its trace are the same") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  REQUIRE(folder.run({"run", "d.json", "-o", "out", "--no-heatmaps"}).code == 0);
  const Run same = folder.run({"diff", "d.json", "out/d/trace.json"});
  CHECK(same == Run{0, "all 14 steps are the same (tolerance 1e-09)\n", ""});
  CHECK(folder.run({"diff", "-", "out/d/trace.json"}, kDocument).code == 0);
}

TEST_CASE("diff: a difference beyond the tolerance is exit code 1") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  folder.write("b.json", R"({"embeddings": [[1, 0], [0, 1], [1, 1.001]]})");
  const Run other = folder.run({"diff", "a.json", "b.json"});
  CHECK(other.code == 1);
  CHECK(other.out.rfind("first difference: input/embeddings: 1 and 1.001 at row 2, column 1\n",
                        0) == 0);
  CHECK(folder.run({"diff", "a.json", "b.json", "--tolerance", "0.01"}).code == 0);
  CHECK(folder.run({"diff", "a.json", "b.json", "--json"}).code == 1);
}

TEST_CASE("diff: errors name the file and the option") {
  const TemporaryFolder folder;
  folder.write("a.json", kDocument);
  CHECK(folder.run({"diff", "a.json", "b.json"}).err ==
        "attn-viz: b.json: cannot be read: No such file or directory\n");
  CHECK(folder.run({"diff", "a.json", "a.json", "--tolerance", "-1"}) ==
        Run{2, "", "attn-viz: --tolerance: expected a number ≥ 0, got \"-1\"\n"});
  CHECK(
      folder.run({"diff", "-", "-"}) ==
      Run{2, "", "attn-viz: standard input can be read only once; name a file for one of both\n"});
}

}  // namespace
}  // namespace attn_viz::test
