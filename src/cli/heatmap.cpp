// heatmap: chosen steps of one file as pictures.
#include "cli/heatmap.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/heatmap_lines.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

std::vector<figure::NamedDrawing> drawings_of(const Trace& trace, const HeatmapRequest& request) {
  if (request.lines) return line_drawings(trace, request.steps, request.line_options);
  std::vector<figure::NamedDrawing> drawings;
  for (figure::NamedFigure& each : figure::heatmaps(trace)) {
    drawings.push_back({std::move(each.name), std::move(each.figure)});
  }
  return drawings;
}

int draw(const HeatmapRequest& request, Console& console) {
  const std::string name = shown_name(request.input);
  console.progress(fmt::format("{}: computing", name));
  const Trace trace = load_trace(request.input, request.overrides);
  const std::vector<figure::NamedDrawing> drawings = drawings_of(trace, request);
  console.progress(fmt::format("{}: drawing {} figures", name, drawings.size()));
  make_folder(request.output);
  MissingGlyphs missing;
  missing.add(write_figures(drawings, request.formats, request.output, request.fonts), name);
  missing.warn(console);
  return 0;
}

}  // namespace

Subcommand add_heatmap(CLI::App& app, Console& console) {
  const auto request = std::make_shared<HeatmapRequest>();
  CLI::App& command = *app.add_subcommand("heatmap", "Draw chosen steps as PNG, SVG or PDF");
  command.add_option("FILE", request->input, "A trace or a document; - reads standard input")
      ->required();
  command.add_option("-o,--output", request->output, "Folder for the pictures")
      ->type_name("DIR")
      ->required();
  add_text_option(command, "--format", "LIST", "Kinds of picture: png (default), svg, pdf",
                  [request](const std::string& text) { request->formats = parse_formats(text); });
  add_text_option(command, "--style", "NAME",
                  "heatmap (default), or lines: tokens in two columns, joined by their weights",
                  [request](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"heatmap", "lines"};
                    request->lines = expect_name("--style", "style", text, kKnown) == 1;
                  });
  command.add_option("--layer", request->steps.layer, "Layers: 0 or 0,2-3; all")->type_name("LIST");
  command.add_option("--head", request->steps.head, "Heads: 0 or 0,2-3; all")->type_name("LIST");
  command
      .add_option("--query", request->line_options.query,
                  "Query whose lines stand out: an index or a label")
      ->type_name("QUERY");
  add_font_option(command, request->fonts);
  add_setting_options(command, request->overrides);
  return {&command, [request, &console] { return draw(*request, console); }};
}

}  // namespace attn_viz::cli
