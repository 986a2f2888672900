// heatmap: chosen steps of one file as pictures.
#include "cli/heatmap.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "attn_viz/core/files.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/pictures.hpp"

namespace attn_viz::cli {
namespace {

/// Which kind of picture; maps if no other is asked for.
std::vector<figure::NamedDrawing> drawings_of(const Trace& trace, const HeatmapRequest& request) {
  if (request.style == Style::kLines) return line_drawings(trace, request);
  if (request.style == Style::kOverlay) return overlay_drawings(trace, request);
  std::vector<figure::NamedDrawing> drawings;
  for (figure::NamedFigure& each :
       figure::selected_heatmaps(trace, request.selection, request.look)) {
    drawings.push_back({std::move(each.name), std::move(each.figure)});
  }
  return drawings;
}

/// "out: heatmap.png, layer0-head0-weights.png and 7 more".
std::string summary(const HeatmapRequest& request,
                    const std::vector<figure::NamedDrawing>& drawings) {
  constexpr std::size_t kNamed = 4;
  std::vector<std::string> names;
  for (const figure::NamedDrawing& drawing : drawings) {
    for (const figure::Format format : request.formats) {
      names.push_back(fmt::format("{}.{}", drawing.name, name_of(format)));
    }
  }
  const std::size_t shown = names.size() > kNamed + 1 ? kNamed : names.size();
  std::string list = fmt::format(
      "{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (shown < names.size()) list += fmt::format(" and {} more", names.size() - shown);
  return fmt::format("{}: {}", request.output, list);
}

void tell(const DrawnStory& drawn, const HeatmapRequest& request, Console& console) {
  MissingGlyphs missing;
  missing.add(drawn.missing_glyphs, shown_name(request.input));
  missing.warn(console);
  console.result(fmt::format("{}: {}", request.output, drawn.files));
}

int draw(const HeatmapRequest& request, Console& console) {
  const auto& formats = request.formats;
  expect_pixels(request.dpi, formats);
  const std::string name = shown_name(request.input);
  console.progress(fmt::format("{}: computing", name));
  const Trace trace = load_trace(request.input, request.overrides);
  try {
    if (request.story.wanted()) {
      console.progress(fmt::format("{}: drawing its story", name));
      tell(draw_story(trace, request), request, console);
      return 0;
    }
    const std::vector<figure::NamedDrawing> drawings = drawings_of(trace, request);
    console.progress(fmt::format("{}: drawing {} figures", name, drawings.size()));
    make_folder(request.output);
    const Painted painted =
        paint_figures(drawings, formats, request.output, request.dpi, request.fonts);
    MissingGlyphs missing;
    missing.add(painted.missing_glyphs, name);
    missing.warn(console);
    console.result(summary(request, drawings));
    print_captions(drawings, painted, console);
  } catch (Error& error) {
    if (error.code() == ErrorCode::kInvalid) error.in_file(name);
    throw;
  }
  return 0;
}

}  // namespace

void add_heatmap(Program& program, Console& console) {
  const auto request = std::make_shared<HeatmapRequest>();
  Command& command = program.add("heatmap", "Draw chosen steps as PNG, SVG or PDF");
  command.footer =
      "Example:\n"
      "  attn-viz heatmap samples/alice.json -o pictures --query tired --top 6 --theme dark\n"
      "Settings cannot be changed if FILE is a trace.";
  command.keep("FILE", &request->input, "A trace or a document; - reads standard input").required();
  command.keep("-o,--output", &request->output, "Folder for the pictures").value("DIR").required();
  command.text("--format", "LIST", "Kinds of picture: png (default), svg, pdf",
               [request](const std::string& text) { request->formats = parse_formats(text); });
  add_dpi_option(command, request->dpi);
  command.text("--style", "NAME",
               "heatmap (default); lines: tokens in two columns, joined by their weights; or "
               "overlay: weights of patches over their picture",
               [request](const std::string& text) {
                 constexpr std::string_view kKnown[] = {"heatmap", "lines", "overlay"};
                 request->style = static_cast<Style>(expect_name("--style", "style", text, kKnown));
               });
  add_selection_options(command, *request);
  add_heatmap_look_options(command, *request);
  add_story_options(command, request->story);
  add_overlay_options(command, request->overlay);
  add_font_option(command, request->fonts);
  add_setting_options(command, request->overrides);
  command.act = [&command, request, &console] {
    expect_fitting_options(command, *request);
    return draw(*request, console);
  };
}

}  // namespace attn_viz::cli
