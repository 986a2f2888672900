// Worksheets: what is given and what is asked for, and the exact sheets.
#include "attn_viz/explain/worksheet.hpp"

#include "catch.hpp"
#include "support/problems.hpp"
#include "support/tensors.hpp"

namespace attn_viz::explain {
namespace {

Trace small_trace() {
  Problem problem = test::problem_of(test::matrix({{1, 0}, {0, 2}}));
  problem.title = "Two | tokens";
  problem.axis.labels = {"a_b", "<c>"};
  return run_attention(problem);
}

std::vector<const Step*> steps_named(const Trace& trace, const std::vector<std::string>& ids) {
  std::vector<const Step*> steps;
  for (const std::string& id : ids) steps.push_back(trace.find("layer0/head0/" + id));
  return steps;
}

std::vector<std::string> names(const std::vector<const Step*>& steps) {
  std::vector<std::string> all;
  for (const Step* step : steps) all.push_back(step->id.substr(step->id.rfind('/') + 1));
  return all;
}

TEST_CASE("worksheet: what follows from a blank step is not told") {
  const Trace trace = small_trace();
  const SheetPlan plan = plan_sheet(trace, steps_named(trace, {"scores", "weights"}));
  CHECK(names(plan.given) == std::vector<std::string>{"embeddings", "W_Q", "W_K", "query", "key"});
  CHECK(names(plan.between) == std::vector<std::string>{"scaled_scores"});
  CHECK(names(plan.blank) == std::vector<std::string>{"scores", "weights"});
  // One blank step in the middle: its inputs are given, nothing behind it is.
  const SheetPlan one = plan_sheet(trace, steps_named(trace, {"weights"}));
  CHECK(names(one.given).back() == "scaled_scores");
  CHECK(one.between.empty());
}

TEST_CASE("worksheet: given steps and huge grids cannot be blank") {
  const Trace trace = small_trace();
  CHECK_THROWS_WITH(plan_sheet(trace, steps_named(trace, {"W_Q"})),
                    "layer0/head0/W_Q: expected a computed step to leave blank, got a given one");
  const Trace large = run_attention(test::problem_of(test::random_tensor({21, 2}, "x")));
  CHECK_THROWS_WITH(plan_sheet(large, steps_named(large, {"scores"})),
                    "layer0/head0/scores: a grid of [21, 21] is too large to be filled by hand; "
                    "at most 400 cells");
}

TEST_CASE("worksheet: the exact Markdown, blank and solved") {
  const Trace trace = small_trace();
  const SheetPlan plan = plan_sheet(trace, steps_named(trace, {"weights"}));
  const std::string blank = sheet(trace, plan, {.seed = 5});
  CHECK(blank.rfind("# Two \\| tokens\n\nName: ______________________________ Exercise 5.\n", 0) ==
        0);
  CHECK(blank.find("**S\\_scaled** (layer0/head0/scaled\\_scores): "
                   "`S_scaled = scale · S, scale ≈ 0.7071`\n\n"
                   "|   | a\\_b | \\<c\\> |\n| :-- | --: | --: |\n"
                   "| a\\_b | 0.7071 | 0 |\n| \\<c\\> | 0 | 2.8284 |\n") != std::string::npos);
  const std::string grid =
      "\n## Work out\n\n"
      "**A** (layer0/head0/weights): `A = softmax(S_scaled)`\n\n"
      "|   | a\\_b | \\<c\\> |\n| :-- | --: | --: |\n"
      "| a\\_b |        |        |\n| \\<c\\> |        |        |\n";
  CHECK(blank.substr(blank.size() - grid.size()) == grid);
  const std::string key = sheet(trace, plan, {.solved = true, .digits = 2, .seed = {}});
  CHECK(key.find("Key. Numbers with more than 2 decimals are rounded.\n") != std::string::npos);
  CHECK(key.find("| a\\_b | 0.67 | 0.33 |\n| \\<c\\> | 0.06 | 0.94 |\n") != std::string::npos);
}

TEST_CASE("worksheet: HTML and LaTeX escape labels and hold the same numbers") {
  const Trace trace = small_trace();
  const SheetPlan plan = plan_sheet(trace, steps_named(trace, {"weights"}));
  const std::string html =
      sheet(trace, plan, {.format = SheetFormat::kHtml, .solved = true, .seed = {}});
  CHECK(html.find("<th>&lt;c&gt;</th><td>0.0558</td><td>0.9442</td>") != std::string::npos);
  CHECK(html.find("<c>") == std::string::npos);
  CHECK(html.find("http") == std::string::npos);
  const std::string latex = sheet(trace, plan, {.format = SheetFormat::kLatex, .seed = {}});
  CHECK(latex.find("a\\_b & \\hspace*{4em} & \\hspace*{4em} \\\\") != std::string::npos);
  CHECK(latex.find("\\end{document}") != std::string::npos);
}

TEST_CASE("worksheet: the form for answers") {
  const Trace trace = small_trace();
  const SheetPlan plan = plan_sheet(trace, steps_named(trace, {"scores", "weights"}));
  CHECK(answers_csv(plan, false) ==
        "step,row,values\n"
        "layer0/head0/scores,0,?,?\nlayer0/head0/scores,1,?,?\n"
        "layer0/head0/weights,0,?,?\nlayer0/head0/weights,1,?,?\n");
  CHECK(answers_csv(plan_sheet(trace, steps_named(trace, {"scores"})), true) ==
        "step,row,values\nlayer0/head0/scores,0,1,0\nlayer0/head0/scores,1,0,4\n");
}

}  // namespace
}  // namespace attn_viz::explain
