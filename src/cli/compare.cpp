// compare: the same input through several settings, side by side.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <sstream>

#include "attn_viz/analysis/comparison_text.hpp"
#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/comparison.hpp"
#include "attn_viz/trace/json.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"
#include "cli/table_option.hpp"

namespace attn_viz::cli {
namespace {

constexpr std::size_t kMostVariants = 12;

/// A choice for one setting: "--score" "cosine".
struct Choice {
  const SettingOption* option = nullptr;  ///< null for --causal
  std::string value;                      ///< for --causal: "yes" or "no"
};

struct CompareOptions {
  std::string input;
  std::optional<std::string> output;
  std::map<std::string, std::vector<std::string>> lists;  ///< option → values
  bool causal = false;
  std::size_t layer = 0;
  std::optional<std::size_t> head;
  analysis::TableFormat table = analysis::TableFormat::kText;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  figure::Fonts fonts;
};

/// "a,b,c" → its parts; of windows, "1,1,2,2" → "1,1" and "2,2".
std::vector<std::string> parts_of(const std::string& text, bool of_windows) {
  std::vector<std::string> parts;
  std::istringstream list(text);
  for (std::string part; std::getline(list, part, ',');) {
    std::string right;
    if (of_windows && std::getline(list, right, ',')) part += ',' + right;
    parts.push_back(part);
  }
  return parts;
}

/// Every combination of the values that were listed.
std::vector<std::vector<Choice>> combinations(const CompareOptions& options) {
  std::vector<std::vector<Choice>> all{{}};
  const auto multiply = [&](const std::vector<Choice>& choices) {
    std::vector<std::vector<Choice>> longer;
    for (const std::vector<Choice>& one : all) {
      for (const Choice& choice : choices) {
        longer.push_back(one);
        longer.back().push_back(choice);
      }
    }
    all = std::move(longer);
    if (all.size() <= kMostVariants) return;
    throw Error(ErrorCode::kUsage, fmt::format("{} settings are too many to compare; at most {}",
                                               all.size(), kMostVariants));
  };
  for (const SettingOption& option : setting_options()) {
    const auto listed = options.lists.find(option.name);
    if (listed == options.lists.end()) continue;
    std::vector<Choice> choices;
    for (const std::string& value : listed->second) choices.push_back({&option, value});
    multiply(choices);
  }
  if (options.causal) multiply({{nullptr, "no"}, {nullptr, "yes"}});
  return all;
}

Overrides overrides_of(const std::vector<Choice>& choices) {
  Overrides overrides;
  for (const Choice& choice : choices) {
    if (choice.option == nullptr) {
      overrides.causal = choice.value == "yes";
    } else {
      choice.option->set(overrides, choice.value);
    }
  }
  return overrides;
}

/// "cosine", "heads 2, causal": a name alone says what it is, a number does not. What all variants
/// share is left out.
std::string name_of(const std::vector<Choice>& choices, const CompareOptions& options) {
  std::string name;
  for (const Choice& choice : choices) {
    std::string word = choice.value == "yes" ? "causal" : "not causal";
    if (choice.option != nullptr) {
      if (options.lists.at(choice.option->name).size() == 1 && choices.size() > 1) continue;
      const std::string_view setting = std::string_view(choice.option->name).substr(2);
      const bool names_itself = setting == "score" || setting == "normalize";
      word = names_itself ? choice.value : fmt::format("{} {}", setting, choice.value);
    }
    name += (name.empty() ? "" : ", ") + word;
  }
  return name;
}

int compare(const CompareOptions& options, Console& console) {
  const std::string shown = shown_name(options.input);
  try {
    const auto settings = combinations(options);
    if (settings.size() < 2) {
      throw Error(ErrorCode::kUsage, "expected at least two settings to compare")
          .hint("list them: --score dot-product,cosine");
    }
    const json::Node document = json::parse(read_file(options.input));
    if (is_trace(document)) {
      throw Error(ErrorCode::kInvalid, "expected an input document, got a trace")
          .hint("give the document that the trace was made from");
    }
    std::vector<analysis::Variant> variants;
    std::optional<Trace> first;
    for (const std::vector<Choice>& choices : settings) {
      console.progress(fmt::format("{}: computing", shown));
      Trace trace = cli::compute(document, options.input, overrides_of(choices));
      variants.push_back(
          analysis::variant_of(trace, name_of(choices, options), options.layer, options.head));
      if (!first) first = std::move(trace);
    }
    const analysis::Comparison comparison = analysis::compare(std::move(variants));
    if (options.output) {
      std::vector<figure::NamedDrawing> drawings;
      drawings.push_back({"compare", figure::variants_figure(comparison, *first)});
      drawings.push_back({"differences", *figure::differences_figure(comparison, *first)});
      make_folder(*options.output);
      MissingGlyphs missing;
      missing.add(write_figures(drawings, options.formats, *options.output, options.fonts), shown);
      missing.warn(console);
    }
    console.print(analysis::comparison_table(comparison, options.table));
  } catch (Error& error) {
    if (error.code() != ErrorCode::kUsage) error.in_file(shown);
    throw;
  }
  return 0;
}

/// The text of --layer or --head as a number.
std::size_t index_of(std::string_view option, const std::string& text) {
  const auto index = parse_number<std::uint32_t>(text);
  if (!index) throw bad_value(option, "a whole number ≥ 0", text);
  return *index;
}

}  // namespace

void add_compare(Program& program, Console& console) {
  const auto options = std::make_shared<CompareOptions>();
  Command& command =
      program.add("compare", "The same input through several settings, side by side");
  command.footer =
      "Example:\n"
      "  attn-viz compare samples/alice.json --score dot-product,cosine,additive -o out\n"
      "prints a table, and draws out/compare.png with the three side by side and\n"
      "out/differences.png with the difference of each two.";
  command.keep("FILE", &options->input, "A document; - reads standard input").required();
  command.keep("-o,--output", &options->output, "Folder for the pictures").value("DIR");
  for (const SettingOption& option : setting_options()) {
    const bool window = std::string_view(option.name) == "--window";
    command
        .text(option.name, fmt::format("{}[,{}…]", option.value, option.value), option.help,
              [options, &option, window](const std::string& text) {
                const auto parts = parts_of(text, window);
                Overrides checked;
                for (const std::string& part : parts) option.set(checked, part);
                options->lists[option.name] = parts;
              })
        .group("Settings to compare (lists; of several, every combination)");
  }
  command.keep("--causal", &options->causal, "Without and with the causal mask")
      .group("Settings to compare (lists; of several, every combination)");
  command.text("--layer", "L", "Layer whose weights are compared; default 0",
               [options](const std::string& text) { options->layer = index_of("--layer", text); });
  command.text("--head", "H", "Head whose weights are compared; default: the mean over the heads",
               [options](const std::string& text) { options->head = index_of("--head", text); });
  add_table_option(command, options->table);
  command.text("--format", "LIST", "Kinds of picture: png (default), svg, pdf",
               [options](const std::string& text) { options->formats = parse_formats(text); });
  add_font_option(command, options->fonts);
  command.act = [options, &console] { return compare(*options, console); };
}

}  // namespace attn_viz::cli
