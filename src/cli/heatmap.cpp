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
    try {
      const DrawnStory drawn = draw_story(trace, request.story, request.formats, request.output);
      warn_of_missing(drawn.missing_glyphs, name, console);
      console.result(fmt::format("{}: {}", request.output, drawn.files));
    } catch (Error& error) {
      if (error.code() == ErrorCode::kInvalid) error.in_file(name);
      throw;
    }
    return 0;
  }
  const std::vector<figure::NamedDrawing> drawings = drawings_of(trace, request);
  console.progress(fmt::format("{}: drawing {} figures", name, drawings.size()));
  make_folder(request.output);
  warn_of_missing(write_figures(drawings, request.formats, request.output), name, console);
  return 0;
}

/// Which head, which query, and what the pictures are looked at on.
void add_choice_options(CLI::App& command, StoryRequest& story) {
  add_text_option(command, "--layer", "N", "Layer (default 0)",
                  [&story](const std::string& text) { story.layer = text; });
  add_text_option(command, "--head", "N", "Head (default 0)",
                  [&story](const std::string& text) { story.head = text; });
  add_text_option(command, "--query", "QUERY", "Query whose row is outlined: index or label",
                  [&story](const std::string& text) { story.query = text; });
  add_text_option(command, "--theme", "NAME", "light (default), dark or print",
                  [&story](const std::string& text) {
                    constexpr std::string_view kKnown[] = {"light", "dark", "print"};
                    constexpr figure::Theme kThemes[] = {
                        figure::Theme::kLight, figure::Theme::kDark, figure::Theme::kPrint};
                    story.theme = kThemes[expect_name("--theme", "theme", text, kKnown)];
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
  add_choice_options(command, request->story);
  add_setting_options(command, request->overrides);
  return {&command, [request, &console] { return draw(*request, console); }};
}

}  // namespace attn_viz::cli
