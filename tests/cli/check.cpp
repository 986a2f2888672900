// check as a user runs it: exit codes, several files, the table.
#include <nlohmann/json.hpp>
#include <string>

#include "catch.hpp"
#include "support/cli_program.hpp"

using namespace attn_viz::test;

namespace {

std::string sheet(const std::string& weights) {
  return R"({"embeddings": [[1, 0], [0, 1]], "steps": {"layer0/head0/weights": )" + weights + "}}";
}

const std::string kRight = sheet("[[0.67, 0.33], [0.33, 0.67]]");
const std::string kWrong = sheet("[[0.73, 0.27], [0.27, 0.73]]");  // without 1/√2
constexpr char kHeader[] =
    "file,ok,right,wrong,carried,first_wrong,cell,expected,got,diagnosis,error\r\n";

}  // namespace

TEST_CASE("check: one sheet") {
  const TemporaryFolder folder;
  folder.write("a.json", kRight);
  folder.write("b.json", kWrong);
  CHECK(folder.run({"check", "a.json"}) ==
        Run{0, "a.json: everything is right\n  right    layer0/head0/weights\n", ""});
  CHECK(folder.run({"check", "b.json"}) ==
        Run{1,
            "b.json: 0 right, 1 wrong\n  wrong    layer0/head0/weights  (missing-scale)\n"
            "The first wrong step is layer0/head0/weights, query 0, key 0 [0, 0]:\n"
            "  expected 0.669762, got 0.73   (A = softmax(S_scaled))\n"
            "  missing-scale: the scores were not multiplied by 1/√2\n",
            ""});
  CHECK(folder.run({"check", "b.json", "--quiet"}) == Run{1, "", ""});
  CHECK(folder.run({"check", "b.json", "--tolerance", "0.1"}).code == 0);
  CHECK(folder.run({"check", "-", "--json"}, kWrong) ==
        Run{1,
            "{\"ok\": false, \"steps\": [\n  {\"id\": \"layer0/head0/weights\", \"verdict\": "
            "\"wrong\", \"cell\": [0, 0], \"expected\": 0.6697615493266569, \"got\": 0.73, "
            "\"diagnosis\": \"missing-scale\"}\n]}\n",
            ""});
}

TEST_CASE("check: several files, a bad one among them") {
  const TemporaryFolder folder;
  folder.write("a.json", kRight);
  folder.write("b.json", kWrong);
  folder.write("c.json", sheet("[[1, 0]]"));
  CHECK(folder.run({"check", "a.json", "b.json", "--summary", "marks.csv"}) ==
        Run{1,
            "a.json: right, 1 step\n"
            "b.json: 0 right, 1 wrong; first layer0/head0/weights, query 0, key 0 [0, 0]: expected "
            "0.669762, got 0.73: missing-scale\n",
            ""});
  const std::string marks =
      std::string(kHeader) +
      "a.json,true,1,0,0,,,,,,\r\n"
      "b.json,false,0,1,0,layer0/head0/weights,\"[0, 0]\",0.6697615493266569,0.73,missing-scale,"
      "\r\n";
  CHECK(folder.read("marks.csv") == marks);
  const std::string fault = "/steps/layer0~1head0~1weights: expected shape [2, 2], got [1, 2]";
  const Run run = folder.run({"check", "b.json", "c.json", "a.json", "--summary", "marks.csv"});
  CHECK(run.code == 3);
  CHECK(run.err == "attn-viz: c.json: " + fault + "\n");
  CHECK(folder.read("marks.csv").find("c.json,false,,,,,,,,,\"" + fault + "\"\r\na.json,true") !=
        std::string::npos);
  const Run list = folder.run({"check", "a.json", "c.json", "--json"});
  const auto parsed = nlohmann::json::parse(list.out);
  REQUIRE(parsed.size() == 2);
  CHECK(parsed[0]["file"] == "a.json");
  CHECK(parsed[0]["ok"] == true);
  CHECK(parsed[1] == nlohmann::json{{"file", "c.json"},
                                    {"ok", false},
                                    {"error", fault},
                                    {"steps", nlohmann::json::array()}});
}

TEST_CASE("check: what run wrote is right") {
  const TemporaryFolder folder;
  for (const char* name : {"two-heads", "encoder-decoder", "rope"}) {
    REQUIRE(folder.run({"run", sample(std::string(name) + ".json"), "-o", "out", "--no-heatmaps"})
                .code == 0);
    const std::string trace = "out/" + std::string(name) + "/trace.json";
    CHECK(folder.run({"check", trace}).code == 0);
    REQUIRE(folder
                .run({"run", sample(std::string(name) + ".json"), "-o", "out", "--no-heatmaps",
                      "--dtype", "float32"})
                .code == 0);
    CHECK(folder.run({"check", trace}).code == 0);
  }
}

TEST_CASE("check: the samples, and a sheet that NumPy wrote") {
  CHECK(run({"check", sample("answers/ann.json"), ATTN_VIZ_TEST_DATA "/check/numpy_sheet.json",
             ATTN_VIZ_TEST_DATA "/check/numpy_trace.json"})
            .code == 0);
  const Run ben = run({"check", sample("answers/ben.json"), "--json"});
  CHECK(ben.code == 1);
  const auto steps = nlohmann::json::parse(ben.out)["steps"];
  CHECK(steps[1]["diagnosis"] == "missing-scale");
  CHECK(steps[2]["verdict"] == "carried");
}

TEST_CASE("check: the command line and files that are none") {
  const TemporaryFolder folder;
  folder.write("a.json", R"({"embeddings": [[1]]})");
  CHECK(folder.run({"check", "a.json"}) ==
        Run{3, "",
            "attn-viz: a.json: there are no answers; expected the key \"steps\"\n"
            "  hint: \"steps\": {\"layer0/head0/weights\": [[…]]} holds what somebody computed\n"});
  folder.write("t.json", R"({"format": "attn-viz trace", "version": 1, "dtype": "float64",
                             "axes": {}, "steps": []})");
  CHECK(folder.run({"check", "t.json"}) ==
        Run{3, "", "attn-viz: t.json: /steps: expected at least one computed step\n"});
  CHECK(folder.run({"check", "no.json"}).code == 4);
  CHECK(folder.run({"check", "a.json", "--tolerance", "x"}) ==
        Run{2, "", "attn-viz: --tolerance: expected a number ≥ 0, got \"x\"\n"});
  CHECK(folder.run({"check"}).code == 2);
  folder.write("b.json", kRight);
  CHECK(folder.run({"check", "b.json", "--summary", "no/marks.csv"}).code == 4);
}
