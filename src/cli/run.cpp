// run: load → compute → write, for each input.
#include <fmt/format.h>

#include <filesystem>
#include <map>
#include <memory>

#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "attn_viz/trace/json.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::vector<std::string> inputs;
  std::string output;
  Overrides overrides;
  figure::HeatmapOptions heatmaps;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  figure::Fonts fonts;
  bool no_trace = false, no_heatmaps = false;
};

/// @throws Error kUsage if two inputs would write into one folder.
void expect_different_stems(const std::vector<std::string>& inputs) {
  std::map<std::string, std::string> first;
  for (const std::string& input : inputs) {
    const auto [known, is_new] = first.emplace(stem_of(input), input);
    if (is_new) continue;
    throw Error(ErrorCode::kUsage,
                fmt::format("{} and {} have the same stem, so both would write {}/", known->second,
                            input, stem_of(input)))
        .hint("rename one, or run them one after the other with different -o");
  }
}

void write_trace_file(const Trace& trace, const fs::path& path) {
  AtomicFile file(path);
  write_trace(trace, [&](std::string_view piece) { file.write(piece); });
  file.commit();
}

/// "out/alice: trace.json, heatmap.png, 2 figures in heatmaps/".
std::string summary(const RunOptions& options, const fs::path& folder,
                    const std::vector<figure::NamedDrawing>& figures) {
  std::string list = options.no_trace ? "" : "trace.json";
  const auto add = [&](const std::string& what) { list += (list.empty() ? "" : ", ") + what; };
  if (!figures.empty()) {
    std::size_t count = 0;
    for (const figure::NamedDrawing& figure : figures) {
      const bool below = figure.name.find('/') != std::string::npos;
      count += below ? options.formats.size() : 0;
      for (const figure::Format format : options.formats) {
        if (!below) add(fmt::format("{}.{}", figure.name, name_of(format)));
      }
    }
    add(fmt::format("{} figure{} in heatmaps/", count, count == 1 ? "" : "s"));
  }
  return fmt::format("{}: {}", folder.string(), list.empty() ? "nothing asked for" : list);
}

void run_one(const std::string& input, const RunOptions& options, MissingGlyphs& missing,
             Console& console) {
  console.progress(fmt::format("{}: computing", input));
  const json::Node document = json::parse(read_file(input));
  if (is_trace(document)) {
    throw json::Value(document, "")
        .error("expected an input document, got a trace")
        .hint("give the document that the trace was made from");
  }
  const Trace trace = compute(document, input, options.overrides);
  std::vector<figure::NamedDrawing> figures;
  if (!options.no_heatmaps) {
    for (figure::NamedFigure& each : figure::heatmaps(trace, options.heatmaps)) {
      figures.push_back({std::move(each.name), std::move(each.figure)});
    }
  }

  const fs::path folder = fs::path(options.output) / stem_of(input);
  if (!options.no_trace || !figures.empty()) make_folder(folder);
  if (!options.no_trace) {
    console.progress(fmt::format("{}: writing the trace", input));
    write_trace_file(trace, folder / "trace.json");
  }
  if (!figures.empty()) {
    console.progress(fmt::format("{}: drawing {} figures", input, figures.size()));
    make_folder(folder / "heatmaps");
    missing.add(write_figures(figures, options.formats, folder, options.fonts), shown_name(input));
  }
  console.result(summary(options, folder, figures));
}

/// Every input, also after one has failed. @return the exit code of the first failure, or 0.
int run_all(const RunOptions& options, Console& console) {
  expect_different_stems(options.inputs);
  MissingGlyphs missing;
  int code = 0;
  for (const std::string& input : options.inputs) {
    try {
      run_one(input, options, missing, console);
    } catch (Error& error) {
      console.fail(error.in_file(shown_name(input)));
      if (code == 0) code = static_cast<int>(error.code());
    }
  }
  missing.warn(console);
  return code;
}

}  // namespace

void add_run(Program& program, Console& console) {
  const auto options = std::make_shared<RunOptions>();
  Command& command = program.add("run", "Compute attention; write the trace and heatmaps");
  command.footer =
      "Example:\n"
      "  attn-viz run samples/alice.json -o out --causal\n"
      "writes out/alice/trace.json, out/alice/heatmap.png with both heads, and one picture for\n"
      "each head in out/alice/heatmaps/.";
  command.keep("INPUT", &options->inputs, "Documents (JSON); - reads standard input").required();
  command.keep("-o,--output", &options->output, "Folder; each input gets one of its own in it")
      .value("DIR")
      .required();
  command.text("--draw", "WHAT",
               "weights (default), or all: also Q, K, V, scores, outputs, parameters",
               [options](const std::string& text) {
                 constexpr std::string_view kKnown[] = {"weights", "all"};
                 options->heatmaps.all_steps = expect_name("--draw", "choice", text, kKnown) == 1;
               });
  command.text(
      "--color-scale", "NAME", "unit (default): weights from 0 to 1; auto: the range of the data",
      [options](const std::string& text) {
        constexpr std::string_view kKnown[] = {"unit", "auto"};
        options->heatmaps.auto_scale = expect_name("--color-scale", "scale", text, kKnown) == 1;
      });
  command
      .keep("--query", &options->heatmaps.query,
            "Query whose weights are drawn as a map of patches: index or label")
      .value("QUERY");
  command.text("--format", "LIST", "Kinds of picture: png (default), svg, pdf",
               [options](const std::string& text) { options->formats = parse_formats(text); });
  add_font_option(command, options->fonts);
  command.keep("--no-trace", &options->no_trace, "Do not write trace.json");
  command.keep("--no-heatmaps", &options->no_heatmaps, "Do not draw");
  add_setting_options(command, options->overrides);
  command.act = [options, &console] { return run_all(*options, console); };
}

}  // namespace attn_viz::cli
