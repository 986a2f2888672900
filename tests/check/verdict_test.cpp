// Verdicts, tolerances, texts and tables on sheets of known numbers.
#include "attn_viz/check/report.hpp"
#include "attn_viz/core/json.hpp"
#include "attn_viz/trace/json.hpp"
#include "catch.hpp"
#include "check/precision.hpp"
#include "check/support.hpp"
#include "support/errors.hpp"
#include "support/reference.hpp"

namespace attn_viz {
namespace {

using check::Answer;
using check::check_answers;
using check::check_trace;
using check::Options;
using check::Precision;
using check::precision_of;
using check::Report;
using check::Verdict;
using namespace test;

/// Red, green and yellow, the running example.
Trace colours() {
  AttentionSettings settings;
  GivenWeights weights;
  weights.w_q = matrix({{1, 0}, {0, 2}});
  weights.w_k = matrix({{1, 1}, {0, 1}});
  weights.w_v = matrix({{1, 0}, {2, 1}});
  settings.weights = weights;
  Problem problem = problem_of(matrix({{1, 0}, {0, 1}, {1, 1}}), settings);
  problem.axis.labels = {"red", "green", "yellow"};
  return run_attention(problem);
}

const std::string kHead = "layer0/head0/";

class Sheet {
 public:
  Sheet& operator()(const std::string& name, const Tensor& values) {
    const Step* step = program.find(kHead + name);
    if (step == nullptr) step = program.find(name);
    REQUIRE(step != nullptr);
    answers.push_back({static_cast<StepId>(step - program.steps.data()), values});
    return *this;
  }
  Report report(const Options& options = {}) const {
    return check_answers(program, answers, options);
  }
  /// "right wrong carried".
  std::string verdicts(const Options& options = {}) const {
    std::string text;
    for (const auto& step : report(options).steps) {
      if (!text.empty()) text += ' ';
      text += name_of(step.verdict);
    }
    return text;
  }

  Trace program = colours();
  std::vector<Answer> answers = {};
};

const Tensor kScores = matrix({{1, 0, 1}, {2, 2, 4}, {3, 2, 5}});
const Tensor kScaled = matrix({{0.71, 0, 0.71}, {1.41, 1.41, 2.83}, {2.12, 1.41, 3.54}});
const Tensor kWeights = matrix({{0.40, 0.20, 0.40}, {0.16, 0.16, 0.67}, {0.18, 0.09, 0.73}});
const Tensor kUnscaled = matrix({{0.42, 0.16, 0.42}, {0.11, 0.11, 0.79}, {0.11, 0.04, 0.84}});
const Tensor kFromUnscaled = matrix({{2.00, 0.58}, {2.70, 0.90}, {2.71, 0.88}});
const Tensor kOutput = matrix({{2.00, 0.60}, {2.51, 0.84}, {2.56, 0.82}});

TEST_CASE("check: right, wrong, carried") {
  CHECK(Sheet()("scores", kScores)("scaled_scores", kScaled)("weights", kWeights).verdicts() ==
        "right right right");
  CHECK(Sheet()("weights", kUnscaled)("output", kFromUnscaled).verdicts() == "wrong carried");
  // Right by the truth, after an error.
  CHECK(Sheet()("weights", kUnscaled)("output", kOutput).verdicts() == "wrong right");
  // An error of its own, after an error.
  CHECK(Sheet()("weights", kUnscaled)("output", matrix({{2, 0.6}, {2.51, 0.84}, {9.56, 0.82}}))
            .verdicts() == "wrong wrong");
  // The error is not given again: it goes through steps that are not given.
  CHECK(Sheet()("scaled_scores", kScores)("output", matrix({{2, 0.58}, {2.68, 0.89}, {2.73, 0.89}}))
            .verdicts() == "wrong carried");
}

TEST_CASE("check: the cell, what was expected and what was got") {
  const Report report = Sheet()("weights", kUnscaled)("output", kFromUnscaled).report();
  REQUIRE(report.steps.size() == 2);
  const check::CheckedStep& wrong = report.steps[0];
  CHECK(wrong.cell == std::vector<std::size_t>{1, 2});
  CHECK(wrong.expected == Approx(0.672841798));
  CHECK(wrong.got == 0.79);
  REQUIRE(wrong.diagnoses.size() == 1);
  CHECK(wrong.diagnoses[0].sentence == "the scores were not multiplied by 1/√2");
  const check::CheckedStep& carried = report.steps[1];
  CHECK(carried.cell == std::vector<std::size_t>{1, 0});
  CHECK(carried.expected == Approx(2.509262698));
  CHECK(carried.got == 2.70);
  CHECK(carried.diagnoses.empty());
  CHECK(report.first_wrong() == &wrong);
  CHECK(report.count(Verdict::kRight) == 0);
}

TEST_CASE("check: whole numbers alone are nearly exact") {
  Sheet sheet;
  sheet("weights", matrix({{0, 0, 1}, {0, 0, 1}, {0, 0, 1}}));
  CHECK(sheet.verdicts() == "wrong");
  // 1 may be 1.00 where other numbers show two decimals: weights of 0.998 and 0.001 would pass.
  CHECK(Sheet()("scores", matrix({{1, 0, 1}, {2, 2, 4}, {3, 2, 5.2}})).verdicts() == "wrong");
  CHECK(Sheet()("scores", kScores).verdicts() == "right");
  CHECK(Sheet()("scores", matrix({{1, 0, 1}, {2, 2, 4}, {3, 2, 6}})).verdicts() == "wrong");
}

TEST_CASE("check: weights of 0 and 1 are right where the softmax is that sure") {
  for (const double size : {3.0, 4.0, 5.0}) {  // 0.998, 0.99999, 0.99999998
    Sheet sheet;
    sheet.program = run_attention(problem_of(matrix({{size, 0}, {0, size}})));
    const Tensor& weights = values_of(sheet.program, kHead + "weights");
    REQUIRE(weights.at(0, 0) < 1);
    CHECK(sheet("weights", matrix({{1, 0}, {0, 1}})).verdicts() == "right");
  }
  Sheet sheet;
  sheet.program = run_attention(problem_of(matrix({{2, 0}, {0, 2}})));  // 0.944
  CHECK(sheet("weights", matrix({{1, 0}, {0, 1}})).verdicts() == "wrong");
}

TEST_CASE("check: a tolerance of one's own") {
  Sheet sheet;
  sheet("weights", kUnscaled);
  CHECK(sheet.verdicts({0.12}) == "right");
  CHECK(sheet.verdicts({0.11}) == "wrong");
  CHECK(Sheet()("weights", kWeights).verdicts({0.0}) == "wrong");
  CHECK(Sheet()("weights", values_of(colours(), kHead + "weights")).verdicts({0.0}) == "right");
}

TEST_CASE("check: given inputs are compared with the document") {
  CHECK(Sheet()("input/embeddings", matrix({{1, 0}, {0, 1}, {1, 1}})).verdicts() == "right");
  CHECK(Sheet()("input/embeddings", matrix({{1, 0}, {0, 1}, {1, 2}}))(
            "query", matrix({{1, 0}, {0, 2}, {1, 4}}))
            .verdicts() == "wrong carried");
}

TEST_CASE("check: how numbers were written") {
  const auto kind = [](const Tensor& tensor) { return precision_of(tensor).kind; };
  CHECK(kind(matrix({{1, -20, 0}})) == Precision::Kind::kWhole);
  CHECK(kind(matrix({{1, 0.25}})) == Precision::Kind::kDecimal);
  CHECK(precision_of(matrix({{1, 0.25, 1e-3}})).decimals == 3);
  CHECK(precision_of(matrix({{1, 0.25}})).half_unit(1) == 0.005);
  CHECK(kind(matrix({{1, 1.0 / 3}})) == Precision::Kind::kFull);
  CHECK(kind(matrix({{static_cast<double>(1.0F / 3)}})) == Precision::Kind::kBinary);
  CHECK(kind(matrix({{1.0 / 3}}, DType::kFloat32)) == Precision::Kind::kBinary);
  CHECK(precision_of(matrix({{0.7, 0.25}}, DType::kFloat32)).decimals == 2);
  CHECK(check::decimals_of(0.71) == 2);
  CHECK(check::decimals_of(30) == 0);
  CHECK(check::decimals_of(0.1 + 0.2) == 1);  // 0.30000000000000004
  CHECK(check::decimals_of(1.0 / 3) == 16);
  CHECK(check::decimals_of(-1.5e-7) == 8);
}

TEST_CASE("check: a report as text, line, JSON and CSV") {
  Sheet sheet;
  sheet("scores", kScores)("weights", kUnscaled)("output", kFromUnscaled);
  const check::CheckedFile file{"ben, 2.json", &sheet.program, sheet.report(), ""};
  CHECK(text_of(file) ==
        "ben, 2.json: 1 right, 1 wrong, 1 carried\n"
        "  right    layer0/head0/scores\n"
        "  wrong    layer0/head0/weights  (missing-scale)\n"
        "  carried  layer0/head0/output\n"
        "The first wrong step is layer0/head0/weights, query green, key yellow [1, 2]:\n"
        "  expected 0.672842, got 0.79   (A = softmax(S_scaled))\n"
        "  missing-scale: the scores were not multiplied by 1/√2");
  CHECK(line_of(file) ==
        "ben, 2.json: 1 right, 1 wrong, 1 carried; first layer0/head0/weights, query green, key "
        "yellow [1, 2]: expected 0.672842, got 0.79: missing-scale");
  CHECK(json_of(file, false) ==
        "{\"ok\": false, \"steps\": [\n"
        "  {\"id\": \"layer0/head0/scores\", \"verdict\": \"right\", \"cell\": null, \"expected\": "
        "null, \"got\": null, \"diagnosis\": null},\n"
        "  {\"id\": \"layer0/head0/weights\", \"verdict\": \"wrong\", \"cell\": [1, 2], "
        "\"expected\": 0.672841798375977, \"got\": 0.79, \"diagnosis\": \"missing-scale\"},\n"
        "  {\"id\": \"layer0/head0/output\", \"verdict\": \"carried\", \"cell\": [1, 0], "
        "\"expected\": 2.509262697563966, \"got\": 2.7, \"diagnosis\": null}\n]}");
  CHECK(check::json_of({"a.json", nullptr, {}, "bad"}, true) ==
        "{\"file\": \"a.json\", \"ok\": false, \"error\": \"bad\", \"steps\": []}");
  CHECK(csv_of(file) ==
        "\"ben, 2.json\",false,1,1,1,layer0/head0/weights,\"[1, 2]\",0.672841798375977,0.79,"
        "missing-scale,");
  CHECK(check::csv_of({"a.json", nullptr, {}, "the key \"x\""}) ==
        "a.json,false,,,,,,,,,\"the key \"\"x\"\"\"");
  const auto columns = [](const std::string& line) {
    return std::count(line.begin(), line.end(), ',');
  };
  Sheet right;
  right("scores", kScores);
  const check::CheckedFile good{"a.json", &right.program, right.report(), ""};
  CHECK(columns(csv_of(good)) == columns(check::csv_header()));
  CHECK(text_of(good) == "a.json: everything is right\n  right    layer0/head0/scores");
  CHECK(line_of(good) == "a.json: right, 1 step");
}

TEST_CASE("check: what NumPy wrote passes, a changed number does not") {
  nlohmann::json document = load_reference("check/numpy_trace.json");
  CHECK(check_trace(read_trace(document.dump())).ok());
  for (auto& step : document["steps"]) {
    if (step["id"] == "layer0/head1/weights") step["data"][2][1] = 0.25;
  }
  const Trace changed = read_trace(document.dump());
  const Report report = check_trace(changed);
  REQUIRE(report.first_wrong() != nullptr);
  CHECK(changed.steps[report.first_wrong()->step].id == "layer0/head1/weights");
  CHECK(report.first_wrong()->cell == std::vector<std::size_t>{2, 1});
  CHECK(report.count(Verdict::kWrong) == 1);
}

TEST_CASE("check: a trace that is no program is refused") {
  const auto fault = [](const std::string& change_id, const std::string& key,
                        const nlohmann::json& value) {
    nlohmann::json document = load_reference("check/numpy_trace.json");
    for (auto& step : document["steps"]) {
      if (step["id"] == change_id) step[key] = value;
    }
    return error_of([&] { check_trace(read_trace(document.dump())); });
  };
  CHECK(fault("layer0/head0/weights", "op", "softmaks") ==
        "layer0/head0/weights: unknown operation \"softmaks\"");
  CHECK(fault("layer0/head0/scaled_scores", "attributes", nlohmann::json::object()) ==
        "layer0/head0/scaled_scores: the attribute \"scale\" is missing or has the wrong type");
  CHECK(fault("layer0/head0/output", "inputs", {"layer0/head0/value", "layer0/head0/weights"}) ==
        "layer0/head0/output: the columns of the left and the rows of the right matrix have "
        "unequal sizes: 3 and 4");
  CHECK(fault("layer0/head0/output", "inputs", {"layer0/mask", "layer0/head0/weights"}) ==
        "layer0/head0/output: its inputs give shape [4, 4], but it has shape [4, 3]");
}

}  // namespace
}  // namespace attn_viz
