// influence: how much each output depends on each input.
#include "attn_viz/analysis/influence.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "attn_viz/analysis/influence_text.hpp"
#include "attn_viz/core/files.hpp"
#include "attn_viz/figure/influence.hpp"
#include "attn_viz/figure/places.hpp"
#include "attn_viz/trace/select.hpp"
#include "cli/arguments.hpp"
#include "cli/commands.hpp"
#include "cli/load.hpp"
#include "cli/look_options.hpp"
#include "cli/pictures.hpp"
#include "cli/table_option.hpp"

namespace attn_viz::cli {
namespace {

struct InfluenceRequest {
  std::vector<std::string> files;
  std::optional<std::string> from, to, output;
  std::vector<std::string> queries;
  analysis::TableFormat table = analysis::TableFormat::kText;
  std::vector<figure::Format> formats = {figure::Format::kPng};
  int dpi = 0;
  figure::Look look;
  figure::Fonts fonts;
  Overrides overrides;
};

std::vector<const Step*> outputs_of(const Trace& trace, const InfluenceRequest& request) {
  if (!request.to) return {&analysis::usual_output(trace)};
  return select_steps(trace, {.step = *request.to, .layer = {}, .head = {}});
}

std::vector<const Step*> inputs_of(const Trace& trace, const Step& to,
                                   const InfluenceRequest& request) {
  if (!request.from) return analysis::usual_inputs(trace, to);
  return select_steps(trace, {.step = *request.from, .layer = {}, .head = {}});
}

/// What tables and panels call the files: by their titles, unless those are sentences or alike.
std::map<std::string, std::string> names_of(const std::vector<analysis::Influence>& influences) {
  constexpr std::size_t kShort = 32;  // bytes
  std::map<std::string, std::string> names;
  for (const analysis::Influence& each : influences)
    names[each.name] = each.title.size() <= kShort ? each.title : stem_of(each.name);
  const auto part = [&](const auto& longer) {
    std::map<std::string, int> count;
    for (const auto& [file, name] : names) ++count[name];
    for (auto& [file, name] : names)
      if (count[name] > 1) name = longer(file);
  };
  part(stem_of);
  part([](const std::string& file) { return file; });
  return names;
}

/// The influences of one trace: of each input on each output.
void add_influences(const Trace& trace, const std::string& file, const InfluenceRequest& request,
                    Console& console, std::vector<analysis::Influence>& influences) {
  for (const Step* to : outputs_of(trace, request)) {
    analysis::InfluenceOptions options;
    options.outputs =
        figure::places_of(request.queries, analysis::positions_of(trace, *to).axis.labels, "query");
    options.progress = [&](std::size_t done, std::size_t all) {
      console.progress(fmt::format("{}: {} of {} outputs", shown_name(file), done, all));
    };
    for (const Step* from : inputs_of(trace, *to, request)) {
      influences.push_back(analysis::influence_of(trace, *from, *to, options));
      influences.back().name = file;  // until all are known
    }
  }
}

void draw(const std::vector<analysis::Influence>& influences, const InfluenceRequest& request,
          Console& console) {
  std::vector<figure::NamedDrawing> drawings;
  for (figure::NamedFigure& each :
       figure::influence_figures(influences, !request.queries.empty(), request.look)) {
    drawings.push_back({std::move(each.name), std::move(each.figure)});
  }
  expect_pixels(request.dpi, request.formats);
  make_folder(*request.output);
  const Painted painted =
      paint_figures(drawings, request.formats, *request.output, request.dpi, request.fonts);
  MissingGlyphs missing;
  missing.add(painted.missing_glyphs, shown_name(request.files[0]));
  missing.warn(console);
  // JSON stands alone.
  if (request.table != analysis::TableFormat::kJson) print_captions(drawings, painted, console);
}

/// Places can be compared between mechanisms that read the same numbers.
void warn_of_other_inputs(const std::vector<Tensor>& inputs, const InfluenceRequest& request,
                          Console& console) {
  for (std::size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i].shape() == inputs[0].shape() &&
        inputs[i].same_bits(inputs[0].with_axes(inputs[i].axes())))
      continue;
    console.warn(fmt::format("{} and {} have different inputs; the scale is the same all the same",
                             shown_name(request.files[0]), shown_name(request.files[i])));
  }
}

int influence(const InfluenceRequest& request, Console& console) {
  std::vector<analysis::Influence> influences;
  std::vector<Tensor> inputs;  // the first of each file
  for (const std::string& file : request.files) {
    const std::string name = shown_name(file);
    console.progress(fmt::format("{}: computing", name));
    const Trace trace = load_trace(file, request.overrides);
    try {
      const std::size_t before = influences.size();
      add_influences(trace, file, request, console, influences);
      inputs.push_back(trace.find(influences.at(before).from)->values);
    } catch (Error& error) {
      if (error.code() != ErrorCode::kUsage) error.in_file(name);
      throw;
    }
  }
  console.end_progress();
  const std::map<std::string, std::string> names = names_of(influences);
  for (analysis::Influence& each : influences) each.name = names.at(each.name);
  warn_of_other_inputs(inputs, request, console);
  console.print(analysis::influence_table(influences, request.table));
  if (request.output) draw(influences, request, console);
  return 0;
}

}  // namespace

void add_influence(Program& program, Console& console) {
  const auto request = std::make_shared<InfluenceRequest>();
  Command& command = program.add("influence", "How much each output depends on each input");
  command.footer =
      "Example:\n"
      "  attn-viz influence samples/three-tokens.json samples/recurrence.json -o out\n"
      "prints J[i, j], the size of the derivative of output i by input j, and draws it in\n"
      "out/influence.png: of several mechanisms side by side, with one scale.";
  command.keep("FILE", &request->files, "Traces or documents; - reads standard input").required();
  command.keep("-o,--output", &request->output, "Folder for the pictures").value("DIR");
  command.text("--from", "STEP",
               "The input: name, id or pattern of a step; default: embeddings, contexts, maps",
               [request](const std::string& text) { request->from = text; });
  command.text("--to", "STEP",
               "The output, likewise ('layer*/output' for each depth); default: the result",
               [request](const std::string& text) { request->to = text; });
  command
      .keep("--query", &request->queries,
            "Only these outputs: indices, ranges, labels (3, 2-5, cat, 10,20 of an image); "
            "may be given more than once")
      .value("LIST");
  add_table_option(command, request->table);
  command.text("--format", "LIST", "Kinds of picture: png (default), svg, pdf",
               [request](const std::string& text) { request->formats = parse_formats(text); });
  add_dpi_option(command, request->dpi);
  add_look_options(command, request->look);
  constexpr ScaleName kScales[] = {{"auto", figure::ScaleChoice::kAuto},
                                   {"each", figure::ScaleChoice::kEach},
                                   {"log", figure::ScaleChoice::kLog}};
  add_color_scale_option(command,
                         "auto (default): from 0 to the largest; each: of each map; log: "
                         "logarithmic, with a floor",
                         {std::begin(kScales), std::end(kScales)},
                         [request](figure::ScaleChoice scale) { request->look.scale = scale; });
  request->look.scale = figure::ScaleChoice::kAuto;
  add_font_option(command, request->fonts);
  add_setting_options(command, request->overrides);
  command.act = [request, &console] { return influence(*request, console); };
}

}  // namespace attn_viz::cli
