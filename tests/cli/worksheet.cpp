// worksheet: from the sheet to the checked answers.
#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

const char* const kDocument = R"({"title": "A: b", "embeddings": [[1, 0], [0, 1], [1, 1]]})";

TEST_CASE("worksheet: the key's answers are right, for many seeds and both forms") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  for (const std::string seed : {"0", "1", "2", "3", "4294967295"}) {
    const Run made =
        folder.run({"worksheet", "d.json", "--blank", "query,scores,weights,output", "--seed", seed,
                    "--key", "-o", "key.md", "--document", "s.json", "--answers", "s.csv"});
    CHECK(made == Run{0, "", ""});
    const Run checked = folder.run({"check", "s.csv", "--document", "s.json"});
    CHECK(checked.code == 0);
    CHECK(checked.out.rfind("s.csv: everything is right\n", 0) == 0);
  }
  // The answers of one student are not those of another.
  folder.run(
      {"worksheet", "d.json", "--blank", "scores", "--seed", "1", "--document", "other.json"});
  CHECK(folder.run({"check", "s.csv", "--document", "other.json"}).code == 1);
}

TEST_CASE("worksheet: the JSON form is an answer sheet that says what is open") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  const Run sheet =
      folder.run({"worksheet", "d.json", "--blank", "scores", "--answers", "form.json"});
  CHECK(sheet.code == 0);
  CHECK(sheet.out.rfind("# A: b\n\nName: ", 0) == 0);
  CHECK(folder.run({"check", "form.json"}) ==
        Run{3, "",
            "attn-viz: form.json: /steps/layer0~1head0~1scores/0/0: expected a number, got "
            "\"?\"\n"});
  std::string form = folder.read("form.json");
  const std::string open = "[\"?\", \"?\", \"?\"]";
  for (const char* row : {"[1, 0, 1]", "[0, 1, 1]", "[1, 1, 3]"}) {
    form.replace(form.find(open), open.size(), row);
  }
  folder.write("form.json", form);
  const Run checked = folder.run({"check", "form.json"});
  CHECK(checked.code == 1);
  CHECK(checked.out.find("expected 2, got 3") != std::string::npos);
}

TEST_CASE("worksheet: errors") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  folder.write("open.csv", "step,row,values\nlayer0/head0/scores,0,?,?,?\n");
  CHECK(folder.run({"worksheet", "d.json", "--blank", "embeddings"}) ==
        Run{3, "",
            "attn-viz: d.json: input/embeddings: expected a computed step to leave blank, got a "
            "given one\n"});
  CHECK(folder.run({"worksheet", "d.json", "--blank", ","}).code == 2);
  CHECK(folder.run({"check", "open.csv"}) ==
        Run{2, "",
            "attn-viz: open.csv: a table of answers needs the document that it belongs to\n"
            "  hint: attn-viz check open.csv --document DOCUMENT.json\n"});
  CHECK(folder.run({"check", "open.csv", "--document", "d.json"}) ==
        Run{3, "", "attn-viz: open.csv: expected at least one step that is answered\n"});
}

}  // namespace
}  // namespace attn_viz::test
