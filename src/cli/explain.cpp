// explain: load → explain → print.
#include <fmt/format.h>

#include <memory>

#include "attn_viz/core/files.hpp"
#include "attn_viz/explain/explain.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"

namespace attn_viz::cli {
namespace {

struct ExplainOptions {
  std::string input, output;
  explain::Question question;
  std::optional<std::vector<std::size_t>> cell;
  explain::Style style;
  bool place_named = false;  ///< --layer or --head
  Overrides overrides;
};

std::vector<std::size_t> parse_cell(const std::string& text) {
  std::vector<std::size_t> indices;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const auto index = parse_number<std::uint32_t>(rest.substr(0, comma));
    if (!index) throw bad_value("--cell", "I,J, an index for each axis", text);
    indices.push_back(*index);
    if (comma == std::string_view::npos) return indices;
    rest.remove_prefix(comma + 1);
  }
}

/// Either a weight or a cell is asked about.
void expect_question(const ExplainOptions& options) {
  const explain::Question& question = options.question;
  const auto refuse = [](const char* message, const char* hint) {
    return Error(ErrorCode::kUsage, message).hint(hint);
  };
  if (options.cell) {
    if (question.step.empty()) throw refuse("--cell needs --step", "name the step: --step ID");
    if (!question.query.empty() || question.key || options.place_named) {
      throw refuse("--cell asks about one cell of one step",
                   "leave out --query, --key, --layer and --head");
    }
  } else if (question.query.empty()) {
    throw refuse("nothing is asked",
                 "name a query, --query Jerry, or a cell, --step ID --cell I,J");
  } else if (!question.step.empty() && options.place_named) {
    throw refuse("--step names the weights already", "leave out --layer and --head");
  }
}

int explain_file(const ExplainOptions& options, Console& console) {
  expect_question(options);
  const Trace trace = load_trace(options.input, options.overrides);
  std::string text;
  try {
    text = options.cell
               ? explain::explain_cell(trace, options.question.step, *options.cell, options.style)
               : explain::explain_weight(trace, options.question, options.style);
  } catch (Error& error) {
    throw error.in_file(shown_name(options.input));
  }
  if (options.output.empty()) {
    text.pop_back();  // the line ends by itself
    console.result(text);
  } else {
    write_file(options.output, text);
  }
  return 0;
}

void add_question_options(Command& command, const std::shared_ptr<ExplainOptions>& options) {
  const auto index = [options](const char* name, std::size_t explain::Question::*place) {
    return [options, name, place](const std::string& text) {
      const auto number = parse_number<std::uint32_t>(text);
      if (!number) throw bad_value(name, "a whole number ≥ 0", text);
      options->question.*place = *number;
      options->place_named = true;
    };
  };
  command.keep("FILE", &options->input, "Trace or document; - reads standard input").required();
  command.keep("--query", &options->question.query, "Query: index or label").value("QUERY");
  command.text("--key", "KEY", "Key: index or label; without it, the whole row",
               [options](const std::string& text) { options->question.key = text; });
  command.text("--layer", "N", "Layer (default 0)", index("--layer", &explain::Question::layer));
  command.text("--head", "N", "Head (default 0)", index("--head", &explain::Question::head));
  command
      .keep("--step", &options->question.step,
            "Step of any kind, with --cell; or the weights that --query is about")
      .value("ID");
  command.text("--cell", "I,J", "Cell of the step: an index for each axis",
               [options](const std::string& text) { options->cell = parse_cell(text); });
}

void add_style_options(Command& command, const std::shared_ptr<ExplainOptions>& options) {
  command.text("--format", "NAME", "text (default), markdown or latex",
               [options](const std::string& text) {
                 constexpr std::string_view kKnown[] = {"text", "markdown", "latex"};
                 options->style.format =
                     static_cast<explain::Format>(expect_name("--format", "format", text, kKnown));
               });
  command.text("--lang", "NAME", "en (default) or zh", [options](const std::string& text) {
    constexpr std::string_view kKnown[] = {"en", "zh"};
    options->style.language =
        static_cast<explain::Language>(expect_name("--lang", "language", text, kKnown));
  });
  command.text("--digits", "N", "Decimals of rounded numbers, 0 to 15 (default 4)",
               [options](const std::string& text) {
                 const auto digits = parse_number<std::uint32_t>(text);
                 if (!digits || *digits > 15) {
                   throw bad_value("--digits", "a whole number from 0 to 15", text);
                 }
                 options->style.digits = static_cast<int>(*digits);
               });
  command.keep("--all-terms", &options->style.all_terms, "Long sums and lists in full");
  command.keep("-o,--output", &options->output, "File instead of standard output").value("FILE");
}

}  // namespace

void add_explain(Program& program, Console& console) {
  const auto options = std::make_shared<ExplainOptions>();
  Command& command =
      program.add("explain", "The arithmetic of a weight or a cell, with its numbers");
  command.footer =
      "Examples:\n"
      "  attn-viz explain samples/three-tokens.json --query yellow --key red\n"
      "follows the weight of yellow on red from the embeddings to the output;\n"
      "  attn-viz explain samples/three-tokens.json --step layer0/head0/scores --cell 2,0\n"
      "shows how one cell of one step comes about.";
  add_question_options(command, options);
  add_style_options(command, options);
  add_setting_options(command, options->overrides);
  command.act = [options, &console] { return explain_file(*options, console); };
}

}  // namespace attn_viz::cli
