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

std::vector<figure::NamedDrawing> drawings_of(const Trace& trace, const HeatmapRequest&) {
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
  if (request.story.wanted()) {
    console.progress(fmt::format("{}: drawing its story", name));
    make_folder(request.output);
    warn_of_missing(
        draw_story(trace, request.story, request.story_of, request.formats, request.output), name,
        console);
    return 0;
  }
  const std::vector<figure::NamedDrawing> drawings = drawings_of(trace, request);
  console.progress(fmt::format("{}: drawing {} figures", name, drawings.size()));
  make_folder(request.output);
  warn_of_missing(write_figures(drawings, request.formats, request.output), name, console);
  return 0;
}

/// Which head, which query, and what the pictures are looked at on.
void add_choice_options(CLI::App& command, figure::StoryOptions& options) {
  const auto add_index = [&](const std::string& name, const std::string& help, std::size_t& index) {
    add_text_option(command, name, "N", help, [&index, name](const std::string& text) {
      const auto number = parse_number<std::size_t>(text);
      if (!number) throw bad_value(name, "a whole number from 0 on", text);
      index = *number;
    });
  };
  add_index("--layer", "Layer (default 0)", options.layer);
  add_index("--head", "Head (default 0)", options.head);
  add_text_option(command, "--query", "QUERY", "Query whose row is outlined: index or label",
                  [&options](const std::string& text) { options.query = text; });
  add_text_option(command, "--theme", "NAME", "light (default), dark or print",
                  [&options](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"light", "dark", "print"};
                    constexpr figure::Theme kThemes[] = {
                        figure::Theme::kLight, figure::Theme::kDark, figure::Theme::kPrint};
                    options.theme = kThemes[expect_name("--theme", "theme", text, kKnown)];
                  });
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
  add_story_options(command, request->story);
  add_choice_options(command, request->story_of);
  add_setting_options(command, request->overrides);
  return {&command, [request, &console] { return draw(*request, console); }};
}

}  // namespace attn_viz::cli
