// heatmap: chosen steps of one file as pictures.
#include "cli/heatmap.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/heatmaps.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

std::vector<figure::NamedDrawing> drawings_of(const Trace& trace, const HeatmapRequest& request) {
  if (request.overlay.asked) return overlay_drawings(trace, request);
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
  warn_of_missing(write_figures(drawings, request.formats, request.output), name, console);
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
  add_overlay_options(command, *request);
  add_setting_options(command, request->overrides);
  return {&command, [request, &console] { return draw(*request, console); }};
}

}  // namespace attn_viz::cli
