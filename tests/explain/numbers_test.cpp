// Every number that is printed, put through a calculator of its own.
#include <cstdlib>

#include "arithmetic.hpp"
#include "attn_viz/core/error.hpp"
#include "catch.hpp"
#include "explain/number.hpp"
#include "support.hpp"

namespace attn_viz {
namespace {

using explain::explain_cell;
using explain::explain_weight;

using test::Calculator;
using test::sample_trace;

/// The chains of an explanation in Markdown: each is "left = a ≈ b", its members cut apart.
std::vector<std::vector<std::string>> chains_of(const std::string& markdown) {
  std::vector<std::vector<std::string>> chains;
  bool in_code = false;
  for (std::size_t from = 0, to; (to = markdown.find('\n', from)) != std::string::npos;
       from = to + 1) {
    const std::string line = markdown.substr(from, to - from);
    if (line.substr(0, 3) == "```") {
      in_code = !in_code;
      continue;
    }
    if (!in_code) continue;
    // Between members stands " = " or " ≈ "; a line that begins with a space goes on.
    std::vector<std::string> pieces;
    for (std::string_view rest = line;;) {
      const std::size_t exact = rest.find(" = "), rounded = rest.find(" ≈ ");
      const std::size_t at = std::min(exact, rounded);
      pieces.emplace_back(rest.substr(0, at));
      if (at == std::string_view::npos) break;
      rest.remove_prefix(at + (exact < rounded ? 3 : 5));
    }
    if (line[0] != ' ') chains.emplace_back();
    const auto first = pieces.begin() + (line[0] == ' ' ? 1 : 0);
    chains.back().insert(chains.back().end(), first, pieces.end());
  }
  return chains;
}

/// How many formulas were calculated; "" or the first chain whose members differ.
struct Calculated {
  std::size_t formulas = 0;
  std::string wrong;
};

Calculated calculate(const std::string& markdown, double tolerance) {
  Calculated calculated;
  for (const auto& members : chains_of(markdown)) {
    const auto value = Calculator::value(members.back());
    if (!value) continue;
    for (std::size_t i = 1; i + 1 < members.size(); ++i) {
      const auto formula = Calculator::value(members[i]);
      if (!formula) continue;
      ++calculated.formulas;
      const bool near = *formula == *value ||
                        std::abs(*formula - *value) <= tolerance * std::max(1.0, std::abs(*value));
      if (!near && calculated.wrong.empty()) {
        calculated.wrong = members[0] + " = " + members[i] + " = " + members.back();
      }
    }
  }
  return calculated;
}

TEST_CASE("calculator: the tests' own") {
  CHECK(Calculator::value("1 × 1 + 2 × (−3)") == -5);
  CHECK(Calculator::value("max(1, 2) / √(9 + 7)") == 0.5);
  CHECK(Calculator::value("(1 + 1)^(1 / (3 − 2)) − |−2| + 2²") == 4);
  CHECK(std::abs(*Calculator::value("−1.5 × 10⁻³") + 0.0015) < 1e-15);
  CHECK(Calculator::value("exp(−∞)") == 0);
  CHECK(!Calculator::value("Q[2, 0] × 2"));
  CHECK(!Calculator::value("1 + … 2 more … + 3"));
}

TEST_CASE("explain: what is printed is what comes out, in every sample") {
  explain::Style style{.language = explain::Language::kEnglish,
                       .format = explain::Format::kMarkdown,
                       .digits = 15,
                       .all_terms = true};
  std::size_t formulas = 0, samples = 0;
  for (const std::string& name : test::sample_names()) {
    const Trace trace = sample_trace(name);
    const double tolerance = trace.dtype == DType::kFloat64 ? 1e-9 : 1e-4;
    const auto try_all = [&](const std::string& text) {
      const Calculated calculated = calculate(text, tolerance);
      CAPTURE(name);
      CHECK(calculated.wrong == "");
      formulas += calculated.formulas;
    };
    for (const Step& step : trace.steps) {
      const StepName parsed = parse_step_id(step.id);
      if (parsed.step != "weights" || !parsed.layer) continue;
      const std::string last = std::to_string(step.values.rows() - 1);
      try_all(explain_weight(trace, {.step = step.id, .query = last, .key = "0"}, style));
      if (step.values.columns() < 12) {
        try_all(explain_weight(trace, {.step = step.id, .query = "0"}, style));
      }
      ++samples;
    }
  }
  CHECK(samples > 50);
  CHECK(formulas > 5000);
}

TEST_CASE("explain: a cell of every step of every sample") {
  std::size_t formulas = 0;
  for (const std::string& name : test::sample_names()) {
    const Trace trace = sample_trace(name);
    for (const Step& step : trace.steps) {
      if (step.values.count() == 0) continue;
      std::vector<std::size_t> cell;
      for (const Axis& axis : step.values.axes()) cell.push_back(axis.size - 1);
      for (const auto format :
           {explain::Format::kText, explain::Format::kMarkdown, explain::Format::kLatex}) {
        for (const auto language : {explain::Language::kEnglish, explain::Language::kChinese}) {
          const std::string text =
              explain_cell(trace, step.id, cell, {.language = language, .format = format});
          CHECK(text.find("nan") == std::string::npos);
          if (format != explain::Format::kMarkdown) continue;
          // Rounded to 4 decimals: near, but not the same.
          const Calculated calculated = calculate(text, 0.02);
          CAPTURE(name, step.id);
          CHECK(calculated.wrong == "");
          formulas += calculated.formulas;
        }
      }
    }
  }
  CHECK(formulas > 1000);
}

TEST_CASE("numbers: exact ones in full, others rounded and said to be") {
  const auto text = [](double value, int digits = 4, DType dtype = DType::kFloat64) {
    explain::Style style;
    style.digits = digits;
    const explain::NumberText number = explain::number_text(value, dtype, style);
    return std::string(number.rounded ? "≈ " : "").append(number.text);
  };
  CHECK(text(3) == "3");
  CHECK(text(-0.5) == "−0.5");
  CHECK(text(-0.0) == "0");
  CHECK(text(0.1 + 0.2) == "0.3");
  CHECK(text(0.1f, 4, DType::kFloat32) == "0.1");
  CHECK(text(std::sqrt(2.0)) == "≈ 1.4142");
  CHECK(text(std::sqrt(2.0), 0) == "≈ 1");
  CHECK(text(0.40002) == "≈ 0.4000");
  CHECK(text(1.0 / 3, 2) == "≈ 0.33");
  CHECK(text(1.23456789e-7) == "≈ 1.2346 × 10⁻⁷");
  CHECK(text(0.0005) == "0.0005");
  CHECK(text(0.00001) == "1 × 10⁻⁵");
  CHECK(text(-1e-12) == "−1 × 10⁻¹²");
  CHECK(text(1e20) == "1 × 10²⁰");
  CHECK(text(-std::numeric_limits<double>::infinity()) == "−∞");
}

}  // namespace
}  // namespace attn_viz
