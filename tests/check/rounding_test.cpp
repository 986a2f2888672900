// What is right must pass, however it is rounded; what is wrong must not.
#include <filesystem>
#include <fstream>
#include <sstream>

#include "attn_viz/input/document.hpp"
#include "attn_viz/mechanisms/run.hpp"
#include "catch.hpp"
#include "check/precision.hpp"
#include "check/support.hpp"

namespace attn_viz {
namespace {

using check::check_answers;
using check::check_trace;
using check::Verdict;
using namespace test;

TEST_CASE("check: 1,000 right traces, rounded to 2 to 6 decimals, pass") {
  for (std::size_t i = 0; i < 1000; ++i) {
    const Trace trace = run_attention(random_problem(i));
    const int decimals = 2 + static_cast<int>(i % 5);
    const auto round = [=](double x) { return rounded_number(x, decimals); };
    const Trace written = written_rounded(trace, round), computed = computed_rounded(trace, round);
    CAPTURE(i, decimals);
    CHECK(first_fault(written, check_trace(written)) == "");
    CHECK(first_fault(computed, check_trace(computed)) == "");
  }
}

TEST_CASE("check: 1,000 right answer sheets, rounded to 2 to 6 decimals, pass") {
  for (std::size_t i = 0; i < 1000; ++i) {
    const Trace trace = run_attention(random_problem(i));
    const int decimals = 2 + static_cast<int>(i % 5);
    Dice dice("answers " + std::to_string(i));
    // From exact numbers, or from the rounded ones before that are given.
    Trace sheet = trace;
    const bool from_rounded = dice.coin();
    std::vector<check::Answer> answers;
    for (StepId id = 0; id < sheet.steps.size(); ++id) {
      Step& step = sheet.steps[id];
      if (!is_computed(step)) continue;
      if (from_rounded) {
        std::vector<const Tensor*> inputs;
        for (const StepId input : step.inputs) inputs.push_back(&sheet.steps[input].values);
        step.values = find_operation(step.op)->evaluate(inputs, step.attributes).values;
      }
      if (!dice.coin()) continue;
      const Tensor given = rounded(step.values, decimals);
      if (from_rounded) step.values = given;
      answers.push_back({id, given});
    }
    CAPTURE(i, decimals, from_rounded);
    CHECK(first_fault(trace, check_answers(trace, answers)) == "");
  }
}

TEST_CASE("check: significant digits, float32 and half precision pass") {
  for (std::size_t i = 0; i < 300; ++i) {
    const Trace trace = run_attention(random_problem(i));
    CAPTURE(i);
    const int digits = 2 + static_cast<int>(i % 5);
    const Trace significant =
        written_rounded(trace, [=](double x) { return rounded_to_significant(x, digits); });
    CHECK(first_fault(significant, check_trace(significant)) == "");
    const Trace floats =
        written_rounded(trace, [](double x) { return static_cast<double>(static_cast<float>(x)); });
    CHECK(first_fault(floats, check_trace(floats)) == "");
    const Trace halves = written_rounded(trace, [](double x) {
      int exponent = 0;
      const double mantissa = std::frexp(x, &exponent);
      return std::isfinite(x) ? std::ldexp(std::nearbyint(std::ldexp(mantissa, 11)), exponent - 11)
                              : x;
    });
    CHECK(first_fault(halves, check_trace(halves)) == "");
    Problem single = random_problem(i);
    single.dtype = DType::kFloat32;
    single.embeddings = single.embeddings.as(DType::kFloat32);
    const Trace float32 = run_attention(single);
    CHECK(first_fault(float32, check_trace(float32)) == "");
  }
}

TEST_CASE("check: every sample passes, with all digits and rounded") {
  for (const auto& entry : std::filesystem::directory_iterator(ATTN_VIZ_SOURCE_DIR "/samples")) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    std::ostringstream text;
    text << file.rdbuf();
    const Trace trace = run(read_task(text.str(), entry.path().stem()));
    CAPTURE(entry.path().filename());
    CHECK(first_fault(trace, check_trace(trace)) == "");
    for (const int decimals : {3, 5}) {
      // Random features and edges must stay what they are.
      Trace written = trace;
      for (Step& step : written.steps) {
        if (is_computed(step)) step.values = rounded(step.values, decimals);
      }
      CAPTURE(decimals);
      CHECK(first_fault(written, check_trace(written)) == "");
    }
  }
}

TEST_CASE("check: 1,000 changed cells are caught where they are") {
  std::size_t changed = 0;
  for (std::size_t i = 0; changed < 1000; ++i) {
    const Trace exact = run_attention(random_problem(i));
    const int decimals = 2 + static_cast<int>(i % 6);
    Dice dice("change " + std::to_string(i));
    Trace trace = decimals == 7 ? exact : written_rounded(exact, [=](double x) {
      return rounded_number(x, decimals);
    });
    StepId id = 0;
    do {
      id = dice.below(trace.steps.size());
    } while (!is_computed(trace.steps[id]));
    Tensor& values = trace.steps[id].values;
    const std::size_t cell = dice.below(values.count());
    const double old = values.at(cell);
    if (!std::isfinite(old)) continue;
    const double sign = dice.coin() ? 1 : -1;
    const int shown = check::precision_of(values).decimals;
    values.values<double>()[cell] = old + sign * 1e3;
    const auto far = check_trace(trace);
    REQUIRE(far.first_wrong() != nullptr);
    const double tolerance = far.first_wrong()->tolerance;
    const double unit = decimals == 7 ? 1e-9 : std::pow(10.0, -decimals);
    // What was written may be off by the tolerance already, and is written with as many digits.
    const double further = old + sign * (2 * tolerance + unit);
    values.values<double>()[cell] = decimals == 7 ? further : rounded_number(further, decimals);
    if (check::precision_of(values).decimals < shown) continue;  // seen as rounded more coarsely
    ++changed;
    CAPTURE(i, decimals, trace.steps[id].id, cell, tolerance);
    const check::Report report = check_trace(trace);
    REQUIRE(report.first_wrong() != nullptr);
    CHECK(report.first_wrong()->step == id);
    CHECK(report.count(Verdict::kWrong) == 1);
    const auto& at = report.first_wrong()->cell;
    CHECK(at == std::vector<std::size_t>{cell / values.columns(), cell % values.columns()});
    // And it is no wide tolerance that lets everything pass.
    double largest = 1;
    for (std::size_t k = 0; k < values.count(); ++k) {
      if (std::isfinite(values.at(k))) largest = std::max(largest, std::abs(values.at(k)));
    }
    CHECK(tolerance < 60 * unit * largest);
  }
}

}  // namespace
}  // namespace attn_viz
