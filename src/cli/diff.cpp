// diff: two traces, step by step.
#include <cmath>
#include <memory>

#include "attn_viz/analysis/difference_text.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

struct DiffOptions {
  std::string first, second;
  double tolerance = 1e-9;
  bool json = false;
  Overrides overrides;
};

int diff(const DiffOptions& options, Console& console) {
  if (options.first == "-" && options.second == "-") {
    throw Error(ErrorCode::kUsage,
                "standard input can be read only once; name a file for one of both");
  }
  const Trace first = load_trace(options.first, options.overrides);
  const Trace second = load_trace(options.second, options.overrides);
  const auto steps = analysis::differences(first, second, options.tolerance);
  const analysis::Compared compared{&first, &second, shown_name(options.first),
                                    shown_name(options.second), options.tolerance};
  console.print(options.json ? analysis::difference_json(steps, compared)
                             : analysis::difference_text(steps, compared));
  for (const analysis::StepDifference& step : steps) {
    if (step.differs()) return 1;
  }
  return 0;
}

}  // namespace

void add_diff(Program& program, Console& console) {
  const auto options = std::make_shared<DiffOptions>();
  Command& command = program.add("diff", "Two traces, step by step");
  command.footer =
      "Example:\n"
      "  attn-viz run samples/tom-jerry.json -o out\n"
      "  attn-viz diff samples/tom-jerry.json out/tom-jerry/trace.json\n"
      "says that all steps are the same. Exit code 1 if they are not.";
  command.keep("A", &options->first, "A trace or a document; - reads standard input").required();
  command.keep("B", &options->second, "Another").required();
  command.text("--tolerance", "X",
               "Numbers a and b are the same if |a - b| ≤ X max(1, |a|, |b|); default 1e-9",
               [options](const std::string& text) {
                 const auto number = parse_number<double>(text);
                 if (!number || !(*number >= 0) || std::isinf(*number)) {
                   throw bad_value("--tolerance", "a number ≥ 0", text);
                 }
                 options->tolerance = *number;
               });
  command.keep("--json", &options->json, "Print JSON");
  add_setting_options(command, options->overrides);
  command.act = [options, &console] { return diff(*options, console); };
}

}  // namespace attn_viz::cli
