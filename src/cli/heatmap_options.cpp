// Which steps of a file are drawn, and how they look.
#include <sstream>

#include "cli/arguments.hpp"
#include "cli/heatmap.hpp"
#include "cli/look_options.hpp"

namespace attn_viz::cli {
namespace {

constexpr const char* kWhat = "What is drawn";

}  // namespace

void add_selection_options(Command& command, HeatmapRequest& request) {
  figure::Selection& selection = request.selection;
  const auto text = [&](const char* name, const char* value, const char* help, TakeText take) {
    command.text(name, value, help, std::move(take)).group(kWhat);
  };
  text("--step", "NAME",
       "Name of a step (weights by default), a whole id, or a pattern: 'layer0/*'",
       [&](const std::string& name) { selection.steps.step = name; });
  text("--layer", "LIST", "Layers: 0, 0-2 or 0,3",
       [&](const std::string& list) { selection.steps.layer = list; });
  text("--head", "LIST", "Heads, likewise",
       [&](const std::string& list) { selection.steps.head = list; });
  const auto places = [&](const char* name, std::vector<std::string>& texts, const char* help) {
    command.keep(name, &texts, help).value("LIST").group(kWhat);
  };
  places("--query", selection.queries,
         "Queries: indices, ranges, labels (3, 2-5, 1,4,7, cat); may be given more than once; of "
         "overlays also all and mean");
  places("--key", selection.keys, "Keys, likewise");
  text("--top", "K", "The K strongest keys of what is drawn", [&](const std::string& number) {
    selection.top = static_cast<std::size_t>(expect_number("--top", number, 1, 1'000'000'000));
  });
  text("--average", "LIST", "heads: the mean of each layer's heads; of overlays also queries, keys",
       [&](const std::string& list) {
         constexpr std::string_view kKnown[] = {"heads", "queries", "keys"};
         bool* const kMeans[] = {&selection.average_heads, &request.overlay.average_queries,
                                 &request.overlay.average_keys};
         std::istringstream names(list);
         for (std::string name; std::getline(names, name, ',');) {
           *kMeans[expect_name("--average", "average", name, kKnown)] = true;
         }
       });
  text("--overview", "WHEN", "auto (default): where there are several maps; off, or only",
       [&](const std::string& when) {
         constexpr std::string_view kKnown[] = {"auto", "off", "only"};
         constexpr figure::Overviews kWhen[] = {figure::Overviews::kAuto, figure::Overviews::kOff,
                                                figure::Overviews::kOnly};
         selection.overviews = kWhen[expect_name("--overview", "choice", when, kKnown)];
       });
}

void add_heatmap_look_options(Command& command, HeatmapRequest& request) {
  add_look_options(command, request.look);
  constexpr ScaleName kScales[] = {{"unit", figure::ScaleChoice::kUnit},
                                   {"auto", figure::ScaleChoice::kAuto},
                                   {"each", figure::ScaleChoice::kEach},
                                   {"log", figure::ScaleChoice::kLog}};
  add_color_scale_option(
      command,
      "unit (default): weights from 0 to 1; auto: the range of all that is drawn; each: of each "
      "map; log: logarithmic, with a floor",
      {std::begin(kScales), std::end(kScales)}, [&request](figure::ScaleChoice scale) {
        request.scale_given = true;
        request.look.scale = scale;
      });
}

std::optional<std::string> one_query(const figure::Selection& selection, const char* picture) {
  if (selection.queries.empty()) return std::nullopt;
  if (selection.queries.size() == 1) return selection.queries[0];
  throw Error(ErrorCode::kUsage, std::string("expected one query for ") + picture).at("--query");
}

namespace {

/// For which kinds of picture an option is; those that are not listed are for all.
struct Fitting {
  std::string_view option;
  bool heatmap = false, lines = false, overlay = false, story = false;
};
constexpr Fitting kFitting[] = {
    {.option = "--step", .heatmap = true, .lines = true, .overlay = true},
    {.option = "--key", .heatmap = true, .overlay = true},
    {.option = "--top", .heatmap = true},
    {.option = "--average", .heatmap = true, .overlay = true},
    {.option = "--overview", .heatmap = true},
    {.option = "--size", .heatmap = true},
    {.option = "--colormap", .heatmap = true, .overlay = true, .story = true},
    {.option = "--color-scale", .heatmap = true, .lines = true, .overlay = true},
    {.option = "--values", .heatmap = true},
    {.option = "--digits", .heatmap = true},
    {.option = "--reduce", .heatmap = true},
    {.option = "--transpose", .heatmap = true},
    {.option = "--no-labels", .heatmap = true},
    {.option = "--image", .overlay = true},
    {.option = "--overlay-by", .overlay = true},
    {.option = "--opacity", .overlay = true},
    {.option = "--picture", .overlay = true},
    {.option = "--block", .story = true},
    {.option = "--animation", .story = true},
    {.option = "--delay", .story = true},
};

/// Where an option belongs, as a hint.
std::string_view home_of(const Fitting& fitting) {
  if (fitting.heatmap) return "it is for --style heatmap";
  return fitting.overlay ? "add --style overlay" : "add --story or --frames";
}

}  // namespace

void expect_fitting_options(const Command& command, const HeatmapRequest& request) {
  const bool story = request.story.wanted();
  if (story && request.style != Style::kHeatmap) {
    throw Error(ErrorCode::kUsage, "expected a style or a story, not both").at("--style");
  }
  constexpr std::string_view kNames[] = {"heatmaps", "lines", "overlays"};
  const std::string_view kind = story ? "stories" : kNames[static_cast<std::size_t>(request.style)];
  for (const Fitting& each : kFitting) {
    const bool by_style[] = {each.heatmap, each.lines, each.overlay};
    const bool fits = story ? each.story : by_style[static_cast<std::size_t>(request.style)];
    if (fits || !command.given(std::string(each.option))) continue;
    throw Error(ErrorCode::kUsage, "not for " + std::string(kind))
        .at(std::string(each.option))
        .hint(std::string(home_of(each)));
  }
  const bool means = request.overlay.average_queries || request.overlay.average_keys;
  if (means && request.style != Style::kOverlay) {
    throw Error(ErrorCode::kUsage, "means of queries and keys are for overlays")
        .at("--average")
        .hint("add --style overlay");
  }
}

}  // namespace attn_viz::cli
