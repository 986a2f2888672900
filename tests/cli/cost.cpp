// cost: files, options and errors; its numbers are tested in tests/analysis.
#include <nlohmann/json.hpp>

#include "catch.hpp"
#include "support/cli_program.hpp"

namespace attn_viz::test {
namespace {

TEST_CASE("cost: without a file, the table of the paper's sizes") {
  const TemporaryFolder folder;
  const Run table = folder.run({"cost", "--n", "1000", "--table", "json"});
  REQUIRE(table.code == 0);
  const auto json = nlohmann::json::parse(table.out);
  CHECK(json["file"].is_null());
  CHECK(json["growth"]["d"] == 512);
  CHECK(json["growth"]["layers"][0]["name"] == "self-attention");
  CHECK(json["growth"]["layers"][0]["multiply_adds"]["values"][0] == 512'000'000);
  CHECK(json["growth"]["layers"][0]["parameters"] ==
        nlohmann::json{{"term", "4 d²"}, {"value", 1'048'576}});
  CHECK(json["growth"]["crossovers"][0]["n"] == 512);
  CHECK(folder.list().empty());
}

TEST_CASE("cost: a trace costs what its document does, which sets the sizes of the table") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  REQUIRE(folder.run({"run", "d.json", "-o", "out", "--no-heatmaps"}).code == 0);
  const Run document = folder.run({"cost", "d.json", "--table", "json"});
  CHECK(document.code == 0);
  CHECK(folder.run({"cost", "out/d/trace.json", "--table", "json"}) == document);
  CHECK(folder.run({"cost", "-", "--table", "json"}, kDocument).code == 0);
  const auto growth = nlohmann::json::parse(document.out)["growth"];
  CHECK(growth["d"] == 2);
  CHECK(growth["heads"] == 1);
  CHECK(growth["n"] == std::vector<int>{1, 2, 3, 4, 8, 16, 32, 64, 128, 256});
  // Settings change the document, and with it the table.
  const Run heads = folder.run({"cost", "d.json", "--heads", "2", "--d", "6", "--table", "json"});
  const auto changed = nlohmann::json::parse(heads.out);
  CHECK(changed["growth"]["heads"] == 2);
  CHECK(changed["growth"]["d"] == 6);
  CHECK(changed["file"]["layers"][0]["heads"] == 2);
  // A list and a range that doubles.
  const Run listed = folder.run({"cost", "--n", "3..13,5", "--heads", "4", "--table", "json"});
  const auto lengths = nlohmann::json::parse(listed.out)["growth"];
  CHECK(lengths["n"] == std::vector<int>{3, 5, 6, 12});
  CHECK(lengths["heads"] == 4);
}

TEST_CASE("cost: charts, in the kinds that are asked for") {
  const TemporaryFolder folder;
  const Run drawn = folder.run({"cost", "--n", "64..1024", "-o", "out", "--format", "svg,pdf",
                                "--theme", "print", "--quiet"});
  CHECK(drawn.code == 0);
  CHECK(folder.list("out") ==
        std::vector<std::string>{"cost.pdf", "cost.svg", "memory.pdf", "memory.svg"});
  CHECK(folder.read("out/cost.svg").find("n = d = 512: self-attention = recurrent") !=
        std::string::npos);
}

TEST_CASE("cost: errors say what was expected") {
  const TemporaryFolder folder;
  folder.write("d.json", kDocument);
  const auto usage = [&](const std::vector<std::string>& arguments) {
    const Run run = folder.run(arguments);
    CHECK(run.code == 2);
    CHECK(run.out.empty());
    return run.err;
  };
  CHECK(usage({"cost", "--d", "0"}) ==
        "attn-viz: --d: expected a whole number from 1 to 1099511627776, got \"0\"\n");
  CHECK(usage({"cost", "--kernel", "1"}) ==
        "attn-viz: --kernel: expected a whole number from 2 to 1099511627776, got \"1\"\n");
  CHECK(usage({"cost", "--n", "8..4"}) ==
        "attn-viz: --n: expected a range that ascends, got \"8..4\"\n");
  CHECK(usage({"cost", "--n", ""}) ==
        "attn-viz: --n: expected lengths such as 64..65536 or 100,1000, got \"\"\n");
  CHECK(usage({"cost", "--n", "64.."}) ==
        "attn-viz: --n: expected a whole number from 1 to 1099511627776, got \"\"\n");
  CHECK(usage({"cost", "--table", "jsn"}) ==
        "attn-viz: --table: unknown format \"jsn\"; expected one of text, markdown, json\n"
        "  hint: did you mean \"json\"?\n");
  CHECK(usage({"cost", "--format", "json"}) ==
        "attn-viz: --format: unknown format \"json\"; expected one of png, svg, pdf\n"
        "  hint: for the form of the table: --table\n");
  CHECK(usage({"cost", "--causal"}) ==
        "attn-viz: there is no document whose settings could be changed\n"
        "  hint: name one, or give sizes alone: --n, --d, --heads, --kernel, --neighbourhood\n");
  CHECK(folder.run({"cost", "none.json"}).code == 4);
  const Run large = folder.run({"cost", "--n", "1099511627776", "--d", "1099511627776", "--kernel",
                                "1099511627776", "-o", "out"});
  CHECK(large ==
        Run{5, "",
            "attn-viz: a count would be larger than 2^128 - 1\n  hint: ask for smaller sizes\n"});
  CHECK(folder.list() == std::vector<std::string>{"d.json"});
}

}  // namespace
}  // namespace attn_viz::test
