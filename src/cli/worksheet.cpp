// worksheet: an exercise with blank steps, and its key.
#include "attn_viz/explain/worksheet.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>

#include "attn_viz/core/files.hpp"
#include "attn_viz/core/json_write.hpp"
#include "attn_viz/input/exercise.hpp"
#include "attn_viz/trace/json.hpp"
#include "attn_viz/trace/select.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

struct WorksheetOptions {
  std::string input, blank, output, answers, document;
  explain::SheetSettings sheet;
};

/// The steps that are listed: names, ids or patterns, each step once, in the trace's order.
std::vector<const Step*> listed_steps(const Trace& trace, const std::string& list) {
  std::vector<const Step*> steps;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    if (name.empty()) continue;
    const auto found = select_steps(trace, {.step = name});
    steps.insert(steps.end(), found.begin(), found.end());
  }
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  if (steps.empty()) throw bad_value("--blank", "names of steps: scores,weights", list);
  return steps;
}

/// The numbers of a step, or "?" for each, nested to its shape; a masked score is null.
/// @param first  the position of the first number
json::Node cells_of(const Tensor& values, bool filled, std::size_t axis = 0,
                    std::size_t first = 0) {
  json::Node node;
  if (axis < values.rank()) {
    node.kind = json::Kind::kArray;
    std::size_t below = 1;  // numbers of one item
    for (std::size_t i = axis + 1; i < values.rank(); ++i) below *= values.size(i);
    for (std::size_t i = 0; i < values.size(axis); ++i) {
      node.items.push_back(cells_of(values, filled, axis + 1, first + i * below));
    }
  } else if (!filled) {
    node.kind = json::Kind::kText;
    node.text.push_back('?');
  } else if (std::isfinite(values.at(first))) {
    node.kind = json::Kind::kNumber;
    node.number = values.at(first);
  }
  return node;
}

/// The document with one more key: the blank steps, to be answered, or solved.
std::string answer_sheet(json::Node document, const explain::SheetPlan& plan, bool solved) {
  const auto old = std::find_if(document.members.begin(), document.members.end(),
                                [](const auto& member) { return member.first == "steps"; });
  if (old != document.members.end()) document.members.erase(old);
  json::Node steps;
  steps.kind = json::Kind::kObject;
  for (const Step* step : plan.blank) {
    steps.members.emplace_back(step->id, cells_of(step->values, solved));
  }
  document.members.emplace_back("steps", std::move(steps));
  return json::document_text(document);
}

bool is_csv(const std::string& name) {
  return name.ends_with(".csv");
}

int write_worksheet(const WorksheetOptions& options, Console& console) {
  try {
    json::Node document = json::parse(read_file(options.input));
    if (is_trace(document)) {
      throw Error(ErrorCode::kInvalid, "expected an input document, got a trace")
          .hint("give the document that the trace was made from");
    }
    if (options.sheet.seed) document = with_small_numbers(document, *options.sheet.seed);
    const Trace trace = compute(document, options.input, {});
    const explain::SheetPlan plan = explain::plan_sheet(trace, listed_steps(trace, options.blank));
    const std::string sheet = explain::sheet(trace, plan, options.sheet);
    if (!options.document.empty()) write_file(options.document, json::document_text(document));
    if (!options.answers.empty()) {
      write_file(options.answers,
                 is_csv(options.answers)
                     ? explain::answers_csv(plan, options.sheet.solved)
                     : answer_sheet(std::move(document), plan, options.sheet.solved));
    }
    if (options.output.empty()) {
      console.print(sheet);
    } else {
      write_file(options.output, sheet);
    }
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown_name(options.input));
    throw;
  }
  return 0;
}

}  // namespace

void add_worksheet(Program& program, Console& console) {
  const auto options = std::make_shared<WorksheetOptions>();
  Command& command = program.add("worksheet", "An exercise with blank steps, and its key");
  command.footer =
      "Example, a sheet for student 7 with its answers to be checked:\n"
      "  attn-viz worksheet samples/three-tokens.json --blank scores,weights --seed 7 \\\n"
      "    -o sheet.md --document student7.json --answers student7.csv\n"
      "  attn-viz check student7.csv --document student7.json\n"
      "With --key, the same numbers solved.";
  command.keep("FILE", &options->input, "A document; - reads standard input").required();
  command
      .keep("--blank", &options->blank,
            "Steps to be worked out: names, ids or patterns (scores,weights)")
      .value("LIST")
      .required();
  command.text(
      "--format", "NAME", "markdown (default), latex or html", [options](const std::string& text) {
        constexpr std::string_view kKnown[] = {"markdown", "latex", "html"};
        options->sheet.format =
            static_cast<explain::SheetFormat>(expect_name("--format", "format", text, kKnown));
      });
  command.text("--seed", "N", "Other numbers, small and whole: each seed gives another sheet",
               [options](const std::string& text) {
                 options->sheet.seed = parse_number<std::uint32_t>(text);
                 if (!options->sheet.seed) {
                   throw bad_value("--seed", "a whole number from 0 to 4294967295", text);
                 }
               });
  command.keep("--key", &options->sheet.solved, "The solved sheet");
  command.text("--digits", "N", "Decimals of the key's numbers, 0 to 15; 4 by default",
               [options](const std::string& text) {
                 const auto digits = parse_number<int>(text);
                 if (!digits || *digits < 0 || *digits > 15) {
                   throw bad_value("--digits", "a whole number from 0 to 15", text);
                 }
                 options->sheet.digits = *digits;
               });
  command.keep("-o,--output", &options->output, "The sheet; standard output by default")
      .value("FILE");
  command
      .keep("--answers", &options->answers, "Also write a form for the answers, which check reads")
      .value("FILE.csv|FILE.json");
  command
      .keep("--document", &options->document,
            "Also write the document with the numbers of the sheet")
      .value("FILE.json");
  command.act = [options, &console] { return write_worksheet(*options, console); };
}

}  // namespace attn_viz::cli
