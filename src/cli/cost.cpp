// cost: what a file costs, and how the costs of layers grow with the length of their input.
#include <fmt/format.h>

#include <memory>
#include <set>
#include <sstream>

#include "attn_viz/analysis/cost_text.hpp"
#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/cost_charts.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"
#include "cli/table_option.hpp"

namespace attn_viz::cli {
namespace {

constexpr std::size_t kMostLengths = 64;

struct CostOptions {
  std::string input;
  std::vector<std::size_t> lengths;
  std::optional<std::size_t> width, kernel, neighbourhood;
  std::optional<std::string> output;
  analysis::TableFormat table = analysis::TableFormat::kText;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  figure::Theme theme = figure::Theme::kLight;
  figure::Fonts fonts;
  Overrides overrides;
};

/// A whole number from `least` to 2⁴⁰.
std::size_t size_of(std::string_view option, const std::string& text, std::size_t least) {
  const auto size = parse_number<std::size_t>(text);
  if (size && *size >= least && *size <= analysis::kLargestSize) return *size;
  throw bad_value(option,
                  fmt::format("a whole number from {} to {}", least, analysis::kLargestSize), text);
}

/// "64..1024,1000" → 64, 128, …, 1000, 1024: a range doubles from its first number on.
std::vector<std::size_t> parse_lengths(const std::string& text) {
  std::set<std::size_t> lengths;
  std::istringstream list(text);
  for (std::string part; std::getline(list, part, ',');) {
    const std::size_t dots = part.find("..");
    const std::size_t first = size_of("--n", part.substr(0, dots), 1);
    std::size_t last = first;
    if (dots != std::string::npos) last = size_of("--n", part.substr(dots + 2), 1);
    if (last < first) throw bad_value("--n", "a range that ascends", part);
    for (std::size_t n = first; n <= last; n *= 2) lengths.insert(n);
  }
  if (lengths.empty()) throw bad_value("--n", "lengths such as 64..65536 or 100,1000", text);
  if (lengths.size() > kMostLengths) {
    throw bad_value("--n", fmt::format("at most {} lengths", kMostLengths), text);
  }
  return {lengths.begin(), lengths.end()};
}

/// As asked, else as the file has them, else those of the paper's base model.
analysis::LayerSizes sizes_of(const CostOptions& options, const analysis::KnownSizes& known) {
  analysis::LayerSizes sizes;
  const auto choose = [](std::size_t& size, const auto& asked, const auto& from_file) {
    if (asked)
      size = *asked;
    else if (from_file)
      size = *from_file;
  };
  choose(sizes.width, options.width, known.width);
  choose(sizes.heads, options.overrides.heads, known.heads);
  choose(sizes.kernel, options.kernel, known.kernel);
  choose(sizes.neighbourhood, options.neighbourhood, known.neighbourhood);
  sizes.lengths = options.lengths.empty() ? analysis::default_lengths(sizes.width, known.length)
                                          : options.lengths;
  return sizes;
}

/// Without a document, --heads is a size like the others, and other settings say nothing.
void expect_sizes_only(Overrides overrides) {
  overrides.heads.reset();
  if (!overrides.any()) return;
  throw Error(ErrorCode::kUsage, "there is no document whose settings could be changed")
      .hint("name one, or give sizes alone: --n, --d, --heads, --kernel, --neighbourhood");
}

int cost(const CostOptions& options, Console& console) {
  analysis::CostReport report;
  analysis::KnownSizes known;
  if (!options.input.empty()) {
    const Trace trace = load_trace(options.input, options.overrides);
    try {
      report.file = analysis::cost_of(trace);
    } catch (Error& error) {
      throw error.in_file(shown_name(options.input));
    }
    known = analysis::known_sizes(trace, report.file->layers);
  } else {
    expect_sizes_only(options.overrides);
  }
  report.growth = analysis::growth_of(sizes_of(options, known));
  if (options.output) {
    std::vector<figure::NamedDrawing> drawings;
    drawings.push_back({"cost", figure::multiply_adds_chart(report.growth, options.theme)});
    drawings.push_back({"memory", figure::memory_chart(report.growth, options.theme)});
    make_folder(*options.output);
    MissingGlyphs missing;
    missing.add(write_figures(drawings, options.formats, *options.output, options.fonts), "cost");
    missing.warn(console);
  }
  console.print(analysis::cost_report(report, options.table));
  return 0;
}

}  // namespace

void add_cost(Program& program, Console& console) {
  const auto options = std::make_shared<CostOptions>();
  Command& command = program.add(
      "cost", "Parameters, operations, memory and path lengths, also over growing inputs");
  command.footer =
      "Examples:\n"
      "  attn-viz cost samples/tagging-stack.json\n"
      "counts what its trace computes;\n"
      "  attn-viz cost --n 64..65536 --d 512 --kernel 3 --neighbourhood 64 -o out\n"
      "prints how layers grow, and draws out/cost.png with the crossover n = d.";
  command.keep("FILE", &options->input,
               "Trace or document; - reads standard input; may be left out");
  constexpr const char* kSizes = "Sizes of the table (default: those of FILE)";
  const auto size = [&](const char* name, const char* value, const char* help, std::size_t least,
                        std::optional<std::size_t> CostOptions::*place) {
    command
        .text(name, value, help,
              [options, name, least, place](const auto& text) {
                (*options).*place = size_of(name, text, least);
              })
        .group(kSizes);
  };
  command
      .text("--n", "LIST", "Lengths: 64..65536 doubles, 100,1000 lists; default: around n = d",
            [options](const std::string& text) { options->lengths = parse_lengths(text); })
      .group(kSizes);
  size("--d", "N", "Width of the layers (512)", 1, &CostOptions::width);
  size("--kernel", "N", "Width of the kernel of a convolution (3)", 2, &CostOptions::kernel);
  size("--neighbourhood", "N", "Positions that restricted attention sees (64)", 2,
       &CostOptions::neighbourhood);
  add_table_option(command, options->table);
  command.keep("-o,--output", &options->output, "Folder for the charts").value("DIR");
  command.text("--format", "LIST", "Kinds of picture: png (default), svg, pdf",
               [options](const std::string& text) {
                 try {
                   options->formats = parse_formats(text);
                 } catch (Error& error) {
                   if (error.hint().empty()) error.hint("for the form of the table: --table");
                   throw;
                 }
               });
  command.text("--theme", "NAME", "light (default), dark, or print",
               [options](const std::string& text) { options->theme = parse_theme(text); });
  add_font_option(command, options->fonts);
  add_setting_options(command, options->overrides);
  command.act = [options, &console] { return cost(*options, console); };
}

}  // namespace attn_viz::cli
